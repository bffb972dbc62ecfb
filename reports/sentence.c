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
        g_assert(parts->len <= SENTENCE_PARTS_MAX);
        return (SentencePart *)(gpointer)g_array_free(parts, FALSE);
}

const SentencePart *sentence_parts(FindingId id) {
        static SentencePart *known[FINDINGS];

        if (g_once_init_enter(&known[id]))
                g_once_init_leave(&known[id], take_apart(finding_kind(id)->sentence));
        return known[id];
}

/* ── Values ──────────────────────────────────────────────────────────────── */

static ValueUnit unit_of(const char *name) {
        static const struct {
                const char *suffix;
                ValueUnit unit;
        } units[] = { { "_ns", UNIT_NS }, { "_bytes", UNIT_BYTES }, { "_packets", UNIT_PACKETS }, { "_frame", UNIT_FRAME } };

        for (guint i = 0; i < G_N_ELEMENTS(units); i++)
                if (g_str_has_suffix(name, units[i].suffix))
                        return units[i].unit;
        return UNIT_NONE;
}

static const char *suffix_of(ValueUnit unit) {
        static const char *const suffixes[] = { "", "_ns", "_bytes", "_packets" };

        return suffixes[unit];
}

/* Returns: which value {name} means: "name" itself, or with its unit; the first of the units above. */
static guint8 value_of(const Finding *finding, const SentencePart *name) {
        for (guint unit = UNIT_NONE; unit <= UNIT_PACKETS; unit++) {
                for (guint i = 0; i < finding->n_values; i++) {
                        const char *of_value = finding->values[i].name;

                        if (strncmp(of_value, name->text, name->n) == 0 && strcmp(of_value + name->n, suffix_of(unit)) == 0)
                                return (guint8)i;
                }
        }
        return SENTENCE_NO_VALUE;
}

static G_GNUC_NO_INLINE void learn_names(SentenceNames *names, const Finding *finding) {
        const SentencePart *parts = sentence_parts(finding->id);

        names->are_known = TRUE;
        names->n = finding->n_values;
        for (guint i = 0; i < finding->n_values; i++) {
                const char *name = finding->values[i].name;

                names->name[i] = name;
                names->chars[i] = (guint8)strlen(name);
                names->unit[i] = unit_of(name);
        }
        for (guint i = 0; parts[i].kind != PART_END; i++)
                names->value[i] = parts[i].kind == PART_TEXT ? SENTENCE_NO_VALUE : value_of(finding, &parts[i]);
}

const SentenceNames *sentence_names(const Finding *finding) {
        static _Thread_local SentenceNames known[FINDINGS];
        SentenceNames *names = &known[finding->id];
        guint same = 0;

        while (same < finding->n_values && names->name[same] == finding->values[same].name)
                same++;
        if (G_UNLIKELY(!names->are_known || same < finding->n_values || names->n != same))
                learn_names(names, finding);
        return names;
}
