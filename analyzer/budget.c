/* SPDX-License-Identifier: BSD-3-Clause */
#include "budget.h"
#include "pages.h"

/* In quarters of a shard's memory. */
#define QUARTERS_FLOWS 3
#define QUARTERS_TOMBSTONES 1

/* So much of what flows hold is given up at a time: each time all of them are looked at. */
#define GIVEN_UP_PART 4

/* One in so many tells when the others ended. */
#define SAMPLED 61U

typedef enum Rank {
        RANK_HALF_OPEN, /* given up first */
        RANK_IDLE,
        RANKS
} Rank;

/* A handshake that is under way is not over: a SYN comes again after one second and then after two (RFC 6298 2.1, 5.5). */
#define HANDSHAKE_NS (3 * G_GINT64_CONSTANT(1000000000))

static Rank rank_of(const Flow *f, gint64 now_ns) {
        return shard_is_half_open(f) && now_ns - flow_end_ns(f) > HANDSHAKE_NS ? RANK_HALF_OPEN : RANK_IDLE;
}

static void give_up(Shard *x, Flow *f, gboolean as_closed) {
        f->given_up = TRUE;
        due_list_add(&x->due, (Due){ flow_end_ns(f), f, as_closed });
}

/* Returns: how many bytes less, at @flow_bytes a flow. */
static gsize give_up_closed(Shard *x, gsize bytes, gsize flow_bytes) {
        gsize less = 0;
        Flow *f;

        while (less < bytes && (f = shard_oldest_closed(x)) != NULL) {
                give_up(x, f, TRUE);
                x->totals.given_up.closed++;
                less += flow_bytes;
        }
        return less;
}

static int by_time(gconstpointer a, gconstpointer b) {
        const gint64 *x = a, *y = b;

        return *x < *y ? -1 : *x > *y;
}

/* Returns: the time that about @n of the flows of @rank ended before; G_MAXINT64 if there are no more than that. */
static gint64 age_of(const Shard *x, Rank rank, gint64 now_ns, gsize n) {
        g_autoptr(GArray) ends = g_array_new(FALSE, FALSE, sizeof(gint64));
        guint32 place = 0;
        gsize all = 0;
        Flow *f;

        while ((f = flow_table_each(x->table, &place))) {
                gint64 end_ns = flow_end_ns(f);

                if (f->queued || f->given_up || rank_of(f, now_ns) != rank)
                        continue;
                if (all++ % SAMPLED == 0)
                        g_array_append_val(ends, end_ns);
        }
        if (n >= all)
                return G_MAXINT64;
        g_array_sort(ends, by_time);
        return g_array_index(ends, gint64, n / SAMPLED);
}

static gsize give_up_before(Shard *x, Rank rank, gint64 now_ns, gint64 time_ns) {
        guint32 place = 0;
        gsize n = 0;
        Flow *f;

        while ((f = flow_table_each(x->table, &place))) {
                if (f->queued || f->given_up || rank_of(f, now_ns) != rank || flow_end_ns(f) > time_ns)
                        continue;
                give_up(x, f, FALSE);
                n++;
        }
        return n;
}

static void give_up_flows(Shard *x, gint64 now_ns, gsize bytes, gsize flow_bytes) {
        guint64 *counts[RANKS] = { [RANK_HALF_OPEN] = &x->totals.given_up.half_open, [RANK_IDLE] = &x->totals.given_up.idle };
        gsize less = give_up_closed(x, bytes, flow_bytes);

        for (Rank rank = 0; rank < RANKS && less < bytes; rank++) {
                gint64 before_ns = age_of(x, rank, now_ns, (bytes - less) / flow_bytes);
                gsize n = give_up_before(x, rank, now_ns, before_ns);

                *counts[rank] += n;
                less += n * flow_bytes;
                if (before_ns < G_MAXINT64)
                        break; /* there are more of this rank */
        }
        due_list_sort(&x->due);
}

/* Of a flow, and of a tombstone with its part of the index: most are no larger. */
#define FLOW_BYTES 320U
#define TOMBSTONE_BYTES 65U

void budget_take_all(Shard *const *shards, gsize memory_bytes) {
        gsize of_shard = memory_bytes / SHARDS, taken = 0;

        for (guint i = 0; i < SHARDS; i++) {
                FlowTableUse use;

                flow_table_reserve(shards[i]->table, of_shard / 4 * QUARTERS_FLOWS / FLOW_BYTES + of_shard / 4 * QUARTERS_TOMBSTONES / TOMBSTONE_BYTES);
                use = flow_table_use(shards[i]->table);
                taken += use.flow_bytes + use.tombstone_bytes;
        }
        pages_hold(memory_bytes > taken ? memory_bytes - taken : 0);
}

void budget_keep(Shard *x, gint64 now_ns) {
        FlowTableUse use = flow_table_use(x->table);
        gsize flows_max = x->memory_bytes / 4 * QUARTERS_FLOWS, tombstones_max = x->memory_bytes / 4 * QUARTERS_TOMBSTONES;
        gboolean any = FALSE;

        if (use.tombstone_bytes_used > tombstones_max) {
                x->totals.given_up.tombstones += flow_table_forget_tombstones(x->table);
                any = TRUE;
        }
        if (use.flows > 0 && use.flow_bytes_used > flows_max) {
                give_up_flows(x, now_ns, use.flow_bytes_used - flows_max + flows_max / GIVEN_UP_PART, use.flow_bytes_used / use.flows);
                any = TRUE;
        }
        if (any && !x->totals.given_up.since_ns)
                x->totals.given_up.since_ns = now_ns;
}
