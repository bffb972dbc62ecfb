/* SPDX-License-Identifier: BSD-3-Clause */

#include "sentence.h"

#include <string.h>

static SentenceEnd name_end(const char *name, gsize n) {
        static const char *const names[] = {
                [END_CLIENT] = "client",
                [END_SERVER] = "server",
                [END_SIDE] = "side",
                [END_PEER] = "peer",
        };

        for (guint i = END_CLIENT; i < G_N_ELEMENTS(names); i++)
                if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0)
                        return i;
        return END_NONE;
}

static void add_part(GArray *parts, SentencePartKind kind, const char *text, gsize n) {
        SentencePart part = { .text = text, .n = (guint16)n, .kind = (guint8)kind };

        if (kind == PART_VALUE)
                part.end = (guint8)name_end(text, n);
        g_array_append_val(parts, part);
}

/* The parts behind the last option, up to the bracket that closes it. */
static void end_option(GArray *parts) {
        guint i = parts->len;

        while (g_array_index(parts, SentencePart, i - 1).kind != PART_OPTION)
                i--;
        g_array_index(parts, SentencePart, i - 1).optional = (guint16)(parts->len - i);
}

static SentencePart *take_apart(const char *at) {
        GArray *parts = g_array_new(FALSE, FALSE, sizeof(SentencePart));
        gsize n;

        while (*at) {
                if (*at == '{') {
                        n = strcspn(++at, "}");
                        add_part(parts, PART_VALUE, at, n);
                } else if (*at == '[') {
                        n = strcspn(++at, "|");
                        add_part(parts, PART_OPTION, at, n);
                } else if (*at == ']') {
                        n = 0;
                        end_option(parts);
                } else {
                        n = strcspn(at, "{[]");
                        add_part(parts, PART_TEXT, at, n);
                        at += n;
                        continue;
                }
                at += n + 1; /* and what ends the name */
        }
        add_part(parts, PART_END, at, 0);
        return (SentencePart *)(gpointer)g_array_free(parts, FALSE);
}

const SentencePart *sentence_parts(FindingId id) {
        static SentencePart *known[FINDINGS];

        if (g_once_init_enter(&known[id]))
                g_once_init_leave(&known[id], take_apart(finding_kind(id)->sentence));
        return known[id];
}
