/* SPDX-License-Identifier: BSD-3-Clause */

/* A made-up capture through the whole pipeline: connections that their server closes, and how many TIME_WAITs it holds. */

#include <string.h>

#include "analyzer/hosts/hosts.h"
#include "tests/pipeline.h"

#define START_S 1700000000U
#define SECONDS 250U
#define PER_SECOND 200U
#define PORTS 20000U
#define SECOND_NS G_GINT64_CONSTANT(1000000000)

/* ── The capture ─────────────────────────────────────────────────────────── */

enum { PACKETS = 6, PACKET_BYTES = 40, STEP_US = 500 };

/* A connection in six packets, half a millisecond apart: opened by the client, closed by the server. */
static const struct {
        guint8 side, flags;
        guint8 seq, ack;
} story[PACKETS] = {
        { CLIENT, TCP_SYN, 0, 0 },           { SERVER, TCP_SYN | TCP_ACK, 0, 1 }, { CLIENT, TCP_ACK, 1, 1 },
        { SERVER, TCP_FIN | TCP_ACK, 1, 1 }, { CLIENT, TCP_FIN | TCP_ACK, 1, 2 }, { SERVER, TCP_ACK, 2, 2 },
};

static void put_16(guint8 *at, guint16 number) {
        at[0] = (guint8)(number >> 8);
        at[1] = (guint8)number;
}

static void put_32(guint8 *at, guint32 number) {
        put_16(at, (guint16)(number >> 16));
        put_16(at + 2, (guint16)number);
}

/* IPv4 and TCP without options: 10.0.0.1 or .2 and a port of its own, to 10.0.0.9:80. */
static void append_packet(GByteArray *bytes, guint connection, guint i) {
        guint32 microseconds = connection % PER_SECOND * (1000000U / PER_SECOND) + i * STEP_US,
                header[4] = { START_S + connection / PER_SECOND, microseconds, PACKET_BYTES, PACKET_BYTES };
        guint8 packet[PACKET_BYTES] = { 0x45, 0, 0, PACKET_BYTES, 0, 1, 0x40, 0, 64, 6 };
        gboolean client = story[i].side == CLIENT;
        guint32 round = connection / (2 * PORTS), isn[SIDES] = { round << 20, (round << 20) + 7 };
        guint16 port = (guint16)(30000 + connection / 2 % PORTS);

        put_32(packet + (client ? 12 : 16), 0x0a000001U + connection % 2);
        put_32(packet + (client ? 16 : 12), 0x0a000009U);
        put_16(packet + (client ? 20 : 22), port);
        put_16(packet + (client ? 22 : 20), 80);
        put_32(packet + 24, isn[story[i].side] + story[i].seq);
        put_32(packet + 28, story[i].flags & TCP_ACK ? isn[!story[i].side] + story[i].ack : 0);
        packet[32] = 0x50;
        packet[33] = story[i].flags;
        put_16(packet + 34, 64000);
        g_byte_array_append(bytes, (const guint8 *)header, sizeof header);
        g_byte_array_append(bytes, packet, sizeof packet);
}

static GBytes *make_capture(void) {
        static const guint32 header[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 101 /* raw IP */ };
        GByteArray *bytes = g_byte_array_new();

        g_byte_array_append(bytes, (const guint8 *)header, sizeof header);
        for (guint connection = 0; connection < SECONDS * PER_SECOND; connection++)
                for (guint i = 0; i < PACKETS; i++)
                        append_packet(bytes, connection, i);
        return g_byte_array_free_to_bytes(bytes);
}

/* ── Its hosts ───────────────────────────────────────────────────────────── */

/* Three guesses of what they run, side by side. */
static const char *const models[] = { "linux", "windows", "solaris" };

typedef struct Taken {
        Hosts *hosts[G_N_ELEMENTS(models)];
} Taken;

static HostChoice choose(const Address *address, gpointer data) {
        return (HostChoice){ .model = data, .basis = "option" };
}

static void take(const FlowRecord *records, guint n, gpointer data) {
        Taken *t = data;

        for (const FlowRecord *f = records; f < records + n; f++)
                for (guint i = 0; i < G_N_ELEMENTS(models); i++)
                        hosts_add(t->hosts[i], f);
}

static void run(Taken *t) {
        g_autoptr(GBytes) bytes = make_capture();
        g_autoptr(GError) error = NULL;
        g_autoptr(Capture) c = capture_open_bytes("made-up", bytes, 0, &error);
        g_autoptr(Dissector) dissector = dissector_new();
        g_autoptr(Tracker) tracker = NULL;
        TrackerOptions options = tracker_options_default();

        g_assert_no_error(error);
        for (guint i = 0; i < G_N_ELEMENTS(models); i++)
                t->hosts[i] = hosts_new(&(HostsOptions){ .choose = choose, .choose_data = (gpointer)host_model_parse(models[i]) });
        options.sink = take;
        options.sink_data = t;
        tracker = tracker_new(&options);
        pipeline_run(tracker, dissector, c);
}

static Census *census_of(const Hosts *h, gboolean server_only) {
        g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(guint32));

        for (guint32 i = 0; i < hosts_endpoints(h); i++)
                if (!server_only || hosts_endpoint(h, i)->service)
                        g_array_append_val(places, i);
        return hosts_census(h, places);
}

/* At the end of each second: all that came within the time, and no 4-tuple twice (ports come round after 200 s). */
static void check_seconds(const Hosts *h, guint64 time_wait_s) {
        g_autoptr(Census) server = census_of(h, TRUE), all = census_of(h, FALSE);
        guint64 lasts = MIN(time_wait_s, 2 * PORTS / PER_SECOND);

        g_assert_cmpuint(server->points->len, ==, SECONDS);
        g_assert_cmpuint(server->peak[STATE_TIME_WAIT].count, ==, PER_SECOND * lasts);
        g_assert_cmpint(server->peak[STATE_TIME_WAIT].second, ==, START_S + lasts - 1);
        for (guint i = 0; i < SECONDS; i++) {
                const CensusPoint *one = &g_array_index(server->points, CensusPoint, i), *sum = &g_array_index(all->points, CensusPoint, i);
                guint64 ends = 0;

                g_assert_cmpint(one->second, ==, START_S + i);
                g_assert_cmpuint(one->count[STATE_TIME_WAIT], ==, PER_SECOND * MIN(i + 1, lasts));
                for (guint state = 0; state < STATES; state++)
                        ends += sum->count[state];
                g_assert_cmpuint(ends, ==, SIDES * PER_SECOND * (i + 1));
        }
}

static void test_census(void) {
        Taken t;

        run(&t);
        for (guint i = 0; i < G_N_ELEMENTS(models); i++) {
                check_seconds(t.hosts[i], host_model_parse(models[i])->time_wait_s);
                hosts_free(t.hosts[i]);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/host-census/every-second", test_census);
        return g_test_run();
}
