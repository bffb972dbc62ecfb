/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What Zeek would say, one line of packets each.  A packet is a direction (> from
 * side 0, < from side 1), flags (SAFRP, - for none), sequence and acknowledgment
 * number relative to the sender's and receiver's ISN, and what else matters: +N
 * payload bytes, @N seconds since the start, w0 a zero window, tN in a tunnel, long with a
 * long word in front, cut by the snaplen.
 * Rows of conn.log are joined by " | ".
 */

#include <string.h>

#include "analyzer/zeek.h"

#define PORTS_ANY 40000, 5001 /* no port that Zeek knows */

typedef struct Case {
        const char *name;
        const char *packets;
        const char *rows;
        guint16 port[2];
} Case;

#define OPEN "> S 0 0, < SA 0 1, > A 1 1, "

static const Case cases[] = {
        /* conn_state */
        { "s0", "> S 0 0, > S 0 0 @1", "S0 S", { PORTS_ANY } },
        { "s1", OPEN "> A 1 1 +5, < A 1 6, < A 1 6 +9", "S1 ShADad", { PORTS_ANY } },
        { "sf", OPEN "> FA 1 1, < FA 1 2, > A 2 2", "SF ShAFf", { PORTS_ANY } },
        { "rejected", "> S 0 0, < RA 0 1", "REJ Sr", { PORTS_ANY } },
        { "rejected_then_reset", "> S 0 0, < RA 0 1, > R 1 0", "REJ SrR", { PORTS_ANY } },
        { "s2", OPEN "> FA 1 1, < A 1 2", "S2 ShAFa", { PORTS_ANY } },
        { "s3", OPEN "< FA 1 1, > A 1 2", "S3 ShAf", { PORTS_ANY } },
        { "rsto", OPEN "> RA 1 1", "RSTO ShAR", { PORTS_ANY } },
        { "rstr", OPEN "< RA 1 1", "RSTR ShAr", { PORTS_ANY } },
        { "rstos0", "> S 0 0, > R 1 0", "RSTOS0 SR", { PORTS_ANY } },
        { "rstrh", "> A 1 1 +5, < R 1 0", "RSTRH Dr", { PORTS_ANY } },
        { "sh", "> S 0 0, > FA 1 1", "SH SF", { PORTS_ANY } },
        { "shr", "< SA 0 1, < A 1 1 +5, < FA 6 1", "SHR ^hdf", { 40000, 80 } },
        { "oth", "> A 1 1 +5, < A 1 6 +5", "OTH Dd", { PORTS_ANY } },
        { "lone_reset", "> R 1 0", "OTH R", { PORTS_ANY } },
        { "fin_then_reset_then_fin", OPEN "> FA 1 1, > R 2 0, < FA 1 2", "SF ShAFRf", { PORTS_ANY } },
        { "reset_after_both_fins", OPEN "> FA 1 1, < FA 1 2, > R 2 0", "SF ShAFfR", { PORTS_ANY } },
        /* Who is the originator */
        { "syn_ack_first", "< SA 0 1, > A 1 1", "S1 ^hA", { 40000, 80 } },
        { "syn_ack_first_unknown_port", "< SA 0 1", "OTH H", { PORTS_ANY } },
        { "syn_ack_before_syn", "< SA 0 1, > S 0 0, > A 1 1", "S1 Hs^A", { PORTS_ANY } },
        { "midstream_from_server", "< A 1 1 +5, > A 1 6", "OTH ^dA", { 40000, 443 } },
        { "midstream_between_servers", "< A 1 1 +5", "OTH ^d", { 8080, 80 } },
        { "midstream_between_servers_kept", "< A 1 1 +5", "OTH D", { 80, 8080 } },
        /* Letters that come again */
        { "fin_again", OPEN "> FA 1 1, > FA 1 1 @1, > FA 1 1 +4 @2", "S2 ShAFF", { PORTS_ANY } },
        { "rst_again", OPEN "< RA 1 1, < R 1 0, < R 9 0", "RSTR ShArr", { PORTS_ANY } },
        { "ack_once", OPEN "< A 1 1, > A 1 1, < A 1 1", "S1 ShAa", { PORTS_ANY } },
        { "retransmitted_ten_times",
          OPEN "> A 1 1 +5, > A 1 1 +5, > A 1 1 +5, > A 1 1 +5, > A 1 1 +5, > A 1 1 +5, > A 1 1 +5,"
               "> A 1 1 +5, > A 1 1 +5, > A 1 1 +5, > A 1 1 +5",
          "S1 ShADTT", { PORTS_ANY } },
        { "zero_window", OPEN "< A 1 1 w0, < A 1 1 w0", "S1 ShAaw", { PORTS_ANY } },
        { "zero_window_after_fin_is_boring", OPEN "> FA 1 1, < A 1 2 w0", "S2 ShAFa", { PORTS_ANY } },
        { "multi_flag", "> SF 0 0", "SH Q", { PORTS_ANY } },
        { "fin_rst", OPEN "> FR 1 0", "RSTO ShAI", { PORTS_ANY } },
        { "no_flags", "> - 1 0", "OTH ", { PORTS_ANY } },
        { "ftp_command_too_long", OPEN "> A 1 1 +9, > A 10 1 +200 long, > A 210 1 +200 long", "S1 ShADX",
          { 40000, 21 } },
        { "ftp_command_too_long_is_the_first", OPEN "> A 1 1 +200 long", "S1 ShAD", { 40000, 21 } },
        { "ftp_command_too_long_behind_a_hole", OPEN "> A 1 1 +9, > A 20 1 +200 long", "S1 ShAD", { 40000, 21 } },
        { "tunnels_of_two_directions",
          "> S 0 0 t1, < SA 0 1 t2, > A 1 1 t1, < A 1 1 +5 t2, > A 1 6 t1, < A 6 1 +5 t2, > A 1 11 +5 t1, > FA 6 11 t1",
          "S2 ShAdXDF", { PORTS_ANY } },
        { "tunnels_not_too_often",
          "> S 0 0 t1, < SA 0 1 t2, > A 1 1 t1, < A 1 1 +5 t2, > A 1 6 t1, < A 6 1 +5 t2, < FA 11 1 t2",
          "S3 ShAdf", { PORTS_ANY } },
        { "in_and_out_of_a_tunnel",
          "> S 0 0 t1, < SA 0 1, > A 1 1 t1, < A 1 1 +5, > A 1 6 t1, < A 6 1 +5, > A 1 11 +5 t1, < FA 11 1",
          "S3 ShAdDf", { PORTS_ANY } },
        /* Gaps */
        { "gap", OPEN "> A 11 1 +5, < A 1 16", "S1 ShADaG", { PORTS_ANY } },
        { "gap_filled", OPEN "> A 11 1 +5, > A 1 1 +10, < A 1 16", "S1 ShADTa", { PORTS_ANY } },
        { "gap_never_seen", OPEN "< A 1 7", "S1 ShAaG", { PORTS_ANY } },
        { "gap_of_fin_only", OPEN "> FA 1 1, < A 1 2", "S2 ShAFa", { PORTS_ANY } },
        { "gap_not_of_midstream", "> A 1 1 +5, < A 1 100 +5", "OTH Dd", { PORTS_ANY } },
        { "gap_of_cut_payload", OPEN "> A 1 1 +5 cut, < A 1 6", "S1 ShADaG", { PORTS_ANY } },
        { "gap_without_acks", OPEN "> A 11 1 +17000, < A 1 17011", "S1 ShADa", { PORTS_ANY } },
        { "gap_between_islands", OPEN "> A 11 1 +5, > A 21 1 +5, > A 1 1 +10, < A 1 26",
          "S1 ShADTaG", { PORTS_ANY } },
        { "gaps_counted_one_by_one",
          OPEN "> A 11 1 +5, > A 21 1 +5, > A 31 1 +5, > A 41 1 +5, < A 1 46, > A 51 1 +5, > A 61 1 +5,"
               "> A 71 1 +5, > A 81 1 +5, < A 1 86, > A 91 1 +5, > A 101 1 +5, < A 1 106",
          "S1 ShADaGG", { PORTS_ANY } },
        { "gap_told_by_a_reset_after_both_fins", OPEN "> A 11 1 +5, > FA 16 1, < FA 1 1, < RA 2 17",
          "SF ShADFfrG", { PORTS_ANY } },
        { "no_gap_told_by_a_reset", OPEN "> A 11 1 +5, < RA 1 16", "RSTR ShADr", { PORTS_ANY } },
        { "syn_copied_behind_its_data", "> S 0 0, > A 1 1 +5, > S 0 0, > A 1 1 +5", "S0 SDT", { PORTS_ANY } },
        { "reset_with_data_sent_back", OPEN "> A 1 1 +5, < RA 1 6, > R 6 0", "RSTR ShADrR", { PORTS_ANY } },
        /* Where Zeek had forgotten */
        { "attempt_forgotten", "> S 0 0, > S 0 0 @3, > S 0 0 @7", "S0 S | S0 S", { PORTS_ANY } },
        { "closed_forgotten", OPEN "> FA 1 1, < FA 1 2, > A 2 2 @4, < FA 1 2 @6",
          "SF ShAFf | SH F", { PORTS_ANY } },
        { "late_packets_do_not_extend", OPEN "< RA 1 1, < R 1 0 @4, > A 1 1 @6",
          "RSTR ShAr | OTH A", { PORTS_ANY } },
        { "half_closed_remembered", OPEN "> FA 1 1, < FA 1 2 @200", "SF ShAFf", { PORTS_ANY } },
        { "idle_forgotten", OPEN "> A 1 1 +5 @300", "S1 ShA | OTH D", { PORTS_ANY } },
        { "idle_remembered", OPEN "> A 1 1 +5 @299", "S1 ShAD", { PORTS_ANY } },
        { "interactive_remembered", OPEN "> A 1 1 +5 @3000", "S1 ShAD", { 40000, 22 } },
        { "interactive_not_joined_midway", "< A 1 1 +5, > A 1 6 @3000", "OTH ^d | OTH A", { 40000, 22 } },
        { "second_reset_extends", "> S 0 0, < RA 0 1, > R 1 0 @4, < A 1 1 @8", "REJ SrRa", { PORTS_ANY } },
        { "not_closed_while_data_miss", OPEN "< FA 11 1, > FA 1 1, < A 12 2 @20", "SF ShAfFa", { PORTS_ANY } },
        { "closed_once_data_are_given_up", OPEN "< FA 11 1, > A 1 12, > FA 1 12, < A 12 2 @20",
          "SF ShAfgF | OTH A", { PORTS_ANY } },
        { "reset_after_fin_remembered", OPEN "> FA 1 1, > R 2 0, < A 1 2 @4, < A 1 2 +5 @8",
          "RSTO ShAFRad", { PORTS_ANY } },
        { "syn_with_other_isn", "> S 0 0, > S 100 0 @1", "S0 S | S0 S", { PORTS_ANY } },
        { "syn_after_close", OPEN "> FA 1 1, < FA 1 2, > S 100 0 @1", "SF ShAFf | S0 S", { PORTS_ANY } },
        { "crossing_syns", "> S 0 0, < S 0 0", "S0 S | S0 S", { PORTS_ANY } },
};

static const guint32 isn[2] = { 0xfffffff0, 0 }; /* one wraps, one is 0 */

static guint8 parse_flags(const char *letters) {
        static const char names[] = "FSRPAUEC";
        guint8 flags = 0;

        for (; *letters && *letters != '-'; letters++) {
                const char *at = strchr(names, *letters);
                g_assert_nonnull(at);
                flags |= (guint8)(1 << (at - names));
        }
        return flags;
}

static guint parse_packet(const char *text, const guint16 port[2], Segment *s) {
        g_auto(GStrv) word = g_strsplit(text, " ", -1);
        const guint side = word[0][0] == '<';

        *s = (Segment){ .flags = parse_flags(word[1]),
                        .seq = isn[side] + (guint32)g_ascii_strtoull(word[2], NULL, 10),
                        .window = 1000,
                        .source_port = port[side],
                        .destination_port = port[!side] };
        if (s->flags & TCP_ACK)
                s->ack = isn[!side] + (guint32)g_ascii_strtoull(word[3], NULL, 10);
        for (guint i = 4; word[i]; i++) {
                if (word[i][0] == '+')
                        s->payload_bytes = (guint32)g_ascii_strtoull(word[i] + 1, NULL, 10);
                else if (word[i][0] == '@')
                        s->time_ns = g_ascii_strtoll(word[i] + 1, NULL, 10) * G_GINT64_CONSTANT(1000000000);
                else if (g_str_equal(word[i], "w0"))
                        s->window = 0;
                else if (g_str_equal(word[i], "long"))
                        s->long_word = 1;
                else if (word[i][0] == 't')
                        s->tunnel = (guint16)g_ascii_strtoull(word[i] + 1, NULL, 10);
                else if (g_str_equal(word[i], "cut"))
                        s->facts |= SEGMENT_PAYLOAD_CUT;
                else
                        g_error("%s: not a word of this notation", word[i]);
        }
        return side;
}

static void add_row(GString *rows, const ZeekFlow *z) {
        char history[48];

        zeek_history(z, history, sizeof(history));
        g_string_append_printf(rows, "%s%s %s", rows->len ? " | " : "", zeek_conn_state(z), history);
}

static void test_case(gconstpointer data) {
        const Case *c = data;
        g_auto(GStrv) packets = g_strsplit(c->packets, ",", -1);
        g_autoptr(GString) rows = g_string_new(NULL);
        ZeekFlow z = { 0 };
        gint64 now = 0;

        for (guint i = 0; packets[i]; i++) {
                Segment s;
                const guint side = parse_packet(g_strstrip(packets[i]), c->port, &s);

                now = s.time_ns = MAX(now, s.time_ns);
                if (zeek_begins_anew(&z, &s)) {
                        add_row(rows, &z);
                        z = (ZeekFlow){ 0 };
                }
                zeek_segment(&z, &s, side);
        }
        add_row(rows, &z);
        g_assert_cmpstr(rows->str, ==, c->rows);
}

/* The index of the sides is the caller's: with it exchanged the words stay the same. */
static void test_sides_exchanged(void) {
        ZeekFlow z[2] = { 0 };
        char history[2][48];
        const char *packets[] = { "< SA 0 1", "> A 1 1", "> A 1 1 +5", "< RA 1 6" };
        const guint16 port[2] = { 40000, 80 };

        for (guint i = 0; i < G_N_ELEMENTS(packets); i++) {
                Segment s;
                const guint side = parse_packet(packets[i], port, &s);

                zeek_segment(&z[0], &s, side);
                zeek_segment(&z[1], &s, !side);
        }
        for (guint i = 0; i < 2; i++)
                zeek_history(&z[i], history[i], sizeof(history[i]));
        g_assert_cmpstr(history[0], ==, "^hADr");
        g_assert_cmpstr(history[1], ==, history[0]);
        g_assert_cmpstr(zeek_conn_state(&z[1]), ==, zeek_conn_state(&z[0]));
        g_assert_cmpuint(zeek_originator(&z[0]), ==, 0);
        g_assert_cmpuint(zeek_originator(&z[1]), ==, 1);
}

static void test_history_is_bounded(void) {
        ZeekFlow z = { 0 };
        char history[ZEEK_HISTORY_MAX + 2], small[4];

        for (guint32 i = 0; i < 1000; i++)
                zeek_segment(&z, &(Segment){ .flags = TCP_RST, .seq = i * 7, .window = 1 }, i % 2);
        zeek_history(&z, history, sizeof(history));
        g_assert_cmpuint(strlen(history), ==, ZEEK_HISTORY_MAX + 1);
        g_assert_true(g_str_has_suffix(history, "+"));
        zeek_history(&z, small, sizeof(small));
        g_assert_cmpstr(small, ==, "RrR");
}

/* Clocks of captures are anything. */
static void test_times_at_both_ends(void) {
        ZeekFlow z = { 0 };
        Segment s = { .flags = TCP_ACK, .seq = 1, .ack = 1, .window = 1, .time_ns = G_MININT64 };

        zeek_segment(&z, &s, 0);
        s.time_ns = G_MAXINT64;
        g_assert_true(zeek_begins_anew(&z, &s));
        zeek_segment(&z, &s, 0);
        s.time_ns = G_MININT64;
        g_assert_false(zeek_begins_anew(&z, &s));
}

/* ── The short cut ───────────────────────────────────────────────────────── */

#define FLOWS 60000
#define PACKETS_MAX 24

typedef struct Talk {
        guint32 nxt[2]; /* of each side: where it is */
        gint64 now_ns;
        guint16 port[2];
} Talk;

/* Something else than what comes next, in one of the ways that matter. */
static void disturb(GRand *random, Segment *s) {
        static const guint8 flags[] = { 0, TCP_SYN, TCP_RST, TCP_FIN, TCP_ACK, TCP_URG, TCP_SYN | TCP_ACK, TCP_RST | TCP_ACK };
        static const guint32 steps[] = { 1, 5, 500, 20000, 1048576, 1048577, 1U << 31, -1U, -5U, -500U };

        switch (g_rand_int_range(random, 0, 9)) {
        case 0: s->flags ^= flags[g_rand_int_range(random, 0, G_N_ELEMENTS(flags))]; break;
        case 1: s->seq += steps[g_rand_int_range(random, 0, G_N_ELEMENTS(steps))]; break;
        case 2: s->ack += steps[g_rand_int_range(random, 0, G_N_ELEMENTS(steps))]; break;
        case 3: s->window = 0; break;
        case 4: s->tunnel = (guint16)g_rand_int_range(random, 0, 3); break;
        case 5: s->long_word = 1; break;
        case 6: s->facts ^= SEGMENT_PAYLOAD_CUT; break;
        case 7: s->payload_bytes += 20000; break;
        default: s->time_ns += g_rand_int_range(random, -3, 9) * G_GINT64_CONSTANT(1000000000);
        }
}

/* @i: how many came before it. Returns: the side that sends it. */
static guint random_packet(GRand *random, Talk *talk, guint i, Segment *s) {
        const guint side = i == 0 ? 0 : i == 1 ? 1 : i == 2 ? 0 : (guint)g_rand_boolean(random);
        guint8 flags = TCP_ACK | (i > 2 && g_rand_int_range(random, 0, 6) == 0 ? TCP_FIN : 0);

        if (i < 2)
                flags = i == 0 ? TCP_SYN : TCP_SYN | TCP_ACK;
        talk->now_ns += g_rand_int_range(random, 0, 700000000);
        *s = (Segment){ .time_ns = talk->now_ns, .flags = flags, .seq = talk->nxt[side], .window = 1000,
                        .source_port = talk->port[side], .destination_port = talk->port[!side] };
        if (flags & TCP_ACK)
                s->ack = talk->nxt[!side];
        if (i > 2 && g_rand_boolean(random)) {
                s->payload_bytes = (guint32)g_rand_int_range(random, 1, 3000);
                s->facts = g_rand_boolean(random) ? SEGMENT_PAYLOAD_CUT : 0;
        }
        talk->nxt[side] += segment_sequence_length(s);
        if (g_rand_int_range(random, 0, 9) == 0)
                disturb(random, s);
        return side;
}

/* Each of the packets leaves the same behind, whichever way it takes. Returns: how many took the short one. */
static guint compare_flow(GRand *random) {
        const guint16 ports[] = { 40000, 80, 22 };
        ZeekFlow z = { 0 };
        Talk talk = { .nxt = { g_rand_int(random), g_rand_int(random) },
                      .port = { 40000, ports[g_rand_int_range(random, 0, G_N_ELEMENTS(ports))] } };
        guint taken = 0;

        for (guint i = 0; i < PACKETS_MAX; i++) {
                Segment s;
                const guint side = random_packet(random, &talk, i, &s);
                ZeekFlow quick = z, before = z;
                const gboolean takes = zeek_next(&quick, &s, side), anew = zeek_begins_anew(&z, &s);

                g_assert_false(takes && anew);
                if (anew)
                        z = (ZeekFlow){ 0 };
                zeek_segment(&z, &s, side);
                g_assert_cmpint(memcmp(&quick, takes ? &z : &before, sizeof z), ==, 0);
                taken += (guint)takes;
        }
        return taken;
}

static void test_short_cut(void) {
        g_autoptr(GRand) random = g_rand_new_with_seed(7);
        guint taken = 0;

        for (guint i = 0; i < FLOWS; i++)
                taken += compare_flow(random);
        g_assert_cmpuint(taken, >, FLOWS * PACKETS_MAX / 4); /* a test of nothing is none... */
        g_assert_cmpuint(taken, <, FLOWS * PACKETS_MAX * 3 / 4);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = g_strdup_printf("/zeek/%s", cases[i].name);
                g_test_add_data_func(path, &cases[i], test_case);
        }
        g_test_add_func("/zeek/sides_exchanged", test_sides_exchanged);
        g_test_add_func("/zeek/history_is_bounded", test_history_is_bounded);
        g_test_add_func("/zeek/times_at_both_ends", test_times_at_both_ends);
        g_test_add_func("/zeek/short_cut", test_short_cut);
        return g_test_run();
}
