/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A connection that sent more than half of the sequence space, and more than all of it, is one connection and closed as any
 * other: also where it closed half a round behind its beginning, where the beginning looks like what comes next.
 */

#include <string.h>

#include "analyzer/tracker.h"

#define GIANT_BYTES 65000U
#define ISN 0xfffff000U

typedef struct Input {
        Tracker *tracker;
        Block *block;
        guint64 frames;
} Input;

static void keep(const FlowRecord *records, guint n, gpointer data) {
        g_array_append_vals(data, records, n);
}

static void flush(Input *in, gboolean last) {
        in->block->last = last;
        tracker_take(in->tracker, in->block);
        block_clear(in->block);
}

static void put(Input *in, guint side, guint8 flags, guint32 seq, guint32 ack, guint32 payload_bytes) {
        const guint8 address[SIDES][4] = { { 10, 0, 0, 1 }, { 10, 0, 0, 2 } };
        const guint16 port[SIDES] = { 40000, 80 };
        Segment *s = block_next(in->block);

        memset(s, 0, sizeof *s);
        address_set_ipv4(&s->source, address[side]);
        address_set_ipv4(&s->destination, address[!side]);
        s->source_port = port[side];
        s->destination_port = port[!side];
        s->frame = frame_ref(0, ++in->frames);
        s->time_ns = (gint64)in->frames * 100000;
        s->seq = seq;
        s->ack = ack;
        s->flags = flags;
        s->payload_bytes = payload_bytes;
        block_note_frame(in->block, s->frame, s->time_ns);
        block_add(in->block);
        if (block_room(in->block) == 0)
                flush(in, FALSE);
}

/* @sender sends @giants giant segments; each second one is acknowledged, each tenth one twice. Then @closer closes. */
static void talk(Input *in, guint sender, guint closer, guint giants) {
        guint32 number[SIDES] = { ISN, 5000 };
        const guint peer = !sender;

        put(in, CLIENT, TCP_SYN, number[CLIENT]++, 0, 0);
        put(in, SERVER, TCP_SYN | TCP_ACK, number[SERVER]++, number[CLIENT], 0);
        put(in, CLIENT, TCP_ACK, number[CLIENT], number[SERVER], 0);
        for (guint i = 0; i < giants; i++) {
                put(in, sender, TCP_ACK, number[sender], number[peer], GIANT_BYTES);
                number[sender] += GIANT_BYTES;
                if (i % 2)
                        put(in, peer, TCP_ACK, number[peer], number[sender], 0);
                if (i % 10 == 9)
                        put(in, peer, TCP_ACK, number[peer], number[sender], 0);
        }
        put(in, closer, TCP_FIN | TCP_ACK, number[closer], number[!closer], 0);
        number[closer]++;
        put(in, !closer, TCP_FIN | TCP_ACK, number[!closer], number[closer], 0);
        number[!closer]++;
        put(in, closer, TCP_ACK, number[closer], number[!closer], 0);
}

/* @data: how many thousand giant segments: 1000 are 65 MB */
static void test_far(gconstpointer data) {
        const guint giants = GPOINTER_TO_UINT(data) * 1000;

        for (guint i = 0; i < 8; i++) {
                const guint sender = i & 1, closer = i >> 1 & 1;
                g_autoptr(GArray) flows = g_array_new(FALSE, FALSE, sizeof(FlowRecord));
                TrackerOptions options = tracker_options_default();
                const FlowRecord *f;
                Input in;

                options.sink = keep;
                options.sink_data = flows;
                options.in_full = i >> 2;
                in = (Input){ .tracker = tracker_new(&options), .block = block_new() };
                talk(&in, sender, closer, giants);
                flush(&in, TRUE);
                g_assert_cmpuint(flows->len, ==, 1);
                f = &g_array_index(flows, FlowRecord, 0);
                g_assert_cmpstr(close_kind_name(f->close), ==, "orderly");
                g_assert_cmpuint(f->closed_first_by, ==, closer);
                g_assert_cmpuint(f->side[closer].state, ==, STATE_TIME_WAIT);
                g_assert_cmpuint(f->side[!closer].state, ==, STATE_CLOSED);
                g_assert_cmpuint(f->side[CLIENT].isn, ==, ISN);
                g_assert_cmpuint(f->side[SERVER].isn, ==, 5000);
                g_assert_cmpuint(f->side[sender].payload_bytes, ==, (guint64)giants * GIANT_BYTES);
                g_assert_cmpuint(f->side[sender].unacked_bytes, ==, 0);
                g_assert_cmpuint(f->side[CLIENT].missing_bytes + f->side[SERVER].missing_bytes, ==, 0);
                tracker_free(in.tracker);
                g_free(in.block);
        }
}

int main(int argc, char **argv) {
        static const guint thousands[] = { 1, 16, 17, 32, 33, 34, 49, 50, 66, 67, 70, 82, 99, 132, 133 };

        g_test_init(&argc, &argv, NULL);
        for (guint i = 0; i < G_N_ELEMENTS(thousands); i++) {
                g_autofree char *name = g_strdup_printf("/far/%u-mb", thousands[i] * 65);

                g_test_add_data_func(name, GUINT_TO_POINTER(thousands[i]), test_far);
        }
        return g_test_run();
}
