/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What is read of packed entries is what was written: of connections as they are, of numbers at their limits, and
 * of anything at all.
 */

#include <stdlib.h>

#include "analyzer/packed.h"

#define ENTRIES 600U
#define ROUNDS 400U

typedef struct Talk {
        GRand *random;
        gint64 time_ns;
        FrameRef frame;
        guint32 number[SIDES], clock[SIDES];
        guint16 ip_id[SIDES];
} Talk;

static gboolean one_in(Talk *t, gint32 n) {
        return g_rand_int_range(t->random, 0, n) == 0;
}

/* A number that is likely to be at the limit of some width. */
static guint64 edge(Talk *t) {
        guint64 x = (guint64)1 << g_rand_int_range(t->random, 0, 64);

        return one_in(t, 3) ? x - 1 : one_in(t, 2) ? -x : x;
}

/* The next packet of a connection that behaves. */
static TimelineEntry next_entry(Talk *t) {
        guint side = g_rand_int(t->random) & 1;
        TimelineEntry e = { .marks = (guint16)(side | ENTRY_TIMESTAMP | ENTRY_OPTIONS | ENTRY_IP_ID), .flags = TCP_ACK, .window = 501, .ttl = 64 };

        t->time_ns += g_rand_int_range(t->random, 0, 1 << g_rand_int_range(t->random, 1, 31));
        t->frame += (FrameRef)g_rand_int_range(t->random, 1, 5000);
        t->clock[side] += (guint32)g_rand_int_range(t->random, 0, 300);
        e.time_ns = t->time_ns;
        e.frame = t->frame;
        e.seq = t->number[side];
        e.ack = t->number[!side] - (one_in(t, 5) ? (guint32)g_rand_int_range(t->random, 0, 200000) : 0);
        e.payload_bytes = one_in(t, 2) ? (guint32)g_rand_int_range(t->random, 0, 70000) : 0;
        e.tsval = t->clock[side];
        e.tsecr = t->clock[!side];
        e.ip_id = one_in(t, 20) ? 0 : ++t->ip_id[side];
        if (one_in(t, 20))
                e.flags |= (guint8)(one_in(t, 2) ? TCP_FIN : TCP_PSH);
        if (one_in(t, 20))
                e.window = (guint16)g_rand_int(t->random);
        t->number[side] = entry_end(&e);
        return e;
}

/* A SYN or SYN+ACK, which begins anew. */
static TimelineEntry next_syn(Talk *t) {
        TimelineEntry e = next_entry(t);
        guint side = entry_side(&e);

        e.flags = TCP_SYN | (one_in(t, 2) ? TCP_ACK : 0);
        e.marks |= ENTRY_PINNED;
        e.payload_bytes = 0;
        e.ack = t->number[!side];
        e.seq = one_in(t, 3) ? e.seq : g_rand_int(t->random);
        e.ttl = one_in(t, 2) ? 64 : 128;
        if (one_in(t, 3)) {
                e.marks &= (guint16)~(ENTRY_TIMESTAMP | ENTRY_IP_ID | ENTRY_OPTIONS);
                e.tsval = 0;
                e.marks |= one_in(t, 2) ? ENTRY_OPTIONS_CUT : 0;
        }
        t->number[side] = entry_end(&e);
        return e;
}

/* ...and one of its fields is anything. */
static void spoil(Talk *t, TimelineEntry *e) {
        switch (g_rand_int_range(t->random, 0, 14)) {
        case 0: e->time_ns = (gint64)edge(t); break;
        case 1: e->time_ns += (gint64)(edge(t) >> 2); break;
        case 2: e->frame = edge(t); break;
        case 3: e->frame += edge(t); break;
        case 4: e->seq += (guint32)edge(t); break;
        case 5: e->ack += (guint32)edge(t); break;
        case 6: e->payload_bytes = (guint32)edge(t); break;
        case 7: e->tsval += (guint32)edge(t); break;
        case 8: e->tsecr += (guint32)edge(t); break;
        case 9: e->sack_right = (guint32)edge(t); break;
        case 10: e->marks = (guint16)edge(t); break;
        case 11: e->marks ^= (guint16)edge(t); break;
        case 12: e->flags = (guint8)edge(t); break;
        case 13: e->ttl = (guint8)edge(t); break;
        default: g_assert_not_reached();
        }
}

static TimelineEntry anything(Talk *t) {
        TimelineEntry e;

        for (guint i = 0; i < sizeof e; i++)
                ((guint8 *)&e)[i] = (guint8)g_rand_int(t->random);
        return e;
}

static gboolean is_same(const TimelineEntry *a, const TimelineEntry *b) {
        return memcmp(a, b, sizeof *a) == 0;
}

/* What the straight way takes it writes as the other one does. Returns: whether it took it. */
static gboolean check_usual(const Expected *x, const TimelineEntry *e) {
        Expected usual = *x, other = *x;
        guint8 a[PACKED_BYTES_MAX], b[PACKED_BYTES_MAX], *a_end = packed_write_usual(&usual, e, a), *b_end;

        if (!a_end)
                return FALSE;
        b_end = packed_write_short(&other, e, b);
        g_assert_nonnull(b_end);
        g_assert_cmpmem(a, (gsize)(a_end - a), b, (gsize)(b_end - b));
        g_assert_cmpmem(&usual, sizeof usual, &other, sizeof other);
        return TRUE;
}

static guint usual_entries;

/* @spoiled: one entry in so many, 0 none. Returns: the bytes it took. */
static gsize go_round(guint32 seed, gint32 spoiled, gboolean all_anything) {
        g_autoptr(GRand) random = g_rand_new_with_seed(seed);
        g_autofree TimelineEntry *entries = g_new(TimelineEntry, ENTRIES);
        g_autofree guint8 *records = g_malloc(ENTRIES * PACKED_BYTES_MAX);
        Talk talk = { .random = random, .time_ns = g_rand_int(random), .frame = frame_ref(seed & 3, 1), .number = { seed, ~seed } };
        Expected writer = { .time_ns = talk.time_ns, .frame = talk.frame }, reader = writer;
        guint8 *end = records;
        const guint8 *at = records;

        for (guint i = 0; i < ENTRIES; i++) {
                guint8 *next;

                entries[i] = all_anything ? anything(&talk) : one_in(&talk, 8) ? next_syn(&talk) : next_entry(&talk);
                if (spoiled && one_in(&talk, spoiled))
                        spoil(&talk, &entries[i]);
                usual_entries += check_usual(&writer, &entries[i]);
                next = entries[i].flags & TCP_SYN ? packed_write_syn(&writer, &entries[i], end) : packed_write_short(&writer, &entries[i], end);
                g_assert_true(!next || next - end <= PACKED_SHORT_BYTES_MAX);
                if (!next)
                        next = packed_write_long(&writer, &entries[i], end);
                g_assert_cmpuint((gsize)(next - end), <=, PACKED_BYTES_MAX);
                end = next;
        }
        for (guint i = 0; i < ENTRIES; i++) {
                TimelineEntry e;

                at = packed_read(&reader, &e, at);
                g_assert_true(is_same(&e, &entries[i]));
        }
        g_assert_true(at == end);
        g_assert_true(memcmp(&reader, &writer, sizeof reader) == 0);
        return (gsize)(end - records);
}

static void test_connections(void) {
        gsize bytes = 0;

        for (guint i = 0; i < ROUNDS; i++)
                bytes += go_round(i, 0, FALSE);
        g_assert_cmpuint(bytes / (ROUNDS * ENTRIES), <=, 20);
        g_assert_cmpuint(usual_entries, >, 0);
}

/* What opens most connections: of the client's SYN nothing but itself is told, of the answer its time, too. */
static void test_opening(void) {
        guint8 records[2 * PACKED_BYTES_MAX], *end = records;
        Expected x = { .time_ns = 1000, .frame = frame_ref(0, 7) };
        TimelineEntry syn = { .time_ns = 1000, .frame = frame_ref(0, 7), .seq = 5, .tsval = 9, .window = 64240, .ip_id = 3, .flags = TCP_SYN, .ttl = 64,
                              .marks = ENTRY_TIMESTAMP | ENTRY_IP_ID | ENTRY_OPTIONS | ENTRY_PINNED };
        TimelineEntry answer = syn;

        answer.marks |= ENTRY_SERVER;
        answer.flags |= TCP_ACK;
        answer.time_ns += 30000;
        answer.frame += 2;
        answer.ack = syn.seq + 1;
        answer.tsecr = syn.tsval;
        answer.ip_id = 0;
        end = packed_write_syn(&x, &syn, end);
        g_assert_cmpint(end - records, ==, 16);
        end = packed_write_syn(&x, &answer, end);
        g_assert_cmpint(end - records, ==, 16 + 20);
}

static void test_edges(void) {
        for (guint i = 0; i < ROUNDS; i++)
                go_round(i, 1 + (gint32)(i % 20), FALSE);
}

static void test_anything(void) {
        for (guint i = 0; i < ROUNDS; i++)
                go_round(i, 0, TRUE);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/packed/connections", test_connections);
        g_test_add_func("/packed/opening", test_opening);
        g_test_add_func("/packed/edges", test_edges);
        g_test_add_func("/packed/anything", test_anything);
        return g_test_run();
}
