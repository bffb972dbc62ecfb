/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The constructors of all outputs. */

#include "html.h"
#include "report.h"
#include "terminal.h"
#include "when.h"

/* @path: as output_open() takes it */
Report *json_report_new(const char *path, GError **error);
Report *ndjson_report_new(const char *path, GError **error);

/* Outputs for people. @t: (transfer full) */
Report *text_report_new(Terminal *t);
Report *flows_report_new(Terminal *t);
/* @number: of the one flow to show */
Report *ladder_report_new(Terminal *t, guint64 number);

typedef struct AtOptions {
        When when;
        gboolean has_host; /* only this one's */
        Address host;
        gboolean sockets;  /* listed, not counted */
} AtOptions;

Report *whatif_report_new(Terminal *t);

Report *at_report_new(Terminal *t, const AtOptions *options);
