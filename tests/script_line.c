/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "script_line.h"

Line line_new(const char *file, guint number, const char *text) {
        Line l = { .file = file, .number = number, .start = text, .at = text };

        l.at += strspn(l.at, " \t");
        return l;
}

static void line_skip(Line *l, gsize n) {
        l->at += n;
        l->at += strspn(l->at, " \t");
}

gboolean line_at_end(const Line *l) {
        return *l->at == '\0';
}

gboolean line_bad(Line *l, const char *format, ...) {
        g_autofree char *what = NULL;
        va_list args;

        if (l->error)
                return FALSE;
        va_start(args, format);
        what = g_strdup_vprintf(format, args);
        va_end(args);
        l->error = g_error_new(SCRIPT_ERROR, SCRIPT_ERROR_BAD, "%s:%u:%u: %s", l->file, l->number,
                               (guint)(l->at - l->start) + 1, what);
        return FALSE;
}

static gboolean is_word(char c) {
        return g_ascii_isalnum(c) || c == '_';
}

gboolean line_take(Line *l, const char *what) {
        gsize n = strlen(what);

        if (l->error || strncmp(l->at, what, n) != 0)
                return FALSE;
        if (is_word(what[n - 1]) && (is_word(l->at[n]) || l->at[n] == '-'))
                return FALSE;
        line_skip(l, n);
        return TRUE;
}

gboolean line_want(Line *l, const char *what) {
        return line_take(l, what) || line_bad(l, "expected '%s'", what);
}

gboolean line_word(Line *l, const char *others, char *word, gsize n) {
        gsize used = 0;

        if (l->error)
                return FALSE;
        while (l->at[used] && (is_word(l->at[used]) || strchr(others, l->at[used])))
                used++;
        if (used == 0)
                return line_bad(l, "expected a word");
        if (used >= n)
                return line_bad(l, "a word of more than %zu characters", n - 1);
        memcpy(word, l->at, used);
        word[used] = '\0';
        line_skip(l, used);
        return TRUE;
}

gboolean line_integer(Line *l, gint64 min, gint64 max, gint64 *value) {
        int base = g_str_has_prefix(l->at, "0x") ? 16 : 10;
        char *end;
        gint64 v;

        *value = 0;
        if (l->error)
                return FALSE;
        if (!g_ascii_isdigit(l->at[*l->at == '-']))
                return line_bad(l, "expected a number");
        v = g_ascii_strtoll(l->at, &end, base);
        if (v < min || v > max)
                return line_bad(l, "not from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);
        *value = v;
        line_skip(l, (gsize)(end - l->at));
        return TRUE;
}

guint32 line_u32(Line *l, guint32 max) {
        gint64 v;

        line_integer(l, 0, max, &v);
        return (guint32)v;
}

gboolean line_seconds(Line *l, gint64 *ns) {
        const char *p = l->at;
        gint64 unit = SCRIPT_NS_PER_SECOND;
        gint64 v = 0;

        *ns = 0;
        if (l->error)
                return FALSE;
        if (!g_ascii_isdigit(*p) && !(*p == '.' && g_ascii_isdigit(p[1])))
                return line_bad(l, "expected a time in seconds");
        for (; g_ascii_isdigit(*p); p++) {
                if (v >= G_GINT64_CONSTANT(100000000) * SCRIPT_NS_PER_SECOND)
                        return line_bad(l, "too long");
                v = v * 10 + (*p - '0') * SCRIPT_NS_PER_SECOND;
        }
        if (*p == '.')
                for (p++; g_ascii_isdigit(*p); p++) {
                        if (unit == 1)
                                return line_bad(l, "finer than a nanosecond");
                        unit /= 10;
                        v += (*p - '0') * unit;
                }
        *ns = v;
        line_skip(l, (gsize)(p - l->at));
        return TRUE;
}

guint line_flow(Line *l, const Script *s) {
        if (!g_ascii_isupper(l->at[0]) || is_word(l->at[1]))
                return 0;
        for (guint i = 0; i < s->n_flows; i++)
                if (s->flows[i].letter == l->at[0]) {
                        line_skip(l, 1);
                        return i;
                }
        line_bad(l, "no flow has the letter %c", l->at[0]);
        return 0;
}

int line_choice(Line *l, const char *(*name)(guint i), guint n) {
        for (guint i = 0; i < n; i++)
                if (line_take(l, name(i)))
                        return (int)i;
        return -1;
}
