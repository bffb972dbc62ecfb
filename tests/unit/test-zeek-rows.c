/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Zeek's rows made of the timeline when a flow is judged are those that are kept from its first packet on: of conversations
 * whose packets come in order, with what a timeline does not tell, or not to the end.
 */

#include <string.h>

#include "analyzer/tracker.h"

#define SECOND_NS G_GINT64_CONSTANT(1000000000)
#define FTP 21U

enum {
        TUNNELS = 1 << 0,   /* packets change between two */
        FIRST_TUNNEL = 1 << 1, /* all are in one */
        LONG_WORDS = 1 << 2,
        CUT = 1 << 3,       /* payload, always */
        CUT_AT_TIMES = 1 << 4,
        PAUSES = 1 << 5,    /* so long that Zeek begins another row */
        LONG = 1 << 6,      /* its timeline is thinned out */
        ERRORS = 1 << 7,    /* ICMP errors come, too */
        FINS = 1 << 8,
        SHORT_PAUSES = 1 << 9, /* about as long as it waits after a close */
        WINDOWS = 1 << 10,  /* of 0 bytes at times */
        ODD = 1 << 11,      /* packets that are not the next one of their side */
        TRAITS = 1 << 12,
};

typedef struct Conversation {
        Block *block;
        GRand *rand;
        guint traits;
        gint64 time_ns;
        guint64 frame;
        guint32 next[SIDES];
} Conversation;

static gboolean one_in(Conversation *c, guint n) {
        return g_rand_int_range(c->rand, 0, (gint)n) == 0;
}

/* Sent again, or early, captured late, or of other flags. */
static void make_odd(Conversation *c, Segment *s) {
        switch (g_rand_int_range(c->rand, 0, 6)) {
        case 0:
                s->seq -= (guint32)g_rand_int_range(c->rand, 1, 1500);
                break;
        case 1:
                s->seq += (guint32)g_rand_int_range(c->rand, 1, 5000);
                break;
        case 2:
                s->time_ns -= g_rand_int_range(c->rand, 1, 2000000);
                break;
        case 3:
                s->flags = TCP_RST | (s->flags & TCP_ACK);
                break;
        case 4:
                s->flags = (guint8)g_rand_int_range(c->rand, 0, 256);
                break;
        default:
                s->seq = s->ack = 0;
                s->flags = TCP_ACK;
        }
}

/* The last packet was captured twice. */
static void put_copy(Conversation *c) {
        Segment *s = block_next(c->block);

        *s = s[-1];
        s->frame = frame_ref(0, ++c->frame);
        block_note_frame(c->block, s->frame, s->time_ns);
        block_add(c->block);
}

static void put(Conversation *c, guint side, guint8 flags, guint32 payload_bytes) {
        static const guint8 ends[SIDES][4] = { { 10, 0, 0, 1 }, { 10, 0, 0, 2 } };
        Segment *s = block_next(c->block);

        c->time_ns += c->traits & PAUSES && one_in(c, 30) ? 301 * SECOND_NS : g_rand_int_range(c->rand, 0, 1000000);
        if (c->traits & SHORT_PAUSES && one_in(c, 4))
                c->time_ns += g_rand_int_range(c->rand, 1, one_in(c, 20) ? 7 : 5) * SECOND_NS;
        *s = (Segment){
                .time_ns = c->time_ns,
                .frame = frame_ref(0, ++c->frame),
                .source_port = side == CLIENT ? 40000 : FTP,
                .destination_port = side == CLIENT ? FTP : 40000,
                .seq = c->next[side],
                .ack = flags & TCP_ACK ? c->next[!side] : 0,
                .payload_bytes = payload_bytes,
                .window = c->traits & WINDOWS && one_in(c, 8) ? 0 : 1000,
                .flags = flags,
                .ttl = 64,
                .ip_id = (guint16)c->frame,
        };
        address_set_ipv4(&s->source, ends[side]);
        address_set_ipv4(&s->destination, ends[!side]);
        if (payload_bytes && (c->traits & CUT || (c->traits & CUT_AT_TIMES && one_in(c, 2))))
                s->facts |= SEGMENT_PAYLOAD_CUT;
        s->long_word = c->traits & LONG_WORDS && side == CLIENT && payload_bytes && one_in(c, 4);
        s->tunnel = c->traits & TUNNELS && one_in(c, 4) ? 2 : !!(c->traits & FIRST_TUNNEL);
        if (c->traits & ODD && one_in(c, 8))
                make_odd(c, s);
        c->next[side] += payload_bytes + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
        block_note_frame(c->block, s->frame, s->time_ns);
        block_add(c->block);
        if (c->traits & ODD && one_in(c, 16))
                put_copy(c);
}

/* Somebody says that the server's last packet did not get through. */
static void put_error(Conversation *c) {
        put(c, SERVER, 0, 0);
        c->block->segment[c->block->n - 1].kind = SEGMENT_ICMP_QUOTE;
        c->block->segment[c->block->n - 1].icmp_type = 3;
        c->block->segment[c->block->n - 1].seq--;
}

/* One side closes, or both, or both at once. */
static void finish(Conversation *c) {
        const guint first = one_in(c, 2) ? CLIENT : SERVER, fins = one_in(c, 4) ? 1 : 2;
        const gboolean at_once = one_in(c, 3);

        for (guint i = 0; i < fins; i++) {
                put(c, first ^ i, TCP_FIN | TCP_ACK, one_in(c, 2) ? 100 : 0);
                if (at_once)
                        c->block->segment[c->block->n - 1].ack -= i;
                else
                        put(c, !(first ^ i), TCP_ACK, 0);
        }
        for (guint i = 0; at_once && i < fins; i++)
                put(c, !(first ^ i), TCP_ACK, 0);
}

static void converse(Conversation *c) {
        const guint n = (guint)g_rand_int_range(c->rand, 0, c->traits & LONG ? 300 : 30);

        c->next[CLIENT] = g_rand_int(c->rand);
        c->next[SERVER] = g_rand_int(c->rand);
        put(c, CLIENT, TCP_SYN, 0);
        put(c, SERVER, TCP_SYN | TCP_ACK, 0);
        put(c, CLIENT, TCP_ACK, 0);
        for (guint i = 0; i < n; i++) {
                const guint side = one_in(c, 2) ? CLIENT : SERVER;

                put(c, side, TCP_ACK | TCP_PSH, (guint32)g_rand_int_range(c->rand, 1, 1400));
                if (one_in(c, 2))
                        put(c, !side, TCP_ACK, 0);
                if (c->traits & ERRORS && one_in(c, 10))
                        put_error(c);
        }
        if (c->traits & FINS)
                finish(c);
}

static void tell_one(GString *rows, const FlowRecord *f) {
        g_string_append_printf(rows, "%s %s\n", f->zeek_conn_state, f->zeek_history);
        for (guint i = 0; i < f->n_zeek_later; i++)
                g_string_append_printf(rows, "later %s %s\n", f->zeek_later[i].conn_state, f->zeek_later[i].history);
}

static void tell(const FlowRecord *records, guint n, gpointer data) {
        for (guint i = 0; i < n; i++)
                tell_one(data, &records[i]);
}

/* Returns: the rows of a conversation of @traits. */
static GString *rows_of(Block *b, guint32 seed, guint traits, gboolean in_full) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
        GString *rows = g_string_new(NULL);
        TrackerOptions options = tracker_options_default();
        g_autoptr(Tracker) tracker = NULL;

        options.zeek = TRUE;
        options.in_full = in_full;
        options.sink = tell;
        options.sink_data = rows;
        tracker = tracker_new(&options);
        block_clear(b);
        converse(&(Conversation){ .block = b, .rand = rand, .traits = traits, .time_ns = 1000 * SECOND_NS });
        b->last = TRUE;
        tracker_take(tracker, b);
        return rows;
}

static void test_the_same(gconstpointer data) {
        const guint trait = GPOINTER_TO_UINT(data);
        g_autofree Block *b = block_new();
        g_autoptr(GRand) rand = g_rand_new_with_seed(trait);

        for (guint i = 0; i < 300; i++) {
                const guint32 seed = g_rand_int(rand);
                const guint traits = trait | (i % 2 ? g_rand_int(rand) % TRAITS : i % 4 ? FINS : 0U);
                GString *made = rows_of(b, seed, traits, FALSE), *kept = rows_of(b, seed, traits, TRUE);

                g_assert_cmpstr(made->str, ==, kept->str);
                g_string_free(made, TRUE);
                g_string_free(kept, TRUE);
        }
}

int main(int argc, char **argv) {
        static const struct {
                const char *path;
                guint trait;
        } tests[] = {
                { "/zeek-rows/plain", 0 },
                { "/zeek-rows/tunnels", TUNNELS | FIRST_TUNNEL },
                { "/zeek-rows/one-tunnel", FIRST_TUNNEL },
                { "/zeek-rows/long-words", LONG_WORDS },
                { "/zeek-rows/cut", CUT },
                { "/zeek-rows/cut-at-times", CUT_AT_TIMES },
                { "/zeek-rows/pauses", PAUSES },
                { "/zeek-rows/short-pauses", SHORT_PAUSES | FINS },
                { "/zeek-rows/windows", WINDOWS },
                { "/zeek-rows/long", LONG },
                { "/zeek-rows/errors", LONG | ERRORS },
                { "/zeek-rows/odd", ODD | FINS },
                { "/zeek-rows/odd-pauses", ODD | FINS | SHORT_PAUSES },
                { "/zeek-rows/odd-long", ODD | LONG | CUT_AT_TIMES },
        };

        g_test_init(&argc, &argv, NULL);
        for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
                g_test_add_data_func(tests[i].path, GUINT_TO_POINTER(tests[i].trait), test_the_same);
        return g_test_run();
}
