/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A line of a packet script while it is being read.  Every line_*() that takes
 * something skips the blanks after it.  What is wrong first is kept in @error, and
 * from then on nothing is taken any more, so that a parser may check once.
 */

#include "script.h"

typedef struct Line {
        const char *file;
        guint number;
        const char *start;
        const char *at;
        GError *error;
} Line;

/* @text: one line, without its comment. */
Line line_new(const char *file, guint number, const char *text);

gboolean line_at_end(const Line *l);

/* Notes what is wrong at the place reached. Returns: FALSE. */
gboolean line_bad(Line *l, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Takes @what if it comes next; a word only as a whole. Returns: whether it did. */
gboolean line_take(Line *l, const char *what);

/* The same where it must come. */
gboolean line_want(Line *l, const char *what);

/* Takes letters, digits and any of @others. Returns: whether there were any, and not more than fit into @word. */
gboolean line_word(Line *l, const char *others, char *word, gsize n);

/* Takes a decimal or 0x number. */
gboolean line_integer(Line *l, gint64 min, gint64 max, gint64 *value);

/* The same into an unsigned 32-bit number. */
guint32 line_u32(Line *l, guint32 max);

/* Takes seconds with up to nine decimals, without a sign. */
gboolean line_seconds(Line *l, gint64 *ns);

/* Takes the letter of a flow, if a single capital letter comes next. Returns: the flow; 0 if none is named. */
guint line_flow(Line *l, const Script *s);

/* Takes a word of a table. @name: of index i, for i < n. Returns: the index, or -1 without taking anything. */
int line_choice(Line *l, const char *(*name)(guint i), guint n);

/* The lines that script.c leaves to others; both return FALSE with @l->error set. */
gboolean script_packet_parse(Script *s, Line *l, ScriptPacket *p);
gboolean script_expectation_parse(Script *s, Line *l, ScriptExpectation *e);

/* Words of a FlowRecord that a script can ask for, and numbers of it and of a SideRecord (script_check.c). */
const char *script_word_name(guint i);
const char *script_word_get(const FlowRecord *r, const char *name);
gboolean script_value_get(const FlowRecord *r, guint side, const char *name, gint64 *value);
