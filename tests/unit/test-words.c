/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "record-case.h"
#include "reports/endpoint_text.h"
#include "reports/sentence.h"
#include "reports/state_cursor.h"
#include "reports/words.h"

static void assert_verdict(RecordCase *c, const char *expected) {
        g_autoptr(GString) text = g_string_new(NULL);

        words_verdict(text, &c->context, &c->flow);
        g_assert_cmpstr(text->str, ==, expected);
}

static void assert_vantage(RecordCase *c, Vantage vantage, const char *expected) {
        g_autoptr(GString) text = g_string_new(NULL);

        c->flow.vantage = (guint8)vantage;
        g_assert_cmpint(words_vantage(text, &c->flow), ==, *expected != '\0');
        g_assert_cmpstr(text->str, ==, expected);
}

static void assert_vantage_of_all(const VantageTally *t, const char *expected) {
        g_autoptr(GString) text = g_string_new(NULL);

        g_assert_cmpint(words_vantage_of_all(text, t), ==, *expected != '\0');
        g_assert_cmpstr(text->str, ==, expected);
}

/* ── Where it was captured ───────────────────────────────────────────────── */

static void test_vantage(void) {
        g_autoptr(RecordCase) c = record_case_new(CLOSE_ORDERLY, 1);

        assert_vantage(c, VANTAGE_UNKNOWN, "");
        assert_vantage(c, VANTAGE_CLIENT, "captured at 10.0.0.1's end");
        assert_vantage(c, VANTAGE_SERVER, "captured at 10.0.0.2's end");
        assert_vantage(c, VANTAGE_BETWEEN, "captured between both ends");
        assert_vantage(c, VANTAGE_NEARER_CLIENT, "captured between both ends, nearer 10.0.0.1");
        assert_vantage(c, VANTAGE_NEARER_SERVER, "captured between both ends, nearer 10.0.0.2");
}

/* Adds @n flows between 10.0.0.@client and 10.0.0.@server. */
static void tally(VantageTally *t, guint n, Vantage vantage, guint8 client, guint8 server) {
        g_autoptr(RecordCase) c = record_case_new(CLOSE_ORDERLY, 1);

        c->flow.side[CLIENT].address.bytes[15] = client;
        c->flow.side[SERVER].address.bytes[15] = server;
        c->flow.vantage = (guint8)vantage;
        while (n--)
                vantage_tally_add(t, &c->flow);
}

/* One host, whatever its part is in its connections. */
static void test_vantage_of_one_host(void) {
        VantageTally t = { .n = 0 };

        assert_vantage_of_all(&t, "");
        tally(&t, 100, VANTAGE_UNKNOWN, 1, 2);
        assert_vantage_of_all(&t, "");
        tally(&t, 1, VANTAGE_CLIENT, 1, 2);
        tally(&t, 1, VANTAGE_SERVER, 3, 1);
        assert_vantage_of_all(&t, "captured at 10.0.0.1's end");
        tally(&t, 1, VANTAGE_NEARER_SERVER, 3, 1);
        assert_vantage_of_all(&t, "");
}

static void test_vantage_of_both_kinds_of_addresses(void) {
        g_autoptr(RecordCase) c = record_case_new(CLOSE_ORDERLY, 1);
        VantageTally t = { .n = 0 };

        tally(&t, 1, VANTAGE_CLIENT, 1, 2);
        c->flow.vantage = VANTAGE_SERVER;
        c->flow.ipv6 = TRUE;
        c->flow.side[SERVER].address = (Address){ .bytes = { 0xfd, [15] = 1 } };
        vantage_tally_add(&t, &c->flow);
        assert_vantage_of_all(&t, "captured at the end of 10.0.0.1 and fd00::1");
}

/* Several hosts have their parts in common, if anything. */
static void test_vantage_of_several_hosts(void) {
        VantageTally t = { .n = 0 };

        tally(&t, 50, VANTAGE_SERVER, 1, 8);
        tally(&t, 49, VANTAGE_SERVER, 2, 9);
        assert_vantage_of_all(&t, "captured at the servers' end");
        tally(&t, 1, VANTAGE_BETWEEN, 1, 8);
        assert_vantage_of_all(&t, "captured at the servers' end");
        tally(&t, 2, VANTAGE_CLIENT, 1, 8);
        assert_vantage_of_all(&t, "");
}

static void test_vantage_between(void) {
        VantageTally t = { .n = 0 };

        tally(&t, 9, VANTAGE_NEARER_CLIENT, 1, 8);
        assert_vantage_of_all(&t, "captured between both ends, nearer the clients");
        tally(&t, 9, VANTAGE_BETWEEN, 1, 8);
        assert_vantage_of_all(&t, "captured between both ends");
        tally(&t, 1, VANTAGE_CLIENT, 1, 8);
        assert_vantage_of_all(&t, "");
}

/* ── Verdicts ────────────────────────────────────────────────────────────── */

static void test_orderly(void) {
        g_autoptr(RecordCase) c = record_case_new(CLOSE_ORDERLY, 1);

        c->flow.closed_first_by = CLOSED_FIRST_BY_SERVER;
        record_case_fin(c, SERVER, 12, 1000);
        record_case_fin(c, CLIENT, 13, 1250);
        record_case_state(c, SERVER, STATE_TIME_WAIT, 13, 1250);
        assert_verdict(c, "10.0.0.2:80 closed first (FIN, frame 12); 10.0.0.1:40000 closed 250 ms later (FIN, frame 13); "
                          "10.0.0.2:80 went to TIME_WAIT");
        c->flow.close = CLOSE_ORDERLY_LAST_ACK_UNSEEN;
        c->flow.side[CLIENT].fin_frame = 0;
        assert_verdict(c, "10.0.0.2:80 closed first (FIN, frame 12); 10.0.0.1:40000 closed (its FIN is not in the capture); "
                          "10.0.0.2:80 went to TIME_WAIT; the last ACK is not in the capture");
}

static void test_half_closed(void) {
        g_autoptr(RecordCase) c = record_case_new(CLOSE_HALF_CLOSED, 1);

        record_case_fin(c, CLIENT, 12, 12000);
        c->flow.side[SERVER].packets = 5;
        record_case_state(c, CLIENT, STATE_FIN_WAIT_2, 13, 12800);
        assert_verdict(c, "10.0.0.1:40000 closed first (FIN, frame 12); 10.0.0.2:80 never closed; "
                          "client is in FIN_WAIT_2 for >= 187.2 s (capture ended)");
}

static void test_simultaneous(void) {
        g_autoptr(RecordCase) c = record_case_new(CLOSE_SIMULTANEOUS, 1);
        Finding *f;

        record_case_fin(c, CLIENT, 12, 1000);
        record_case_fin(c, SERVER, 13, 1001);
        assert_verdict(c, "both closed at once: 10.0.0.1:40000 (FIN, frame 12), 10.0.0.2:80 (FIN, frame 13)");
        f = record_case_finding(c, FINDING_SIMULTANEOUS_CLOSE, FINDING_NO_SIDE);
        f->values[f->n_values++] = (FindingValue){ .name = "unaware", .kind = VALUE_TEXT, .text = "yes" };
        assert_verdict(c, "10.0.0.1:40000 closed (FIN, frame 12); 10.0.0.2:80 closed 1 ms later (FIN, frame 13) without having had that FIN");
}

static void test_reset(void) {
        g_autoptr(RecordCase) c = record_case_new(CLOSE_RESET, 1);

        record_case_rst(c, SERVER, 9, 1500);
        c->flow.side[SERVER].unacked_bytes = 1200;
        assert_verdict(c, "10.0.0.2:80 reset the connection 1.5 s later (RST, frame 9); 1,200 bytes never acknowledged");
        c->flow.close = CLOSE_RESET_AFTER_FIN;
        c->flow.closed_first_by = CLOSED_FIRST_BY_CLIENT;
        c->flow.side[SERVER].unacked_bytes = 0;
        record_case_fin(c, CLIENT, 8, 1000);
        assert_verdict(c, "10.0.0.1:40000 closed first (FIN, frame 8); 10.0.0.2:80 reset the connection 500 ms later (RST, frame 9)");
}

static void test_never_connected(void) {
        g_autoptr(RecordCase) c = record_case_new(CLOSE_REFUSED, 1);

        record_case_rst(c, SERVER, 2, 1);
        c->flow.side[CLIENT].syn_count = 3;
        c->flow.side[CLIENT].last_ns = CASE_START_NS + 3 * NS_PER_SECOND;
        assert_verdict(c, "10.0.0.2:80 refused the connection (RST, frame 2) of 10.0.0.1:40000");
        c->flow.close = CLOSE_UNANSWERED;
        assert_verdict(c, "10.0.0.2:80 never answered 10.0.0.1:40000 (3 SYNs in 3 s)");
        c->flow.close = CLOSE_HANDSHAKE_ONLY_RESET;
        c->flow.side[SERVER].rst_frame = 0;
        record_case_rst(c, CLIENT, 3, 1);
        assert_verdict(c, "10.0.0.1:40000 reset the connection as soon as 10.0.0.2:80 had answered (RST, frame 3)");
}

static void test_not_closed(void) {
        g_autoptr(RecordCase) c = record_case_new(CLOSE_OPEN, 1);

        assert_verdict(c, "neither side closed: the last packet came 198 s before the capture ended");
        c->flow.close = CLOSE_ABANDONED;
        c->flow.side[SERVER].last_frame = frame_ref(0, 15);
        c->flow.side[SERVER].last_ns = CASE_START_NS + NS_PER_SECOND;
        c->flow.side[CLIENT].last_ns = CASE_START_NS + 31 * NS_PER_SECOND;
        assert_verdict(c, "10.0.0.2:80 fell silent after frame 15; 10.0.0.1:40000 went on for 30 s");
}

/* Even a record that makes no sense gets a sentence without control characters. */
static void test_every_kind_of_an_empty_record(void) {
        for (guint kind = 0; kind < CLOSE_KINDS; kind++) {
                g_autoptr(RecordCase) c = record_case_new(kind, 2);
                g_autoptr(GString) text = g_string_new(NULL);

                words_verdict(text, &c->context, &c->flow);
                g_assert_cmpuint(text->len, >, 0);
        }
}

/* ── Findings ────────────────────────────────────────────────────────────── */

static void assert_finding(RecordCase *c, const Finding *f, const char *expected) {
        g_autoptr(GString) text = g_string_new(NULL);

        words_finding(text, &c->context, &c->flow, f);
        g_assert_cmpstr(text->str, ==, expected);
}

static void test_finding(void) {
        g_autoptr(RecordCase) c = record_case_new(CLOSE_RESET, 1);
        Finding *f = record_case_finding(c, FINDING_RST_ON_LINGER, SERVER);

        record_case_value(f, "rst_frame", (gint64)frame_ref(0, 12345), BOUND_EXACT);
        assert_finding(c, f, "10.0.0.2:80 aborted the connection (RST, frame 12345) instead of closing it");
        record_case_value(f, "peer_lost_bytes", 7, BOUND_AT_LEAST);
        g_assert_cmpuint(f->n_values, ==, 2);
        {
                g_autoptr(GString) text = g_string_new(NULL);

                words_finding(text, &c->context, &c->flow, f);
                g_assert_nonnull(strstr(text->str, ">= 7 bytes from 10.0.0.1:40000"));
        }
}

static void test_finding_in_several_captures(void) {
        g_autoptr(RecordCase) c = record_case_new(CLOSE_REFUSED, 2);
        Finding *f = record_case_finding(c, FINDING_REFUSED, SERVER);
        g_autoptr(GString) filter = g_string_new(NULL);

        record_case_value(f, "rst_frame", (gint64)frame_ref(1, 2), BOUND_EXACT);
        record_case_value(f, "syn_frame", (gint64)frame_ref(0, 1), BOUND_EXACT);
        assert_finding(c, f, "10.0.0.2:80 refused the connection: its RST (frame 2 of b?.pcap) answers the SYN of 10.0.0.1:40000 "
                             "(frame 1 of a.pcap)");
        f->frames[f->n_frames++] = frame_ref(0, 1);
        words_finding_filter(filter, &c->context, &c->flow, f);
        g_assert_cmpstr(filter->str, ==, "ip.addr == 10.0.0.1 && tcp.port == 40000 && ip.addr == 10.0.0.2 && tcp.port == 80");
}

/* Every sentence of the catalogue is well formed, whatever values there are. */
static void test_every_sentence(void) {
        for (guint id = 0; id < FINDINGS; id++) {
                g_autoptr(RecordCase) c = record_case_new(CLOSE_OPEN, 1);
                Finding *f = record_case_finding(c, id, SERVER);
                g_autoptr(GString) text = g_string_new(NULL);

                words_finding(text, &c->context, &c->flow, f);
                g_assert_cmpuint(text->len, >, 0);
                g_assert_null(strpbrk(text->str, "{}[]|"));
                g_assert_null(strpbrk(text->str, "\"\\\n\t")); /* JSON takes it as it is */
        }
}

/* Without any value, and with values that the one before did not have, or had in another order. */
static void test_values_change(void) {
        g_autoptr(RecordCase) c = record_case_new(CLOSE_OPEN, 1);
        Finding *midway = record_case_finding(c, FINDING_CAPTURE_MIDWAY, FINDING_NO_SIDE);
        Finding *f = record_case_finding(c, FINDING_REFUSED, SERVER);

        assert_finding(c, midway, "The capture has no SYN of 10.0.0.1:40000 to 10.0.0.2:80: the flow was open when it began");
        assert_finding(c, f, "10.0.0.2:80 refused the connection: its RST (frame (unknown)) answers the SYN of 10.0.0.1:40000 (frame (unknown))");
        record_case_value(f, "syn_frame", (gint64)frame_ref(0, 1), BOUND_EXACT);
        record_case_value(f, "rst_frame", (gint64)frame_ref(0, 2), BOUND_EXACT);
        assert_finding(c, f, "10.0.0.2:80 refused the connection: its RST (frame 2) answers the SYN of 10.0.0.1:40000 (frame 1)");
        f->n_values = 1;
        assert_finding(c, f, "10.0.0.2:80 refused the connection: its RST (frame (unknown)) answers the SYN of 10.0.0.1:40000 (frame 1)");
        f->n_values = 0;
        record_case_value(f, "rst_frame", (gint64)frame_ref(0, 5), BOUND_EXACT);
        assert_finding(c, f, "10.0.0.2:80 refused the connection: its RST (frame 5) answers the SYN of 10.0.0.1:40000 (frame (unknown))");
}

/* With the longest values: a frame of a capture with a long name. */
static void test_room_for_every_sentence(void) {
        for (guint id = 0; id < FINDINGS; id++) {
                gsize n = 0;

                for (const SentencePart *part = sentence_parts(id); part->kind != PART_END; part++)
                        n += part->kind == PART_TEXT ? part->n : part->kind == PART_VALUE ? strlen("4294967295 of ") + CAPTURE_NAME_BYTES : 0;
                g_assert_cmpuint(n + ENDPOINT_TEXT_BYTES, <, WORDS_BYTES);
        }
}

static void test_long_name(void) {
        g_autoptr(RecordCase) c = record_case_new(CLOSE_REFUSED, 2);
        Finding *f = record_case_finding(c, FINDING_REFUSED, SERVER);
        g_autofree char *path = g_strnfill(1000, 'x'), *told = g_strnfill(CAPTURE_NAME_BYTES, 'x'), *wanted = NULL;
        CaptureInfo *info = (CaptureInfo *)c->context.captures[1];

        info->path = path;
        record_case_value(f, "rst_frame", (gint64)frame_ref(1, 2), BOUND_EXACT);
        record_case_value(f, "syn_frame", (gint64)frame_ref(0, 1), BOUND_EXACT);
        wanted = g_strdup_printf("10.0.0.2:80 refused the connection: its RST (frame 2 of %s) answers the SYN of 10.0.0.1:40000 (frame 1 of "
                                 "a.pcap)", told);
        assert_finding(c, f, wanted);
}

static void test_filters(void) {
        g_autoptr(RecordCase) c = record_case_new(CLOSE_OPEN, 1);
        Finding *f = record_case_finding(c, FINDING_REFUSED, SERVER);
        g_autoptr(GString) text = g_string_new(NULL);

        f->frames[f->n_frames++] = frame_ref(0, 3);
        f->frames[f->n_frames++] = frame_ref(0, 17);
        words_finding_filter(text, &c->context, &c->flow, f);
        g_assert_cmpstr(text->str, ==, "frame.number in {3, 17}");
        words_flow_filter(g_string_truncate(text, 0), &c->context, &c->flow);
        g_assert_cmpstr(text->str, ==, "ip.addr == 10.0.0.1 && tcp.port == 40000 && ip.addr == 10.0.0.2 && tcp.port == 80 && "
                                       "frame.number >= 1 && frame.number <= 20");
}

/* ── Packets ─────────────────────────────────────────────────────────────── */

static void test_packets(void) {
        g_autoptr(RecordCase) c = record_case_new(CLOSE_OPEN, 1);
        TimelineEntry e = { .seq = 2, .ack = 1000, .payload_bytes = 10, .window = 257, .flags = TCP_FIN | TCP_PSH | TCP_ACK };
        g_autoptr(GString) text = g_string_new(NULL);

        c->flow.side[CLIENT].isn = G_MAXUINT32; /* wraps */
        c->flow.side[SERVER].isn = 500;
        words_packet(text, &c->flow, &e);
        g_assert_cmpstr(text->str, ==, "FP. 3:13(10) ack 500 win 257");

        e = (TimelineEntry){ .seq = 498, .ack = 0, .flags = TCP_RST, .marks = ENTRY_SERVER | ENTRY_RETRANSMISSION | ENTRY_GAP_BEFORE };
        words_packet(g_string_truncate(text, 0), &c->flow, &e);
        g_assert_cmpstr(text->str, ==, "R -2:-2(0) win 0");
        g_assert_cmpstr(words_mark(&e, 0), ==, "retransmission");
        g_assert_cmpstr(words_mark(&e, 1), ==, "gap_before");
        g_assert_null(words_mark(&e, 2));
}

static void test_states_beside_packets(void) {
        g_autoptr(RecordCase) c = record_case_new(CLOSE_OPEN, 1);
        TimelineEntry syn = { .time_ns = CASE_START_NS, .frame = frame_ref(0, 1) };
        TimelineEntry late = { .time_ns = CASE_START_NS + 90 * NS_PER_SECOND, .frame = frame_ref(0, 3) };
        StateCursor cursor = { 0 };

        record_case_state(c, CLIENT, STATE_SYN_SENT, 1, 0);
        record_case_state(c, CLIENT, STATE_TIME_WAIT, 2, 100); /* its packet was not kept */
        record_case_state(c, CLIENT, STATE_CLOSED, 0, 60100);
        g_assert_cmpint(state_cursor_after(&cursor, &c->flow, CLIENT, &syn), ==, STATE_SYN_SENT);
        g_assert_cmpint(state_cursor_after(&cursor, &c->flow, SERVER, &syn), ==, STATE_CLOSED);
        g_assert_null(state_cursor_timer_before(&cursor, &c->flow, CLIENT, &late)); /* TIME_WAIT comes before the timer */
        g_assert_cmpint(state_cursor_after(&cursor, &c->flow, CLIENT, &late), ==, STATE_CLOSED);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/words/vantage", test_vantage);
        g_test_add_func("/words/vantage/one-host", test_vantage_of_one_host);
        g_test_add_func("/words/vantage/both-kinds-of-addresses", test_vantage_of_both_kinds_of_addresses);
        g_test_add_func("/words/vantage/several-hosts", test_vantage_of_several_hosts);
        g_test_add_func("/words/vantage/between", test_vantage_between);
        g_test_add_func("/words/verdict/orderly", test_orderly);
        g_test_add_func("/words/verdict/half-closed", test_half_closed);
        g_test_add_func("/words/verdict/simultaneous", test_simultaneous);
        g_test_add_func("/words/verdict/reset", test_reset);
        g_test_add_func("/words/verdict/never-connected", test_never_connected);
        g_test_add_func("/words/verdict/not-closed", test_not_closed);
        g_test_add_func("/words/verdict/every-kind", test_every_kind_of_an_empty_record);
        g_test_add_func("/words/finding", test_finding);
        g_test_add_func("/words/finding/several-captures", test_finding_in_several_captures);
        g_test_add_func("/words/finding/every-sentence", test_every_sentence);
        g_test_add_func("/words/finding/values-change", test_values_change);
        g_test_add_func("/words/finding/room-for-every-sentence", test_room_for_every_sentence);
        g_test_add_func("/words/finding/long-name", test_long_name);
        g_test_add_func("/words/filters", test_filters);
        g_test_add_func("/words/packets", test_packets);
        g_test_add_func("/words/states-beside-packets", test_states_beside_packets);
        return g_test_run();
}
