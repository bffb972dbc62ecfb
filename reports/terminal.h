/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Text for a person.  Everything that is printed goes through here: control characters (paths and
 * captures may hold any) are made harmless, and only this file writes escape sequences.
 */

#include "analyzer/findings.h"
#include "output.h"

/* What a piece of text is; how that looks is decided in terminal.c. */
typedef enum Role {
        ROLE_PLAIN,
        ROLE_STRONG,
        ROLE_DIM,
        ROLE_GOOD,
        ROLE_INFO,
        ROLE_NOTICE,
        ROLE_WARNING,
        ROLE_ERROR,
        ROLES
} Role;

/* Returns: how a finding of that severity looks. */
Role role_of_severity(Severity severity);

#define TERMINAL_WIDTH_DEFAULT 110 /* where no terminal tells */

typedef struct Terminal Terminal;

/* @out: (transfer full) */
Terminal *terminal_new(Output *out, gboolean colour, guint width);
void terminal_free(Terminal *t);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Terminal, terminal_free)

/* A newline in @text is kept, and tells the terminal where the line begins. */
void terminal_put(Terminal *t, Role role, const char *text);
void terminal_print(Terminal *t, Role role, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* @text in a field of @columns, to the left, or (if negative) to the right; never cut. */
void terminal_put_field(Terminal *t, Role role, const char *text, gint columns);

/* Spaces up to @column, from 0; none if it is passed. */
void terminal_move_to(Terminal *t, guint column);

/* Words from here on, broken at the width, later lines indented to @indent; ends with a newline. */
void terminal_put_wrapped(Terminal *t, Role role, guint indent, const char *text);

/* Returns: how many columns @text takes. */
guint terminal_columns(const char *text);

/* Returns: FALSE with @error set if what was put could not be written. */
gboolean terminal_close(Terminal *t, GError **error);
