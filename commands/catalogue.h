/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Commands without a capture: they list what the program knows, or tell of those that are named. */

#include "options.h"
#include "reports/json_writer.h"

typedef struct Catalogue {
        const char *what;    /* "model": one entry */
        const char *members; /* "models": what the JSON calls them */
        guint n;
        guint (*find)(const char *word); /* Returns: @n if there is none of that name */
        void (*list)(Terminal *t);
        void (*tell)(Terminal *t, guint i);
        void (*put)(JsonWriter *w, guint i); /* its members, of an object that is open */
} Catalogue;

ExitCode catalogue_run(const Catalogue *k, const Command *c, int argc, char **argv);
