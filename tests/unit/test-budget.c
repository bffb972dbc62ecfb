/* SPDX-License-Identifier: BSD-3-Clause */

/* Memory that is full: what is given up, what is not, and that it stays within bounds. */

#include <string.h>

#include "analyzer/tracker.h"

#define SECOND_NS G_GINT64_CONSTANT(1000000000)
#define MEMORY_BYTES (64 * 1048576U)

typedef struct Input {
        Tracker *tracker;
        Block *block;
        guint64 frames;
        gint64 time_ns;
        gboolean ipv6;
} Input;

typedef struct Seen {
        guint by_close[CLOSE_KINDS];
        guint given_up, reused, took_rest;
} Seen;

static void note(const FlowRecord *records, guint n, gpointer data) {
        Seen *seen = data;

        for (const FlowRecord *f = records; f < records + n; f++) {
                seen->by_close[f->close]++;
                seen->given_up += f->given_up;
                seen->reused += f->incarnation > 1;
        }
}

static void flush(Input *in, gboolean last) {
        in->block->last = last;
        tracker_take(in->tracker, in->block);
        block_clear(in->block);
}

static void set_address(const Input *in, Address *address, const guint8 *ipv4) {
        address_set_ipv4(address, ipv4);
        if (in->ipv6)
                address->bytes[0] = 0x20; /* no mapped one */
}

/* @from_client: else the server answers; client @n of 10.x.x.x port 4000, server 192.168.0.1 port 80 */
static void put(Input *in, guint32 n, gboolean from_client, guint8 flags, guint32 seq, guint32 ack) {
        const guint8 client[4] = { 10, (guint8)(n >> 16), (guint8)(n >> 8), (guint8)n }, server[4] = { 192, 168, 0, 1 };
        Segment *s = block_next(in->block);

        memset(s, 0, sizeof *s);
        set_address(in, &s->source, from_client ? client : server);
        set_address(in, &s->destination, from_client ? server : client);
        s->facts = in->ipv6 ? SEGMENT_IPV6 : 0;
        s->source_port = from_client ? 4000 : 80;
        s->destination_port = from_client ? 80 : 4000;
        s->time_ns = in->time_ns += 1000000;
        s->frame = frame_ref(0, ++in->frames);
        s->seq = seq;
        s->ack = ack;
        s->flags = flags;
        block_note_frame(in->block, s->frame, s->time_ns);
        block_add(in->block);
        if (block_room(in->block) == 0)
                flush(in, FALSE);
}

static void open_connection(Input *in, guint32 n) {
        put(in, n, TRUE, TCP_SYN, 100, 0);
        put(in, n, FALSE, TCP_SYN | TCP_ACK, 500, 101);
        put(in, n, TRUE, TCP_ACK, 101, 501);
}

static void close_connection(Input *in, guint32 n) {
        put(in, n, TRUE, TCP_FIN | TCP_ACK, 101, 501);
        put(in, n, FALSE, TCP_FIN | TCP_ACK, 501, 102);
        put(in, n, TRUE, TCP_ACK, 102, 502);
}

static void begin(Input *in, Seen *seen) {
        TrackerOptions options = tracker_options_default();

        options.memory_bytes = MEMORY_BYTES;
        options.sink = note;
        options.sink_data = seen;
        *in = (Input){ .tracker = tracker_new(&options), .block = block_new(), .time_ns = SECOND_NS };
}

static void end(Input *in) {
        tracker_free(in->tracker);
        g_free(in->block);
}

static void open_connections(Input *in, guint32 from, guint32 to) {
        for (guint32 i = from; i < to; i++)
                open_connection(in, i);
}

static void close_connections(Input *in, guint32 from, guint32 to) {
        for (guint32 i = from; i < to; i++)
                close_connection(in, i);
}

/* The input has ended: all of it is reported. */
static const TrackerTotals *report_all(Input *in) {
        const TrackerTotals *totals;

        flush(in, TRUE);
        totals = tracker_totals(in->tracker);
        g_assert_cmpuint(totals->reported, ==, totals->flows);
        return totals;
}

/* A flood of half-open connections takes nothing from those that are open all the while. */
static void test_flood(void) {
        const guint flood = 400000, connections = 100;
        Seen seen = { .given_up = 0 };
        const TrackerTotals *totals;
        Input in;

        begin(&in, &seen);
        open_connections(&in, 0, connections);
        for (guint32 i = 0; i < flood; i++) {
                put(&in, 0x100000 + i, TRUE, TCP_SYN, i, 0);
                if (i % 4 == 0)
                        put(&in, 0x100000 + i, FALSE, TCP_SYN | TCP_ACK, 7, i + 1);
        }
        close_connections(&in, 0, connections);
        totals = report_all(&in);
        g_assert_cmpuint(totals->flows, ==, flood + connections);
        g_assert_cmpuint(totals->given_up.half_open, >, flood / 4);
        g_assert_cmpuint(totals->given_up.half_open, ==, seen.given_up);
        g_assert_cmpuint(totals->given_up.idle, ==, 0);
        g_assert_cmpuint(totals->given_up.closed, ==, 0);
        g_assert_cmpint(totals->given_up.since_ns, >, SECOND_NS);
        g_assert_cmpuint(seen.by_close[CLOSE_ORDERLY], ==, connections);
        g_assert_cmpuint(totals->held_bytes + totals->tombstone_bytes, <=, MEMORY_BYTES * 5 / 4);
        end(&in);
}

/* Open connections that are too many: the ones that were idle for longest go. */
static void test_idle(void) {
        const guint connections = 300000, last = 1000;
        Seen seen = { .given_up = 0 };
        const TrackerTotals *totals;
        Input in;

        begin(&in, &seen);
        open_connections(&in, 0, connections);
        close_connections(&in, connections - last, connections);
        totals = report_all(&in);
        g_assert_cmpuint(totals->reported, ==, connections);
        g_assert_cmpuint(totals->given_up.idle, >, connections / 10);
        g_assert_cmpuint(totals->given_up.idle, ==, seen.given_up);
        g_assert_cmpuint(seen.by_close[CLOSE_ORDERLY], ==, last);
        g_assert_cmpuint(seen.by_close[CLOSE_OPEN], ==, connections - last);
        end(&in);
}

/* Connections that closed: reported early, with the verdict that they have; then their tombstones go. */
static void test_closed(gconstpointer ipv6) {
        const guint connections = 400000, again = 100;
        Seen seen = { .given_up = 0 };
        const TrackerTotals *totals;
        Input in;

        begin(&in, &seen);
        in.ipv6 = GPOINTER_TO_INT(ipv6);
        for (guint32 i = 0; i < connections; i++) {
                open_connection(&in, i);
                close_connection(&in, i);
        }
        in.time_ns += 1000 * SECOND_NS;
        for (guint32 i = connections - again; i < connections; i++) /* their tombstones are the youngest */
                put(&in, i, TRUE, TCP_SYN, 200, 0);
        totals = report_all(&in);
        g_assert_cmpuint(seen.by_close[CLOSE_ORDERLY], ==, connections);
        g_assert_cmpuint(totals->given_up.tombstones, >, connections / 10);
        g_assert_cmpuint(totals->tombstones, <, connections);
        g_assert_cmpuint(seen.reused, ==, again);
        g_assert_cmpuint(totals->given_up.idle + totals->given_up.half_open, ==, 0); /* they give no room to tombstones */
        g_assert_cmpuint(totals->held_bytes, <, totals->held_flows * 400); /* nothing of tombstones is among it */
        g_assert_cmpuint(totals->held_bytes + totals->tombstone_bytes, <=, MEMORY_BYTES * 5 / 4);
        end(&in);
}

/* Its TIME_WAIT answered a SYN, and the client that with a RST: what the SYN that came again began is open all the while. */
static void reuse_after_challenge(Input *in, guint32 n) {
        open_connection(in, n);
        put(in, n, FALSE, TCP_FIN | TCP_ACK, 501, 101);
        put(in, n, TRUE, TCP_FIN | TCP_ACK, 101, 502);
        put(in, n, FALSE, TCP_ACK, 502, 102);
        in->time_ns += 10 * SECOND_NS;
        put(in, n, TRUE, TCP_SYN, 50, 0);
        put(in, n, FALSE, TCP_ACK, 502, 102);
        put(in, n, TRUE, TCP_RST, 102, 0);
        in->time_ns += SECOND_NS;
        put(in, n, TRUE, TCP_SYN, 50, 0);
        put(in, n, FALSE, TCP_SYN | TCP_ACK, 9000, 51);
        put(in, n, TRUE, TCP_ACK, 51, 9001);
}

static void test_open_after_rst(void) {
        const guint flood = 400000, connections = 100;
        Seen seen = { .given_up = 0 };
        const TrackerTotals *totals;
        Input in;

        begin(&in, &seen);
        for (guint32 i = 0; i < connections; i++)
                reuse_after_challenge(&in, i);
        for (guint32 i = 0; i < flood; i++)
                put(&in, 0x100000 + i, TRUE, TCP_SYN, i, 0);
        for (guint32 i = 0; i < connections; i++) {
                put(&in, i, TRUE, TCP_FIN | TCP_ACK, 51, 9001);
                put(&in, i, FALSE, TCP_FIN | TCP_ACK, 9001, 52);
                put(&in, i, TRUE, TCP_ACK, 52, 9002);
        }
        totals = report_all(&in);
        g_assert_cmpuint(totals->given_up.half_open, >, flood / 4);
        g_assert_cmpuint(totals->flows, ==, flood + 2 * connections);
        g_assert_cmpuint(seen.by_close[CLOSE_ORDERLY], ==, 2 * connections);
        g_assert_cmpuint(totals->given_up.closed, <=, connections); /* the ones before */
        end(&in);
}

static void note_rest(gpointer data) {
        Seen *seen = data;

        seen->took_rest++;
}

/* Of a capture that lasts all is taken at once, and what it holds then is in there: nothing else is told. */
static void test_take_all(void) {
        const guint connections = 20000;
        Seen seen = { .given_up = 0 };
        const TrackerTotals *totals;
        TrackerOptions options;
        Input in;

        begin(&in, &seen);
        options = (TrackerOptions){ .memory_bytes = MEMORY_BYTES, .take_all = TRUE, .take_rest = note_rest, .sink = note, .sink_data = &seen };
        tracker_free(in.tracker);
        in.tracker = tracker_new(&options);
        for (guint32 i = 0; i < connections; i++) {
                open_connection(&in, i);
                close_connection(&in, i);
                in.time_ns += SECOND_NS / 20;
        }
        totals = report_all(&in);
        g_assert_cmpuint(seen.took_rest, ==, 1);
        g_assert_cmpuint(totals->flows, ==, connections);
        g_assert_cmpuint(seen.by_close[CLOSE_ORDERLY], ==, connections);
        g_assert_cmpint(totals->given_up.since_ns, ==, 0);
        end(&in);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/budget/flood", test_flood);
        g_test_add_func("/budget/idle", test_idle);
        g_test_add_data_func("/budget/closed", GINT_TO_POINTER(FALSE), test_closed);
        g_test_add_data_func("/budget/closed-ipv6", GINT_TO_POINTER(TRUE), test_closed);
        g_test_add_func("/budget/open-after-rst", test_open_after_rst);
        g_test_add_func("/budget/take-all", test_take_all);
        return g_test_run();
}
