/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A moment of a capture as a person writes it: "+12.5", "10:04:10.25", "2026-11-22 10:04:10 UTC",
 * "2026-11-22T10:04:10Z". */

#include <glib.h>

typedef enum WhenKind {
        WHEN_AFTER_START, /* since the capture's first frame */
        WHEN_CLOCK,       /* since midnight: the first such moment that the capture has */
        WHEN_DATE,        /* since the epoch */
} WhenKind;

typedef struct When {
        WhenKind kind;
        gint64 ns;
        gboolean local; /* WHEN_CLOCK: in the local zone, else in UTC */
} When;

/**
 * when_parse:
 * @local: a time without a zone is one of the local zone, else UTC
 *
 * Returns: FALSE if @word is no time.
 */
gboolean when_parse(When *w, const char *word, gboolean local);

/* Returns: the moment, in a capture whose first frame is of @first_ns. */
gint64 when_resolve(const When *w, gint64 first_ns);
