/* SPDX-License-Identifier: BSD-3-Clause */

#include <arpa/inet.h>

#include "dissect-case.h"
#include "tests/plain-check.h"

GByteArray *dissect_case_bytes(const char *hex) {
        GByteArray *bytes = g_byte_array_new();

        for (const char *c = hex; *c; c++) {
                if (g_ascii_isspace(*c))
                        continue;
                g_assert_true(g_ascii_isxdigit(c[0]) && g_ascii_isxdigit(c[1]));
                guint8 byte = (guint8)(g_ascii_xdigit_value(c[0]) << 4 | g_ascii_xdigit_value(c[1]));
                g_byte_array_append(bytes, &byte, 1);
                c++;
        }
        return bytes;
}

/* In memory of exactly @captured bytes, so that a sanitizer sees the first one too many. */
static DissectResult dissect(Dissector *d, guint16 link_type, const GByteArray *bytes, guint captured, Segment *s) {
        g_autofree guint8 *copy = g_memdup2(bytes->data, captured);
        Frame frame = {
                .data = copy,
                .captured_bytes = captured,
                .wire_bytes = bytes->len,
                .link_type = link_type,
                .ref = 1,
        };

        plain_check(&frame);
        return dissector_frame(d, &frame, s);
}

static void address_append(GString *text, const Address *a, guint16 port, gboolean ipv6) {
        char buffer[INET6_ADDRSTRLEN];

        inet_ntop(ipv6 ? AF_INET6 : AF_INET, ipv6 ? a->bytes : a->bytes + 12, buffer, sizeof(buffer));
        g_string_append_printf(text, "%s:%u", buffer, port);
}

static void path_append(GString *text, const Dissector *d, const char *word, guint32 path) {
        g_autofree char *described = path_describe(dissector_paths(d), path);

        if (*described)
                g_string_append_printf(text, " %s %s", word, described);
}

static char *segment_describe(const Dissector *d, const Segment *s) {
        static const struct {
                guint16 fact;
                const char *word;
        } facts[] = {
                { SEGMENT_OPTIONS_CUT, " cut" },
                { SEGMENT_LENGTH_GUESSED, " guessed" },
                { SEGMENT_FRAGMENT, " fragment" },
                { SEGMENT_NOT_INITIAL_COPY, " outgoing" },
        };
        g_autoptr(GString) text = g_string_new(NULL);
        gboolean ipv6 = (s->facts & SEGMENT_IPV6) != 0;

        address_append(text, &s->source, s->source_port, ipv6);
        g_string_append(text, " > ");
        address_append(text, &s->destination, s->destination_port, ipv6);
        g_string_append_printf(text, " flags %02x len %u", s->flags, s->payload_bytes);
        for (guint i = 0; i < G_N_ELEMENTS(facts); i++)
                if (s->facts & facts[i].fact)
                        g_string_append(text, facts[i].word);
        if (s->kind == SEGMENT_ICMP_QUOTE)
                g_string_append_printf(text, " icmp %u/%u", s->icmp_type, s->icmp_code);
        path_append(text, d, "path", s->path);
        if (s->path_detail != s->path)
                path_append(text, d, "detail", s->path_detail);
        return g_strdup(text->str);
}

/* What the snaplen took away is never malformed, and what remains is told as it was. */
static void shorter_captures_run(const DissectCase *row, const GByteArray *bytes, DissectResult whole) {
        for (guint captured = 0; captured < bytes->len; captured++) {
                g_autoptr(Dissector) d = dissector_new();
                Segment s;
                DissectResult result = dissect(d, row->link_type, bytes, captured, &s);

                if (result == whole || result == DISSECT_SNAPPED || result == DISSECT_OTHER_IP || result == DISSECT_NOT_IP)
                        continue;
                g_test_message("%s, %u of %u bytes: %s", row->name, captured, bytes->len, dissect_result_name(result));
                g_test_fail();
        }
}

static void dissect_case_run(const DissectCase *row) {
        g_autoptr(GByteArray) bytes = dissect_case_bytes(row->hex);
        g_autoptr(Dissector) d = dissector_new();
        g_autofree char *actual = NULL;
        Segment s;
        DissectResult result = dissect(d, row->link_type, bytes, bytes->len, &s);

        g_assert_cmpuint(dissector_count(d, result), ==, 1);
        if (result == DISSECT_TCP || result == DISSECT_ICMP_QUOTE)
                actual = segment_describe(d, &s);
        else
                actual = g_strdup(dissect_result_name(result));
        if (g_strcmp0(actual, row->expected) != 0) {
                g_test_message("%s\n  expected %s\n  actual   %s", row->name, row->expected, actual);
                g_test_fail();
        }
        shorter_captures_run(row, bytes, result);
}

void dissect_cases_run(const DissectCase *cases, guint n) {
        for (guint i = 0; i < n; i++)
                dissect_case_run(&cases[i]);
}

Segment dissect_case_segment(const char *hex) {
        g_autoptr(GByteArray) bytes = dissect_case_bytes(hex);
        g_autoptr(Dissector) d = dissector_new();
        Segment s;

        g_assert_cmpint(dissect(d, 1, bytes, bytes->len, &s), ==, DISSECT_TCP);
        return s;
}
