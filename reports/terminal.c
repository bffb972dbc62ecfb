/* SPDX-License-Identifier: BSD-3-Clause */

#include "terminal.h"

#include <stdarg.h>
#include <string.h>

#define WIDTH_LEAST 40

struct Terminal {
        Output *out;
        gboolean colour;
        guint width;
        guint column;
        GString *scratch;
};

/* ECMA-48 SGR parameters; only what both light and dark backgrounds show. */
static const char *const looks[] = {
        [ROLE_PLAIN] = "",
        [ROLE_STRONG] = "1",
        [ROLE_DIM] = "2",
        [ROLE_GOOD] = "32",
        [ROLE_INFO] = "34",
        [ROLE_NOTICE] = "36",
        [ROLE_WARNING] = "1;33",
        [ROLE_ERROR] = "1;31",
};
G_STATIC_ASSERT(G_N_ELEMENTS(looks) == ROLES);

Role role_of_severity(Severity severity) {
        static const Role roles[] = {
                [SEVERITY_INFO] = ROLE_INFO,
                [SEVERITY_NOTICE] = ROLE_NOTICE,
                [SEVERITY_WARNING] = ROLE_WARNING,
                [SEVERITY_ERROR] = ROLE_ERROR,
        };
        G_STATIC_ASSERT(G_N_ELEMENTS(roles) == SEVERITIES);

        return roles[severity];
}

Terminal *terminal_new(Output *out, gboolean colour, guint width) {
        Terminal *t = g_new0(Terminal, 1);

        t->out = out;
        t->colour = colour;
        t->width = MAX(width, WIDTH_LEAST);
        t->scratch = g_string_new(NULL);
        return t;
}

void terminal_free(Terminal *t) {
        if (!t)
                return;
        output_free(t->out);
        g_string_free(t->scratch, TRUE);
        g_free(t);
}

static void write_text(Terminal *t, const char *text) {
        output_write(t->out, text, strlen(text));
}

/* C0, DEL, C1 and what is not UTF-8 become \xNN: an escape sequence in a path must not reach the terminal. */
static void put_safe(Terminal *t, const char *text) {
        while (*text) {
                gunichar c = g_utf8_get_char_validated(text, -1);
                gboolean valid = c < 0x110000;
                gsize n = valid ? (gsize)(g_utf8_next_char(text) - text) : 1;

                if (valid && (c == '\n' || !g_unichar_iscntrl(c))) {
                        output_write(t->out, text, n);
                        t->column = c == '\n' ? 0 : t->column + 1;
                } else {
                        for (gsize i = 0; i < n; i++) {
                                char hex[8];

                                g_snprintf(hex, sizeof hex, "\\x%02x", (guint8)text[i]);
                                write_text(t, hex);
                                t->column += 4;
                        }
                }
                text += n;
        }
}

void terminal_put(Terminal *t, Role role, const char *text) {
        gboolean coloured = t->colour && *looks[role] && *text;
        gboolean line = g_str_has_suffix(text, "\n");

        if (!coloured) {
                put_safe(t, text);
                return;
        }
        g_autofree char *body = g_strndup(text, strlen(text) - (gsize)line);

        write_text(t, "\033[");
        write_text(t, looks[role]);
        write_text(t, "m");
        put_safe(t, body);
        write_text(t, "\033[0m"); /* before the end of the line, so that no line begins in a colour */
        put_safe(t, line ? "\n" : "");
}

void terminal_print(Terminal *t, Role role, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        g_string_vprintf(t->scratch, format, arguments);
        va_end(arguments);
        terminal_put(t, role, t->scratch->str);
}

void terminal_move_to(Terminal *t, guint column) {
        for (; t->column < column; t->column++)
                write_text(t, " ");
}

void terminal_put_field(Terminal *t, Role role, const char *text, gint columns) {
        guint start = t->column, width = (guint)ABS(columns), used = terminal_columns(text);

        if (columns < 0 && used < width)
                terminal_move_to(t, start + width - used);
        terminal_put(t, role, text);
        terminal_move_to(t, start + width);
}

void terminal_put_wrapped(Terminal *t, Role role, guint indent, const char *text) {
        while (*text) {
                const char *end = strchrnul(text, ' ');
                g_autofree char *word = g_strndup(text, (gsize)(end - text));

                if (t->column > indent && t->column + 1 + terminal_columns(word) > t->width)
                        terminal_put(t, ROLE_PLAIN, "\n");
                else if (t->column > indent)
                        terminal_put(t, ROLE_PLAIN, " ");
                terminal_move_to(t, indent);
                terminal_put(t, role, word);
                text = *end ? end + 1 : end;
        }
        terminal_put(t, ROLE_PLAIN, "\n");
}

guint terminal_columns(const char *text) {
        return (guint)(g_utf8_validate(text, -1, NULL) ? (gsize)g_utf8_strlen(text, -1) : strlen(text));
}

gboolean terminal_close(Terminal *t, GError **error) {
        return output_close(t->out, error);
}
