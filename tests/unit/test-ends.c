/* SPDX-License-Identifier: BSD-3-Clause */

/* Which end of a connection sent a packet, whatever its addresses are and whatever carried them. */

#include <arpa/inet.h>

#include "analyzer/ends.h"

static Address address(const char *text) {
        Address a;
        guint8 ipv4[4];

        if (inet_pton(AF_INET, text, ipv4) == 1)
                address_set_ipv4(&a, ipv4);
        else
                g_assert_cmpint(inet_pton(AF_INET6, text, a.bytes), ==, 1);
        return a;
}

static Segment segment(const char *source, guint16 source_port, const char *destination, guint16 destination_port, gboolean ipv6) {
        return (Segment){ .source = address(source), .source_port = source_port, .destination = address(destination),
                          .destination_port = destination_port, .facts = ipv6 ? SEGMENT_IPV6 : 0 };
}

/* Of the connection whose first packet is @s; @wide: room for its addresses */
static Ends ends(const Segment *s, Address wide[SIDES]) {
        Ends e = { .port = { s->source_port, s->destination_port }, .is_wide = (guint16)segment_is_wide(s) };

        if (e.is_wide) {
                wide[CLIENT] = s->source;
                wide[SERVER] = s->destination;
                e.wide = wide;
        } else {
                e.ipv4[CLIENT] = address_ipv4(&s->source);
                e.ipv4[SERVER] = address_ipv4(&s->destination);
        }
        return e;
}

static void check(const Segment *first, const Segment *s, guint sender) {
        Address wide[SIDES], mine[SIDES];
        Ends e = ends(first, wide);

        for (guint side = 0; side < SIDES; side++)
                mine[side] = ends_address(&e, side);
        g_assert_true(address_equal(&mine[CLIENT], &first->source) && address_equal(&mine[SERVER], &first->destination));
        g_assert_cmpuint(ends_sender(&e, s), ==, sender);
}

static void test_sender(void) {
        const char *const pairs[][2] = { { "10.0.0.1", "10.0.0.2" }, { "2001:db8::1", "2001:db8::2" }, { "::ffff:10.0.0.1", "2001:db8::2" } };

        for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
                const char *a = pairs[i][0], *b = pairs[i][1];
                gboolean ipv6 = i > 0;
                Segment first = segment(a, 40000, b, 80, ipv6), back = segment(b, 80, a, 40000, ipv6);
                const Segment others[] = {
                        segment(a, 40001, b, 80, ipv6),   segment(a, 40000, b, 81, ipv6), segment(b, 40000, a, 80, ipv6),
                        segment(a, 80, b, 40000, ipv6),   segment(a, 40000, a, 80, ipv6), segment(b, 40000, b, 80, ipv6),
                        segment("10.0.0.9", 40000, b, 80, ipv6),
                };

                check(&first, &first, CLIENT);
                check(&first, &back, SERVER);
                for (guint j = 0; j < G_N_ELEMENTS(others); j++)
                        check(&first, &others[j], SIDES);
        }
}

/* The same address in an IPv4 and in an IPv6 header is one address. */
static void test_mapped(void) {
        Segment plain = segment("10.0.0.1", 40000, "10.0.0.2", 80, FALSE), mapped = segment("::ffff:10.0.0.1", 40000, "::ffff:10.0.0.2", 80, TRUE);
        Segment back = segment("::ffff:10.0.0.2", 80, "::ffff:10.0.0.1", 40000, TRUE), wide = segment("2001:db8::a00:1", 40000, "10.0.0.2", 80, TRUE);

        g_assert_false(segment_is_wide(&mapped));
        g_assert_true(segment_is_wide(&wide));
        check(&plain, &mapped, CLIENT);
        check(&mapped, &plain, CLIENT);
        check(&plain, &back, SERVER);
        check(&plain, &wide, SIDES);
        check(&wide, &plain, SIDES);
}

static void test_alone(void) {
        Segment four = segment("127.0.0.1", 5000, "127.0.0.1", 5000, FALSE), six = segment("::1", 5000, "::1", 5000, TRUE);

        check(&four, &four, CLIENT);
        check(&six, &six, CLIENT);
}

static void test_same(void) {
        Segment s = segment("10.0.0.1", 40000, "10.0.0.2", 80, FALSE), back = segment("10.0.0.2", 80, "10.0.0.1", 40000, FALSE);
        Address wide[SIDES];
        Ends a = ends(&s, wide), b = ends(&back, wide);

        g_assert_true(ends_same(&a, CLIENT, &b, SERVER));
        g_assert_false(ends_same(&a, CLIENT, &b, CLIENT));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ends/sender", test_sender);
        g_test_add_func("/ends/mapped", test_mapped);
        g_test_add_func("/ends/alone", test_alone);
        g_test_add_func("/ends/same", test_same);
        return g_test_run();
}
