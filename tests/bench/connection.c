/* SPDX-License-Identifier: BSD-3-Clause */

#include "connection.h"

#include "dissect/segment.h"

#include <string.h>

#define MILLISECOND_NS G_GINT64_CONSTANT(1000000)
#define SECOND_NS (1000 * MILLISECOND_NS)

#define CLIENT 0
#define SERVER 1

#define BURST_SEGMENTS_MAX 8 /* its ACKs and one repeat must fit in a script too */
#define BURST_PACKETS 8      /* somewhat more than it has on average, so that transfers end before the packets do */
#define SEGMENT_BYTES 1448U

/* One in so many. */
#define LOSS 60       /* bursts with a segment that has to be sent again */
#define REORDERING 80 /* bursts with two segments that changed places */
#define REPEAT 100    /* SYNs and FINs that have to be sent again */
#define REUSE 20      /* orderly closes whose 4-tuple comes back within TIME_WAIT */
#define FLOOD_REAL 200
#define FLOOD_ANSWERED 4

#define CLIENT_PORT_FIRST 32768U
#define CLIENT_PORTS 28232U      /* Linux: ip_local_port_range */
#define CLIENT_PORT_STEP 12289U  /* has no factor in common with it: every port once, not in order */
#define CONNECTIONS_PER_CLIENT 20000U
#define CLIENTS_MIN 200U
#define SERVERS 40U

enum { PHASE_OPEN, PHASE_DATA, PHASE_END, PHASE_OVER };

enum {
        REUSE_NONE,
        REUSE_ISN_UP,     /* the peer of the holder, with a higher ISN (RFC 6191) */
        REUSE_ISN_DOWN,   /* the same with a lower one: challenged, reset, then accepted */
        REUSE_BY_HOLDER,  /* the active closer itself (Linux: tcp_tw_reuse, or bind) */
};

/* ── Chance ──────────────────────────────────────────────────────────────── */

guint64 random_next(guint64 *state) {
        guint64 z = *state += 0x9e3779b97f4a7c15U;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
        z = (z ^ z >> 27) * 0x94d049bb133111ebU;
        return z ^ z >> 31;
}

/* Returns: 0..n-1 */
static guint below(Connection *c, guint n) {
        return (guint)((random_next(&c->random) >> 32) * n >> 32);
}

static gboolean one_in(Connection *c, guint n) {
        return below(c, n) == 0;
}

/* ── Packets ─────────────────────────────────────────────────────────────── */

/* Lets the time pass that side @who needs to answer what was just captured. */
static void turn(Connection *c, guint who) {
        c->clock_ns += c->rtt_ns[who] + c->rtt_ns[who] * below(c, 100) / 1000 + 5000;
}

static void wait_up_to(Connection *c, gint64 ns) {
        c->clock_ns += 20000 + ns / 1000 * below(c, 1000);
}

/* Puts a packet that arrives. */
static Packet *put(Connection *c, guint from, guint8 flags, guint32 length) {
        Packet *p = &c->script[c->n++];

        *p = (Packet){
                .time_ns = c->clock_ns,
                .from = (guint8)from,
                .flags = flags,
                .seq = c->next[from],
                .ack = c->received[from],
                .length = length,
                .tsval = c->ts_base[from] + (guint32)(c->clock_ns / MILLISECOND_NS),
                .tsecr = c->ts_seen[from],
                .window = flags & TCP_SYN ? 64240 : 501,
        };
        c->next[from] += length + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
        c->received[!from] = c->next[from];
        c->ts_seen[!from] = p->tsval;
        return p;
}

/* Puts the last packet once more: the first copy was lost behind the capture point. */
static void put_again(Connection *c, gint64 after_ns) {
        Packet p = c->script[c->n - 1];

        c->clock_ns = p.time_ns + after_ns;
        p.time_ns = c->clock_ns;
        p.tsval = c->ts_base[p.from] + (guint32)(c->clock_ns / MILLISECOND_NS);
        c->ts_seen[!p.from] = p.tsval;
        c->script[c->n++] = p;
}

static void put_ack(Connection *c, guint from) {
        turn(c, from);
        put(c, from, TCP_ACK, 0);
}

static void put_fin(Connection *c, guint from) {
        put(c, from, TCP_FIN | TCP_ACK, 0);
        if (one_in(c, REPEAT))
                put_again(c, 205 * MILLISECOND_NS + 2 * c->rtt_ns[!from]);
}

/* A RST by a host that has no such socket: it answers a segment whose ack was @seq. */
static void put_bare_rst(Connection *c, guint from, guint32 seq) {
        Packet *p = put(c, from, TCP_RST, 0);

        p->bare = TRUE;
        p->window = 0;
        p->seq = seq;
}

/* ── Phases ──────────────────────────────────────────────────────────────── */

static void render_handshake(Connection *c) {
        put(c, CLIENT, TCP_SYN, 0);
        if (one_in(c, REPEAT))
                put_again(c, SECOND_NS);
        turn(c, SERVER);
        put(c, SERVER, TCP_SYN | TCP_ACK, 0);
        put_ack(c, CLIENT);
}

static void put_sacks(Connection *c, guint from, guint32 hole, guint32 size, guint n) {
        c->received[from] = hole;
        put_ack(c, from);
        for (guint i = 1; i <= n; i++) {
                Packet *p = put(c, from, TCP_ACK, 0);
                p->sack[0] = hole + size;
                p->sack[1] = hole + size * (i + 1);
        }
}

static void swap_two(Connection *c, guint first, guint n) {
        Packet *a = &c->script[first + below(c, n - 1)], *b = a + 1, kept = *a;
        gint64 a_ns = a->time_ns, b_ns = b->time_ns;

        *a = *b;
        *b = kept;
        a->time_ns = a_ns;
        b->time_ns = b_ns;
}

/* @n segments one behind the other and what the other end says to them. */
static void render_burst(Connection *c, guint from, guint n, guint32 size) {
        guint to = !from, first = c->n;
        guint32 base = c->next[from];
        gboolean loss = n > 2 && one_in(c, LOSS);
        guint lost = loss ? below(c, n - 1) : n;
        gboolean lost_before_us = loss && one_in(c, 2);

        for (guint i = 0; i < n; i++) {
                put(c, from, TCP_ACK | (i == n - 1 ? TCP_PSH : 0), size);
                if (i == lost && lost_before_us)
                        c->n--;
                c->clock_ns += 12000;
        }
        if (loss) {
                guint32 hole = base + lost * size, end = c->next[from];

                put_sacks(c, to, hole, size, n - 1 - lost);
                turn(c, from);
                c->next[from] = hole;
                put(c, from, TCP_ACK, size);
                c->next[from] = c->received[to] = end;
                put_ack(c, to);
                return;
        }
        if (n > 1 && one_in(c, REORDERING))
                swap_two(c, first, n);
        for (guint i = 2; i < n; i += 2) {
                c->received[to] = base + i * size;
                put_ack(c, to);
        }
        c->received[to] = base + n * size;
        put_ack(c, to);
}

static void render_data(Connection *c) {
        wait_up_to(c, c->pause_ns);
        if (c->kind == KIND_BULK) {
                render_burst(c, c->sender, 1 + below(c, BURST_SEGMENTS_MAX),
                             SEGMENT_BYTES * (1 + below(c, PAYLOAD_BYTES_MAX / SEGMENT_BYTES)));
                return;
        }
        put(c, CLIENT, TCP_ACK | TCP_PSH, 200 + below(c, 500));
        turn(c, SERVER);
        if (c->kind == KIND_SHORT) {
                put(c, SERVER, TCP_ACK | TCP_PSH, 300 + below(c, 1000));
                turn(c, CLIENT);
                return;
        }
        put(c, SERVER, TCP_ACK, 0);
        wait_up_to(c, 30 * MILLISECOND_NS);
        if (one_in(c, 3))
                render_burst(c, SERVER, 1, 100 + below(c, 1300));
        else
                render_burst(c, SERVER, 2 + below(c, BURST_SEGMENTS_MAX - 1), SEGMENT_BYTES);
}

/* ── Endings; @by is the side that acts first ────────────────────────────── */

/* By close(): what answers for @by in FIN_WAIT_2 has no counter of IP IDs (Linux inet_timewait_sock). */
static void end_orderly(Connection *c, guint by) {
        put_fin(c, by);
        put_ack(c, !by);
        wait_up_to(c, 2 * SECOND_NS);
        put_fin(c, !by);
        turn(c, by);
        put(c, by, TCP_ACK, 0)->mini = TRUE;
}

static void end_in_three(Connection *c, guint by) {
        put_fin(c, by);
        turn(c, !by);
        put_fin(c, !by);
        put_ack(c, by);
}

static void end_without_last_ack(Connection *c, guint by) {
        end_orderly(c, by);
        c->n--;
}

static void end_half_closed(Connection *c, guint by) {
        put_fin(c, by);
        put_ack(c, !by);
        if (one_in(c, 2)) {
                wait_up_to(c, SECOND_NS);
                put(c, !by, TCP_ACK | TCP_PSH, 100 + below(c, 900));
                put_ack(c, by);
        }
}

/* Both FINs are under way before either arrives. */
static void end_simultaneous(Connection *c, guint by) {
        guint32 received = c->received[!by];

        put(c, by, TCP_FIN | TCP_ACK, 0);
        guint32 with_fin = c->received[!by];
        c->received[!by] = received;
        c->clock_ns += 10000;
        put(c, !by, TCP_FIN | TCP_ACK, 0);
        c->received[!by] = with_fin;
        put_ack(c, by);
        c->clock_ns += 10000;
        put(c, !by, TCP_ACK, 0);
}

static void end_reset(Connection *c, guint by) {
        put(c, by, TCP_RST | TCP_ACK, 0);
}

/* An aborted transfer: data that the other end never acknowledges. */
static void end_reset_losing_data(Connection *c, guint by) {
        put(c, by, TCP_ACK | TCP_PSH, SEGMENT_BYTES);
        c->clock_ns += 50000;
        put(c, by, TCP_RST | TCP_ACK, 0);
}

/* Data for an end that has closed for good: answered by a bare RST. */
static void end_reset_after_fin(Connection *c, guint by) {
        put_fin(c, by);
        put_ack(c, !by);
        wait_up_to(c, SECOND_NS);
        Packet *data = put(c, !by, TCP_ACK | TCP_PSH, 100 + below(c, 900));
        turn(c, by);
        put_bare_rst(c, by, data->ack);
}

static void end_refused(Connection *c, guint by) {
        put(c, CLIENT, TCP_SYN, 0);
        turn(c, SERVER);
        c->next[SERVER] = 0;
        Packet *rst = put(c, SERVER, TCP_RST | TCP_ACK, 0);
        rst->bare = TRUE;
        rst->window = 0;
}

static void end_unanswered(Connection *c, guint by) {
        put(c, CLIENT, TCP_SYN, 0);
        for (guint i = 0, n = below(c, 6); i < n; i++)
                put_again(c, SECOND_NS << i);
}

/* A half-open scan. */
static void end_scan(Connection *c, guint by) {
        put(c, CLIENT, TCP_SYN, 0);
        turn(c, SERVER);
        put(c, SERVER, TCP_SYN | TCP_ACK, 0);
        turn(c, CLIENT);
        put_bare_rst(c, CLIENT, c->next[CLIENT]);
}

/* What the source of a flood sends; a host that exists would ask again. */
static void end_flooded(Connection *c, guint by) {
        put(c, CLIENT, TCP_SYN, 0);
}

static void end_flooded_answered(Connection *c, guint by) {
        put(c, CLIENT, TCP_SYN, 0);
        turn(c, SERVER);
        put(c, SERVER, TCP_SYN | TCP_ACK, 0);
}

static void end_open(Connection *c, guint by) {
        put(c, by, TCP_ACK | TCP_PSH, 1 + below(c, 99));
        put_ack(c, !by);
}

/* The other end has vanished: seven repeats at doubling intervals, then silence. */
static void end_abandoned(Connection *c, guint by) {
        put(c, by, TCP_ACK | TCP_PSH, 1 + below(c, SEGMENT_BYTES));
        for (guint i = 0; i < 7; i++)
                put_again(c, 300 * MILLISECOND_NS << i);
}

typedef struct Ending {
        const char *close; /* lastack's word, NULL where it is not certain */
        void (*render)(Connection *c, guint by);
        guint8 by;
        gboolean handshake; /* the ending comes after one, and after data */
        gboolean time_wait; /* is left at an end, so that the 4-tuple can be used again within it */
        guint weight; /* in a thousand */
} Ending;

static const Ending endings[] = {
        {"orderly", end_orderly, CLIENT, TRUE, TRUE, 320},
        {"orderly", end_orderly, SERVER, TRUE, TRUE, 200},
        {"orderly", end_in_three, CLIENT, TRUE, TRUE, 120},
        {"orderly", end_in_three, SERVER, TRUE, TRUE, 80},
        {"orderly-last-ack-unseen", end_without_last_ack, CLIENT, TRUE, FALSE, 10},
        {"orderly-last-ack-unseen", end_without_last_ack, SERVER, TRUE, FALSE, 10},
        {"half-closed", end_half_closed, CLIENT, TRUE, FALSE, 15},
        {"half-closed", end_half_closed, SERVER, TRUE, FALSE, 15},
        {"simultaneous", end_simultaneous, CLIENT, TRUE, FALSE, 10},
        {"simultaneous", end_simultaneous, SERVER, TRUE, FALSE, 10},
        {"reset", end_reset, CLIENT, TRUE, FALSE, 40},
        {"reset", end_reset, SERVER, TRUE, FALSE, 20},
        {"reset", end_reset_losing_data, CLIENT, TRUE, FALSE, 5},
        {"reset", end_reset_losing_data, SERVER, TRUE, FALSE, 5},
        {"reset-after-fin", end_reset_after_fin, CLIENT, TRUE, FALSE, 20},
        {"reset-after-fin", end_reset_after_fin, SERVER, TRUE, FALSE, 10},
        {"refused", end_refused, SERVER, FALSE, FALSE, 30},
        {"unanswered", end_unanswered, CLIENT, FALSE, FALSE, 30},
        {"handshake-only-reset", end_scan, CLIENT, FALSE, FALSE, 20},
        {"open", end_open, CLIENT, TRUE, FALSE, 10},
        {"open", end_open, SERVER, TRUE, FALSE, 10},
        {"abandoned", end_abandoned, CLIENT, TRUE, FALSE, 5},
        {"abandoned", end_abandoned, SERVER, TRUE, FALSE, 5},
        /* Not drawn, but given to the sources of a flood. */
        {"unanswered", end_flooded, CLIENT, FALSE, FALSE, 0},
        {NULL, end_flooded_answered, CLIENT, FALSE, FALSE, 0},
};

#define ENDING_FLOOD (G_N_ELEMENTS(endings) - 2)
#define ENDING_FLOOD_ANSWERED (G_N_ELEMENTS(endings) - 1)

static guint8 draw_ending(Connection *c) {
        guint total = 0, drawn, i;

        for (i = 0; i < G_N_ELEMENTS(endings); i++)
                total += endings[i].weight;
        drawn = below(c, total);
        for (i = 0; drawn >= endings[i].weight; i++)
                drawn -= endings[i].weight;
        return (guint8)i;
}

const char *connection_close(const Connection *c) {
        return endings[c->ending].close;
}

/* ── A connection from birth to reuse ────────────────────────────────────── */

static void set_address(guint8 *address, gboolean ipv6, guint8 net, guint64 host) {
        guint32 wire = GUINT32_TO_BE((guint32)net << 24 | (guint32)host);
        static const guint8 prefix[] = {0x20, 0x01, 0x0d, 0xb8};

        memset(address, 0, 16);
        if (ipv6)
                memcpy(address, prefix, sizeof prefix);
        memcpy(address + (ipv6 ? 12 : 0), &wire, sizeof wire);
}

/* Every number has a (client address, port) of its own; servers are few. */
static void set_ends(Connection *c, const Plan *plan, guint64 number) {
        guint64 clients = MAX(CLIENTS_MIN, plan->connections / CONNECTIONS_PER_CLIENT + 1);
        guint64 client = number % clients;
        Ends *ends = &c->ends;

        ends->ipv6 = plan->ipv6 && client % 4 == 3;
        set_address(ends->address[CLIENT], ends->ipv6, 10, 1 + client);
        set_address(ends->address[SERVER], ends->ipv6, 192, (168U << 16) + 1 + below(c, SERVERS));
        ends->port[CLIENT] = (guint16)(CLIENT_PORT_FIRST + (number / clients + client) * CLIENT_PORT_STEP % CLIENT_PORTS);
        ends->port[SERVER] = one_in(c, 3) ? 80 : 443;
}

/* A source that nothing else has: a mixed 46-bit number. */
static void set_flood_source(Connection *c, guint64 number) {
        const guint64 mask = ((guint64)1 << 46) - 1;
        guint64 mixed = number;

        for (guint i = 0; i < 3; i++) { /* each step can be undone, so no two numbers become one */
                mixed = mixed * 0x2545f4914f6cdd1dU & mask;
                mixed ^= mixed >> 23;
        }
        guint net = (guint)(mixed >> 40); /* 0..63 */
        set_address(c->ends.address[CLIENT], FALSE, (guint8)(16 + net), mixed >> 16 & 0xffffff);
        c->ends.port[CLIENT] = (guint16)mixed;
        c->ends.port[SERVER] = 443;
        set_address(c->ends.address[SERVER], FALSE, 192, (168U << 16) + 1);
        c->ends.ipv6 = FALSE;
}

static void set_path(Connection *c) {
        /* Near one end, as most captures are: that side answers at once. */
        guint near = below(c, 2);

        c->rtt_ns[near] = 40000 + 1000 * below(c, 400);
        c->rtt_ns[!near] = MILLISECOND_NS * (1 + below(c, 80));
}

/* What begins anew with each incarnation; @has_data: it gets as far as that. */
static void start(Connection *c, gboolean has_data) {
        for (guint side = 0; side < 2; side++)
                c->received[side] = c->ts_seen[side] = 0;
        do
                c->ending = draw_ending(c);
        while (has_data && !endings[c->ending].handshake);
        c->bursts = c->kind != KIND_WEB ? 1 : one_in(c, 12) ? 4 + below(c, 12) : 1 + below(c, 2);
        c->phase = endings[c->ending].handshake ? PHASE_OPEN : PHASE_END;
        c->reuse = REUSE_NONE;
        c->n = c->next_packet = 0;
        c->counted = FALSE;
}

void connection_init(Connection *c, const Plan *plan, guint64 number, gint64 start_ns, guint64 *random) {
        *c = (Connection){.kind = (guint8)plan->kind, .clock_ns = start_ns, .random = random_next(random)};
        set_ends(c, plan, number);
        set_path(c);
        c->ends.timestamps = !one_in(c, 4);
        for (guint side = 0; side < 2; side++) {
                c->next[side] = (guint32)random_next(&c->random);
                c->ts_base[side] = (guint32)random_next(&c->random);
                c->ends.ip_id[side] = (guint16)random_next(&c->random);
        }
        c->pause_ns = plan->kind == KIND_SHORT ? 500 * MILLISECOND_NS : 8 * SECOND_NS;
        start(c, plan->kind == KIND_BULK);
        if (plan->kind == KIND_BULK) {
                /* As many bursts as it takes, over the whole time. */
                c->sender = (guint8)below(c, 2);
                c->bursts = (guint)(plan->packets / plan->connections / BURST_PACKETS) + 1;
                c->pause_ns = 2 * plan->duration_ns / c->bursts;
        } else if (plan->kind == KIND_FLOOD && !one_in(c, FLOOD_REAL)) {
                set_flood_source(c, number);
                c->ending = (guint8)(one_in(c, FLOOD_ANSWERED) ? ENDING_FLOOD_ANSWERED : ENDING_FLOOD);
                c->phase = PHASE_END;
        }
}

/* A SYN below what the holder of TIME_WAIT expects: a challenge ACK, the RST to it, and the SYN again. */
static void render_challenge(Connection *c, guint32 holder_next, guint32 holder_received) {
        Packet *syn = put(c, CLIENT, TCP_SYN, 0);
        guint32 isn = syn->seq;

        turn(c, SERVER);
        Packet *challenge = put(c, SERVER, TCP_ACK, 0);
        challenge->seq = holder_next;
        challenge->ack = holder_received;
        turn(c, CLIENT);
        put_bare_rst(c, CLIENT, holder_received);
        c->clock_ns += SECOND_NS;
        c->next[CLIENT] = isn;
}

gboolean connection_reuse(Connection *c) {
        if (c->reuse == REUSE_NONE)
                return FALSE;

        guint reuse = c->reuse;
        guint32 server_next = c->next[SERVER], client_next = c->next[CLIENT];
        c->clock_ns += SECOND_NS;
        wait_up_to(c, 45 * SECOND_NS);
        start(c, TRUE);
        c->next[SERVER] = reuse == REUSE_BY_HOLDER ? (guint32)random_next(&c->random) : server_next + 65537;
        if (reuse == REUSE_BY_HOLDER)
                c->next[CLIENT] = client_next + 65537;
        else if (reuse == REUSE_ISN_UP)
                c->next[CLIENT] = client_next + 1 + below(c, 1U << 30);
        else {
                c->next[CLIENT] = client_next - 1 - below(c, 1U << 30);
                render_challenge(c, server_next, client_next);
        }
        return TRUE;
}

/* Who holds TIME_WAIT decides what a reuse can look like. */
static void draw_reuse(Connection *c) {
        const Ending *ending = &endings[c->ending];

        if (!ending->time_wait || c->kind == KIND_BULK || !one_in(c, REUSE))
                return;
        if (ending->by == CLIENT)
                c->reuse = REUSE_BY_HOLDER;
        else
                c->reuse = !c->ends.timestamps && one_in(c, 2) ? REUSE_ISN_DOWN : REUSE_ISN_UP;
}

static void render_phase(Connection *c) {
        c->n = c->next_packet = 0;
        switch (c->phase) {
        case PHASE_OPEN:
                render_handshake(c);
                c->phase = PHASE_DATA;
                return;
        case PHASE_DATA:
                if (c->bursts > 0) {
                        c->bursts--;
                        render_data(c);
                        return;
                }
                wait_up_to(c, c->pause_ns / 4);
                c->phase = PHASE_END;
                G_GNUC_FALLTHROUGH;
        case PHASE_END:
                endings[c->ending].render(c, endings[c->ending].by);
                draw_reuse(c);
                c->phase = PHASE_OVER;
                return;
        default:
                return;
        }
}

const Packet *connection_peek(Connection *c) {
        if (c->next_packet == c->n)
                render_phase(c);
        return c->next_packet < c->n ? &c->script[c->next_packet] : NULL;
}

guint connection_packets_mean(Kind kind) {
        static const guint means[KINDS] = {[KIND_WEB] = 22, [KIND_SHORT] = 8, [KIND_BULK] = 1, [KIND_FLOOD] = 1};

        return means[kind];
}
