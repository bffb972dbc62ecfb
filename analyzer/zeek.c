/* SPDX-License-Identifier: BSD-3-Clause */

#include "zeek.h"

#include <string.h>

/* Zeek's EndpointState. */
enum {
        INACTIVE,     /* nothing sent */
        SYN_SENT,
        SYN_ACK_SENT, /* a SYN+ACK from what was taken for the originator */
        PARTIAL,      /* sent something, and never a SYN */
        ESTABLISHED,
        CLOSED,       /* sent a FIN */
        RESET,        /* sent a RST */
};

/* ZeekSide.marks */
enum {
        SIDE_CLOSED = 1 << 0,  /* its close was reported: all that it sent before its FIN or RST was there */
        SIDE_FIN = 1 << 1,     /* end is valid */
        SIDE_EOF = 1 << 2,     /* everything up to its FIN or RST was there, or given up as missing */
        SIDE_SKIPPED = 1 << 3, /* Zeek reassembles no more: too much behind a hole, or too few ACKs */
};

/* ZeekFlow.marks */
enum {
        FLOW_STARTED = 1 << 0,
        FLOW_CLOSED = 1 << 1, /* tcp_close_delay runs */
        FLOW_CUT = 1 << 2,    /* letters past ZEEK_HISTORY_MAX were left out */
        FLOW_ATTEMPT = 1 << 3, /* tcp_attempt_delay was started; it ends what is then still unanswered */
        FLOW_PENDING = 1 << 4, /* a close waits for data that are missing */
        FLOW_PARTIAL = 1 << 5, /* joined midway */
        FLOW_SEEN_ORIGINATOR = 1 << 6,
        FLOW_SEEN_RESPONDER = 1 << 7,
        FLOW_INTERACTIVE = 1 << 8, /* on a port with a longer inactivity timeout, and seen from its handshake on */
};

/* Letters that come once per direction; S and H are one. */
enum {
        ONCE_SYN,
        ONCE_FIN,
        ONCE_RST,
        ONCE_FIN_RST,
        ONCE_FLAGS,
        ONCE_DATA,
        ONCE_ACK,
        ONCE_LETTERS,
        ONCE_LIMIT = 2 * ONCE_LETTERS, /* belongs to no direction */
};

/* scripts/base/init-bare.zeek and scripts/base/protocols/conn/inactivity.zeek. */
#define SECOND_NS G_GUINT64_CONSTANT(1000000000)
#define TCP_ATTEMPT_DELAY_NS (5 * SECOND_NS)
#define TCP_CLOSE_DELAY_NS (5 * SECOND_NS)
#define TCP_LINGER_NS (5 * SECOND_NS)
#define TCP_INACTIVITY_NS (300 * SECOND_NS)
#define INTERACTIVE_INACTIVITY_NS (3600 * SECOND_NS)
#define TCP_MAX_INITIAL_WINDOW 16384
#define TCP_MAX_ABOVE_HOLE 16384
#define TCP_EXCESSIVE_DATA (10 * 1024 * 1024)
/* Tunnel::max_changes_per_connection */
#define TUNNEL_CHANGES_MAX 5
/* TCPSessionAdapter.cc: a SYN's or RST's number further away than this is not believed. */
#define TOO_LARGE_DELTA 1048576

/* likely_server_ports: what scripts/base/protocols register for TCP. */
static const guint16 server_ports[] = {
        21, 22, 25, 53, 79, 80, 81, 88, 110, 135, 139, 143, 389, 443,
        445, 465, 502, 563, 585, 587, 614, 631, 636, 989, 990, 992, 993, 995,
        1080, 1434, 1883, 2811, 3128, 3268, 3306, 3389, 5222, 5223, 5269, 5432, 6379, 6666,
        6667, 6668, 6669, 8000, 8080, 8888, 20000,
};

/* Conn::port_inactivity_timeouts */
static const guint16 interactive_ports[] = {21, 22, 23, 513};

static gboolean port_listed(const guint16 *ports, gsize n, guint16 port) {
        for (gsize i = 0; i < n; i++)
                if (ports[i] == port)
                        return TRUE;
        return FALSE;
}

static gboolean is_server_port(guint16 port) {
        return port_listed(server_ports, G_N_ELEMENTS(server_ports), port);
}

static gboolean is_interactive_port(guint16 port) {
        return port_listed(interactive_ports, G_N_ELEMENTS(interactive_ports), port);
}

/* How far @to is ahead of @from, modulo 2^32. */
static gint32 sequence_delta(guint32 to, guint32 from) {
        return (gint32)(to - from);
}

/* ── History ─────────────────────────────────────────────────────────────── */

static gboolean is_originator(const ZeekFlow *z, const ZeekSide *me) {
        return me == &z->side[z->originator];
}

static void history_add(ZeekFlow *z, char letter) {
        if (z->n_history < ZEEK_HISTORY_MAX)
                z->history[z->n_history++] = letter;
        else
                z->marks |= FLOW_CUT;
}

/* @letter: a capital */
static void history_add_for(ZeekFlow *z, const ZeekSide *me, char letter) {
        history_add(z, is_originator(z, me) ? letter : letter | 0x20);
}

/* Returns: whether the letter had come before; if not, adds it.  What has come belongs to the role: a flip
 * does not exchange it (Session::CheckHistory). */
static gboolean history_add_once(ZeekFlow *z, const ZeekSide *me, guint once, char letter) {
        const guint16 bit = 1 << (is_originator(z, me) ? once : once + ONCE_LETTERS);

        if (z->letters & bit)
                return TRUE;
        z->letters |= bit;
        history_add_for(z, me, letter);
        return FALSE;
}

/* SYN, FIN and RST come again when their sequence number is another one than the last time. */
static void history_add_control(ZeekFlow *z, const ZeekSide *me, guint once, char letter, guint32 *last,
                                guint32 number) {
        if (history_add_once(z, me, once, letter) && *last != number)
                history_add_for(z, me, letter);
        *last = number;
}

/* Session::ScaledHistoryEntry: the first, the tenth, the hundredth... */
static void history_add_scaled(ZeekFlow *z, const ZeekSide *me, guint32 count, char letter) {
        while (count > 1 && count % 10 == 0)
                count /= 10;
        if (count == 1)
                history_add_for(z, me, letter);
}

/* Zeek stopped looking on: it met a limit, whichever. */
static void history_limit(ZeekFlow *z) {
        if (z->letters & 1 << ONCE_LIMIT)
                return;
        z->letters |= 1 << ONCE_LIMIT;
        history_add(z, 'X');
}

/* Connection::CheckEncapsulation: another tunnel than the packet before too often. */
static void history_tunnel(ZeekFlow *z, const Segment *s) {
        const gboolean changes = z->tunnel && s->tunnel && z->tunnel != s->tunnel;

        z->tunnel = s->tunnel;
        if (changes && z->tunnel_changes < TUNNEL_CHANGES_MAX)
                z->tunnel_changes++;
        else if (changes)
                history_limit(z);
}

static inline void history_data(ZeekFlow *z, const ZeekSide *me, const Segment *s) {
        if (s->payload_bytes)
                history_add_once(z, me, ONCE_DATA, 'D');
        else if (s->flags & TCP_ACK)
                history_add_once(z, me, ONCE_ACK, 'A');
}

static void history_segment(ZeekFlow *z, ZeekSide *me, const Segment *s, guint32 seq) {
        switch (s->flags & (TCP_SYN | TCP_FIN | TCP_RST)) {
        case 0:
                history_data(z, me, s);
                break;
        case TCP_SYN:
                history_add_control(z, me, ONCE_SYN, s->flags & TCP_ACK ? 'H' : 'S', &me->syn, seq);
                break;
        case TCP_FIN: /* its number comes behind the data */
                history_add_control(z, me, ONCE_FIN, 'F', &me->fin, seq + s->payload_bytes);
                break;
        case TCP_RST:
                history_add_control(z, me, ONCE_RST, 'R', &me->rst, seq);
                break;
        case TCP_FIN | TCP_RST:
        case TCP_FIN | TCP_RST | TCP_SYN:
                history_add_once(z, me, ONCE_FIN_RST, 'I');
                break;
        default:
                history_add_once(z, me, ONCE_FLAGS, 'Q');
        }
}

/* Boring with or after a RST, and after the other end's FIN (update_window). */
static void history_window(ZeekFlow *z, ZeekSide *me, const ZeekSide *peer, const Segment *s) {
        if (s->window || s->flags & TCP_RST || peer->state == CLOSED || me->state == RESET)
                return;
        if (me->zero_windows < G_MAXUINT16)
                history_add_scaled(z, me, ++me->zero_windows, 'W');
}

/* ── Sequence numbers ────────────────────────────────────────────────────── */

/* Zeek's get_segment_len: what a RST carries is no part of the stream. */
static guint32 segment_length(const Segment *s) {
        return segment_sequence_length(s) - (s->flags & TCP_RST ? s->payload_bytes : 0);
}

static gboolean starts_anew(const ZeekSide *me, const Segment *s) {
        switch (me->state) {
        case INACTIVE:
        case PARTIAL:
        case ESTABLISHED:
                return TRUE;
        case SYN_SENT:
        case SYN_ACK_SENT:
                return s->seq != me->start;
        case RESET:
                return me->previous == INACTIVE;
        default:
                return FALSE;
        }
}

/* init_endpoint */
static void side_number(ZeekSide *me, const Segment *s) {
        if (s->flags & TCP_SYN && starts_anew(me, s)) {
                me->start = s->seq;
                me->last = segment_length(s);
                me->acked = 0;
        } else if (me->state == INACTIVE) {
                me->start = s->seq - 1;
                me->last = 1;
                me->acked = 0;
        }
}

static void side_advance(ZeekFlow *z, ZeekSide *me, const Segment *s, guint32 end) {
        const gint32 delta = sequence_delta(end, me->last);

        if (s->flags & (TCP_SYN | TCP_RST) && (delta > TOO_LARGE_DELTA || delta < -TOO_LARGE_DELTA))
                return;
        if (s->flags & TCP_FIN && me->last == 1)
                me->last = end;
        else if (me->state == RESET)
                return;
        else if (delta > 0)
                me->last = end;
        else if (s->payload_bytes)
                history_add_scaled(z, me, ++me->retransmissions, 'T');
}

/* Where the acknowledgment of @s is in what @peer sent; update_ack_seq. */
static guint32 side_acked(ZeekSide *peer, const Segment *s) {
        const guint32 ack = s->ack - peer->start;

        if (peer->state == INACTIVE) { /* as if there had been a SYN */
                peer->start = s->ack - 1;
                peer->last = peer->acked = 0;
                return 1;
        }
        if (sequence_delta(ack, 0) < 0)
                return 0;
        /* A RST's is not believed; and 0 far away is a broken ACK rather than much data. */
        if (!(s->flags & TCP_RST) && sequence_delta(ack, peer->acked) > 0 &&
            (s->ack || sequence_delta(ack, peer->acked) <= TOO_LARGE_DELTA))
                peer->acked = ack;
        return ack;
}

/* ── The reassembler, as far as holes go ─────────────────────────────────── */

/* TCP_Endpoint::NoDataAcked */
static gboolean is_never_acked(const ZeekSide *me) {
        return me->acked <= 1;
}

/* TCP_Endpoint::Size */
static guint32 side_size(const ZeekSide *me) {
        const guint32 end = sequence_delta(me->last, me->acked) > 0 ? me->last : me->acked;
        const guint32 control = 1 + !!(me->marks & SIDE_FIN);

        return end > control ? end - control : 0;
}

/* Whether Zeek holds data of this side that were not acknowledged yet. */
static gboolean side_holds(const ZeekSide *me) {
        return me->n_islands || (me->next > me->trimmed && !(me->marks & SIDE_SKIPPED));
}

static void islands_drop_first(ZeekSide *me) {
        me->n_islands--;
        memmove(me->island, me->island + 1, me->n_islands * sizeof(me->island[0]));
}

/* Joins what touches.  When there is no room, the hole before the last island is forgotten. */
static G_GNUC_NO_INLINE void islands_add(ZeekSide *me, guint32 from, guint32 to) {
        ZeekIsland all[ZEEK_ISLANDS_MAX + 1];
        guint n = 0, i = 0;

        while (i < me->n_islands && me->island[i].to < from)
                all[n++] = me->island[i++];
        for (; i < me->n_islands && me->island[i].from <= to; i++) {
                from = MIN(from, me->island[i].from);
                to = MAX(to, me->island[i].to);
        }
        all[n++] = (ZeekIsland){ from, to };
        while (i < me->n_islands)
                all[n++] = me->island[i++];
        if (n > ZEEK_ISLANDS_MAX) {
                n = ZEEK_ISLANDS_MAX;
                all[n - 1].to = all[n].to;
        }
        memcpy(me->island, all, n * sizeof(all[0]));
        me->n_islands = (guint8)n;
}

/* BlockInserted: @next has moved; what lies right behind it is no island any more. */
static void side_deliver(ZeekSide *me) {
        while (me->n_islands && me->island[0].from <= me->next) {
                me->next = MAX(me->next, me->island[0].to);
                islands_drop_first(me);
        }
        if (is_never_acked(me) && side_size(me) > TCP_MAX_INITIAL_WINDOW)
                me->trimmed = me->next;
}

static void side_skip(ZeekSide *me) {
        me->marks |= SIDE_SKIPPED;
        me->n_islands = 0;
}

/* DataSent */
static inline void side_data(ZeekSide *me, const Segment *s, guint32 seq) {
        const guint32 right = seq + !!(s->flags & TCP_SYN) + s->payload_bytes;
        guint32 left = seq + !!(s->flags & TCP_SYN), held;

        if (!s->payload_bytes || s->flags & TCP_RST || sequence_delta(seq, 0) < 0 || me->marks & SIDE_SKIPPED)
                return;
        if (s->facts & SEGMENT_PAYLOAD_CUT)
                return; /* truncated_tcp_payload: what the snaplen cut was never there, and will be a gap */
        if (right <= me->acked)
                return;
        left = MAX(left, MAX(me->acked, me->trimmed));
        if (left > me->next && left < right) {
                islands_add(me, left, right);
        } else if (right > me->next) {
                me->next = right;
                side_deliver(me);
        }
        held = me->next - me->trimmed;
        for (guint i = 0; i < me->n_islands; i++)
                held += me->island[i].to - me->island[i].from;
        if (held > TCP_EXCESSIVE_DATA)
                side_skip(me);
        else if (me->n_islands && is_never_acked(me) &&
                 me->island[me->n_islands - 1].to - me->next > TCP_MAX_ABOVE_HOLE)
                side_skip(me);
}

static gboolean is_clean(const ZeekSide *me) {
        return me->state == ESTABLISHED || (me->state == CLOSED && me->previous == ESTABLISHED);
}

/* What was acknowledged and is not there is missing; said of well-formed connections only. */
static void side_gap(ZeekFlow *z, ZeekSide *me, const ZeekSide *peer) {
        if (is_clean(me) && is_clean(peer) && !(me->marks & SIDE_SKIPPED) && me->gaps < G_MAXUINT16)
                history_add_scaled(z, me, ++me->gaps, 'G');
}

/* Undelivered */
static G_GNUC_NO_INLINE void side_miss(ZeekFlow *z, ZeekSide *me, const ZeekSide *peer, guint32 ack) {
        if (ack <= 2 && z->marks & FLOW_PARTIAL)
                return; /* a keepalive was the first that was seen */
        while (me->n_islands && me->island[0].from < ack) {
                side_gap(z, me, peer);
                me->next = me->island[0].from;
                side_deliver(me);
        }
        if (ack > me->next) {
                side_gap(z, me, peer);
                me->next = ack;
        }
}

/* ── States ──────────────────────────────────────────────────────────────── */

static void side_enter(ZeekSide *me, guint8 state) {
        if (me->state == state)
                return;
        me->previous = me->state;
        me->state = state;
}

/* Who answers a SYN; the events that set longer timeouts are raised here only. */
static void answer(ZeekFlow *z, ZeekSide *me, ZeekSide *peer, const Segment *s) {
        if (!(s->flags & TCP_ACK) && peer->state == SYN_ACK_SENT) {
                /* The SYN+ACK was captured before its SYN. */
                guint16 seen = z->marks & FLOW_SEEN_RESPONDER ? FLOW_SEEN_ORIGINATOR : 0;

                z->originator = !z->originator;
                history_add(z, '^');
                z->marks &= (guint16)~(FLOW_PARTIAL | FLOW_SEEN_ORIGINATOR | FLOW_SEEN_RESPONDER);
                z->marks |= seen | FLOW_SEEN_ORIGINATOR | FLOW_SEEN_RESPONDER;
                side_enter(peer, ESTABLISHED);
        }
        if (peer->state == SYN_SENT)
                side_enter(peer, ESTABLISHED);
        side_enter(me, ESTABLISHED);
        if (peer->state == ESTABLISHED && !(s->flags & (TCP_FIN | TCP_RST)) &&
            is_interactive_port(is_originator(z, me) ? s->destination_port : s->source_port))
                z->marks |= FLOW_INTERACTIVE;
}

/* UpdateInactiveState: the first that is heard of a side.  Returns: whether it closes its side. */
static gboolean update_inactive(ZeekFlow *z, ZeekSide *me, ZeekSide *peer, const Segment *s) {
        const gboolean originator = is_originator(z, me), acks = !!(s->flags & TCP_ACK);

        if (s->flags & TCP_SYN && originator) {
                side_enter(me, acks ? SYN_ACK_SENT : SYN_SENT);
                z->marks |= FLOW_ATTEMPT;
                z->attempt_ns = s->time_ns;
        } else if (s->flags & TCP_SYN) {
                answer(z, me, peer, s);
        }
        if (s->flags & TCP_FIN)
                side_enter(me, CLOSED);
        if (s->flags & TCP_RST)
                side_enter(me, RESET);
        if (me->state != INACTIVE)
                return !!(s->flags & (TCP_FIN | TCP_RST));
        if (!originator && !s->payload_bytes && peer->state == SYN_SENT)
                return FALSE; /* some acknowledge a SYN before they answer it */
        if (acks && peer->state == ESTABLISHED) {
                side_enter(me, ESTABLISHED);
                z->marks &= (guint16)~FLOW_PARTIAL;
        } else {
                side_enter(me, PARTIAL);
        }
        return FALSE;
}

static gboolean update_established(ZeekSide *me, ZeekSide *peer, const Segment *s) {
        const gboolean fin = !!(s->flags & TCP_FIN), rst = !!(s->flags & TCP_RST);

        if ((s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && me->state == PARTIAL && peer->state == INACTIVE)
                side_enter(me, SYN_SENT);
        if (fin && !rst) {
                side_enter(me, CLOSED);
                if (peer->state == RESET && peer->previous == CLOSED)
                        side_enter(peer, CLOSED); /* FIN then RST there, FIN here: a normal end */
        }
        if (rst)
                side_enter(me, RESET);
        return fin || rst;
}

/* UpdateStateMachine.  Returns: whether the segment closes its side. */
static gboolean update_state(ZeekFlow *z, ZeekSide *me, ZeekSide *peer, const Segment *s) {
        switch (me->state) {
        case INACTIVE:
                return update_inactive(z, me, peer, s);
        case SYN_SENT:
        case SYN_ACK_SENT:
                if (s->flags & TCP_FIN)
                        side_enter(me, CLOSED);
                if (s->flags & TCP_RST)
                        side_enter(me, RESET);
                return !!(s->flags & (TCP_FIN | TCP_RST));
        case PARTIAL:
        case ESTABLISHED:
                return update_established(me, peer, s);
        case CLOSED: /* after both FINs a RST changes nothing */
                if (!(s->flags & TCP_RST) || peer->state == CLOSED)
                        return FALSE;
                side_enter(me, RESET);
                return !(me->marks & SIDE_CLOSED);
        default:
                return FALSE;
        }
}

/* SetPartialStatus, and what CheckPIA_FirstPacket keeps of it. */
static void update_partial(ZeekFlow *z, gboolean originator, const Segment *s) {
        const guint16 seen = originator ? FLOW_SEEN_ORIGINATOR : FLOW_SEEN_RESPONDER;

        if (z->marks & seen || (!originator && z->marks & FLOW_PARTIAL))
                return;
        z->marks &= (guint16)~FLOW_PARTIAL;
        if (!(s->flags & TCP_SYN) || (originator && s->flags & TCP_ACK))
                z->marks |= FLOW_PARTIAL;
}

/* ── Closing ─────────────────────────────────────────────────────────────── */

/* DataPending: something before the FIN or RST is still to come, or something to be acknowledged. */
static gboolean is_pending(const ZeekSide *me, const ZeekSide *peer) {
        if (me->marks & SIDE_SKIPPED || sequence_delta(me->last, me->next) < 0)
                return FALSE;
        return me->last - me->next > 1 || (me->state != RESET && side_holds(peer));
}

/* ConnectionClosed: when both sides are done, or never will be, the row is written after tcp_close_delay. */
static inline void side_close(ZeekFlow *z, ZeekSide *me, const ZeekSide *peer) {
        if (is_pending(me, peer)) {
                z->marks |= FLOW_PENDING;
                return;
        }
        z->marks &= (guint16)~FLOW_PENDING;
        if (me->marks & SIDE_CLOSED)
                return;
        me->marks |= SIDE_CLOSED;
        if (me->state == RESET || peer->marks & SIDE_CLOSED || peer->state == INACTIVE)
                z->marks |= FLOW_CLOSED;
}

static guint sides_closed(const ZeekFlow *z) {
        return !!(z->side[0].marks & SIDE_CLOSED) + !!(z->side[1].marks & SIDE_CLOSED);
}

/* CheckEOF */
static inline void side_check(ZeekFlow *z, ZeekSide *me, const ZeekSide *peer) {
        if (me->marks & SIDE_EOF || !(me->marks & SIDE_FIN || me->state == CLOSED || me->state == RESET) ||
            is_pending(me, peer))
                return;
        me->marks |= SIDE_EOF;
        if (z->marks & FLOW_PENDING)
                side_close(z, me, peer);
        z->marks &= (guint16)~FLOW_PENDING;
}

/* AckReceived: what is acknowledged and did not come will not come. */
static inline void side_acknowledged(ZeekFlow *z, ZeekSide *me, const ZeekSide *peer, guint32 ack) {
        if (me->marks & SIDE_FIN && ack > me->end)
                ack = me->end;
        if (ack <= me->trimmed)
                return;
        if (ack > me->next)
                side_miss(z, me, peer, ack);
        me->trimmed = ack;
        side_deliver(me);
        side_check(z, me, peer);
}

/* ── The connection ──────────────────────────────────────────────────────── */

/* Who opened it?  TCPAnalyzer::WantConnection: without a bare SYN the ports have the word. */
static void begin(ZeekFlow *z, const Segment *s, guint side) {
        const gboolean syn = !!(s->flags & TCP_SYN);

        z->marks = FLOW_STARTED;
        z->originator = side;
        for (guint i = 0; i < 2; i++)
                z->side[i].next = z->side[i].trimmed = 1;
        if ((syn && !(s->flags & TCP_ACK)) || !is_server_port(s->source_port))
                return;
        if (is_server_port(s->destination_port) && (syn || s->source_port >= s->destination_port))
                return;
        z->originator = !side;
        history_add(z, '^');
}

/* The last part of Process. @closed: how many sides had closed before @s; @closes: whether @s closes its own */
static inline void take_in(ZeekFlow *z, ZeekSide *me, ZeekSide *peer, const Segment *s, guint32 seq, guint closed,
                           gboolean closes) {
        const guint32 next = me->next;

        side_data(me, s, seq);
        if (s->long_word && is_originator(z, me) && next > 1 && me->next > next)
                history_limit(z); /* FTP::max_command_length, once there was a command */
        side_check(z, me, peer);
        if (closes)
                side_close(z, me, peer);
        if (z->marks & FLOW_CLOSED && sides_closed(z) > closed)
                z->since_ns = s->time_ns; /* the second close starts tcp_close_delay again */
}

/* TCPSessionAdapter::Process, in its order. */
void zeek_segment(ZeekFlow *z, const Segment *s, guint side) {
        ZeekSide *me = &z->side[side], *peer = &z->side[!side];
        const guint closed = sides_closed(z);
        guint32 seq, ack = 0;
        gboolean closes;

        if (!(z->marks & FLOW_STARTED))
                begin(z, s, side);
        history_tunnel(z, s);
        update_partial(z, side == z->originator, s);
        side_number(me, s);
        seq = s->seq - me->start;
        history_segment(z, me, s, seq);
        history_window(z, me, peer, s);
        if (!(z->marks & FLOW_CLOSED))
                z->since_ns = s->time_ns;
        if (s->flags & TCP_FIN) {
                me->marks |= SIDE_FIN;
                me->end = seq + segment_length(s) - 1;
        }
        if (s->flags & TCP_ACK)
                ack = side_acked(peer, s);
        side_advance(z, me, s, seq + segment_length(s));
        closes = update_state(z, me, peer, s);
        if (s->flags & TCP_ACK)
                side_acknowledged(z, peer, me, ack);
        z->marks |= side == z->originator ? FLOW_SEEN_ORIGINATOR : FLOW_SEEN_RESPONDER;
        take_in(z, me, peer, s, seq, closed, closes);
}

/* TCPSessionAdapter::IsReuse */
static gboolean reuses(const ZeekFlow *z, const Segment *s) {
        const ZeekSide *originator = &z->side[z->originator], *responder = &z->side[!z->originator];
        const gboolean answers = !!(s->flags & TCP_ACK);

        if (!(s->flags & TCP_SYN) || (answers && originator->state != INACTIVE))
                return FALSE;
        if ((originator->marks | responder->marks) & SIDE_CLOSED)
                return TRUE;
        if (s->seq == (answers ? responder : originator)->start)
                return FALSE;
        /* The SYN of a SYN+ACK that was captured first is none. */
        return answers || originator->state != SYN_ACK_SENT || responder->state != INACTIVE ||
               s->seq != responder->start;
}

/* Times are a capture's: any two may be further apart than a signed difference holds. */
static gboolean has_passed(gint64 since_ns, gint64 now_ns, guint64 delay_ns) {
        return now_ns > since_ns && (guint64)now_ns - (guint64)since_ns >= delay_ns;
}

/* AttemptTimer: an attempt is timed from its first SYN, everything else from the last packet. */
static gboolean is_forgotten_attempt(const ZeekFlow *z, gint64 now_ns) {
        const guint8 state = z->side[z->originator].state;

        return z->marks & FLOW_ATTEMPT && (state == SYN_SENT || state == SYN_ACK_SENT) &&
               z->side[!z->originator].state == INACTIVE &&
               has_passed(z->attempt_ns, now_ns, TCP_ATTEMPT_DELAY_NS);
}

/* ExpireTimer: a side that had closed was reset, and the other one is still open. */
static gboolean is_lingering(const ZeekFlow *z) {
        for (guint i = 0; i < 2; i++)
                if (z->side[i].marks & SIDE_CLOSED && z->side[i].state == RESET && z->side[i].previous == CLOSED)
                        return z->side[!i].state != RESET;
        return FALSE;
}

static guint64 timeout_ns(const ZeekFlow *z) {
        if (z->marks & FLOW_CLOSED)
                return TCP_CLOSE_DELAY_NS;
        if (is_lingering(z))
                return TCP_LINGER_NS;
        return z->marks & FLOW_INTERACTIVE ? INTERACTIVE_INACTIVITY_NS : TCP_INACTIVITY_NS;
}

gboolean zeek_begins_anew(const ZeekFlow *z, const Segment *s) {
        if (!(z->marks & FLOW_STARTED))
                return FALSE;
        return has_passed(z->since_ns, s->time_ns, timeout_ns(z)) || is_forgotten_attempt(z, s->time_ns) ||
               reuses(z, s);
}

/* ── Short cuts ──────────────────────────────────────────────────────────── */

/*
 * What is asked of every packet is kept apart from what is done then: neither has to save the registers of the other. All
 * return TRUE once they have done something.
 */

#define FLOW_SEEN (FLOW_SEEN_ORIGINATOR | FLOW_SEEN_RESPONDER)

/* No timer that counts from the last packet has run out, as the shortest one has not. */
static gboolean is_soon(const ZeekFlow *z, const Segment *s) {
        return (guint64)s->time_ns - (guint64)z->since_ns < MIN(TCP_CLOSE_DELAY_NS, TCP_LINGER_NS);
}

static G_GNUC_NO_INLINE gboolean begin_with_syn(ZeekFlow *z, const Segment *s, guint side) {
        ZeekSide *me = &z->side[side];

        if (z->marks || (s->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) != TCP_SYN || s->payload_bytes || !s->window)
                return FALSE;
        begin(z, s, side);
        z->marks |= FLOW_ATTEMPT | FLOW_SEEN_ORIGINATOR;
        z->tunnel = s->tunnel;
        z->since_ns = z->attempt_ns = s->time_ns;
        me->start = s->seq;
        me->last = 1;
        me->state = SYN_SENT;
        history_add_control(z, me, ONCE_SYN, 'S', &me->syn, 0);
        return TRUE;
}

static G_GNUC_NO_INLINE gboolean take_answer(ZeekFlow *z, const Segment *s, guint side) {
        ZeekSide *me = &z->side[side], *peer = &z->side[!side];

        if (z->marks != (FLOW_STARTED | FLOW_ATTEMPT | FLOW_SEEN_ORIGINATOR) || z->originator == side || me->state != INACTIVE ||
            peer->state != SYN_SENT || (s->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) != (TCP_SYN | TCP_ACK) ||
            s->payload_bytes || !s->window || s->tunnel != z->tunnel || s->ack - peer->start != 1 || !is_soon(z, s) ||
            has_passed(z->attempt_ns, s->time_ns, TCP_ATTEMPT_DELAY_NS))
                return FALSE;
        z->marks |= FLOW_SEEN_RESPONDER;
        z->since_ns = s->time_ns;
        me->start = s->seq;
        me->last = 1;
        me->acked = 0;
        peer->acked = 1;
        history_add_control(z, me, ONCE_SYN, 'H', &me->syn, 0);
        answer(z, me, peer, s);
        return TRUE;
}

static inline gboolean is_open(const ZeekSide *me) {
        return me->state == ESTABLISHED || me->state == CLOSED;
}

/* Between two ends that know each other, right behind what came before, and of nothing that has a letter of its own. */
static inline gboolean is_next(const ZeekFlow *z, const ZeekSide *me, const ZeekSide *peer, const Segment *s, guint32 seq,
                               guint32 ack) {
        const gboolean sends = s->payload_bytes || s->flags & TCP_FIN;

        return (z->marks & (FLOW_SEEN | FLOW_PARTIAL)) == FLOW_SEEN && is_open(peer) &&
               (sends ? me->state == ESTABLISHED : is_open(me)) &&
               (s->flags & (TCP_SYN | TCP_RST | TCP_ACK)) == TCP_ACK && seq == me->last && ack - peer->acked <= TOO_LARGE_DELTA &&
               sequence_delta(ack, 0) >= 0 && s->window && s->tunnel == z->tunnel && !s->long_word && is_soon(z, s);
}

/* What may close something goes on as zeek_segment() does. */
static G_GNUC_NO_INLINE gboolean take_closing(ZeekFlow *z, ZeekSide *me, ZeekSide *peer, const Segment *s, guint32 seq,
                                              guint32 ack) {
        const guint closed = sides_closed(z);

        if (!(z->marks & FLOW_CLOSED))
                z->since_ns = s->time_ns;
        history_segment(z, me, s, seq);
        if (s->flags & TCP_FIN) {
                me->marks |= SIDE_FIN;
                me->end = seq + s->payload_bytes;
                side_enter(me, CLOSED);
        }
        side_acknowledged(z, peer, me, ack);
        take_in(z, me, peer, s, seq, closed, s->flags & TCP_FIN);
        return TRUE;
}

static G_GNUC_NO_INLINE gboolean take_data(ZeekFlow *z, ZeekSide *me, ZeekSide *peer, const Segment *s, guint32 seq,
                                           guint32 ack) {
        z->since_ns = s->time_ns;
        history_data(z, me, s);
        side_acknowledged(z, peer, me, ack);
        side_data(me, s, seq);
        return TRUE;
}

static inline gboolean take_next(ZeekFlow *z, const Segment *s, guint side) {
        ZeekSide *me = &z->side[side], *peer = &z->side[!side];
        const guint32 seq = s->seq - me->start, ack = s->ack - peer->start, fin = s->flags & TCP_FIN;

        if (!is_next(z, me, peer, s, seq, ack))
                return FALSE;
        me->last = seq + s->payload_bytes + fin;
        peer->acked = ack;
        if (fin || me->state == CLOSED || peer->state == CLOSED)
                return take_closing(z, me, peer, s, seq, ack);
        return take_data(z, me, peer, s, seq, ack);
}

gboolean zeek_next(ZeekFlow *z, const Segment *s, guint side) {
        if (!(s->flags & TCP_SYN))
                return take_next(z, s, side);
        return s->flags & TCP_ACK ? take_answer(z, s, side) : begin_with_syn(z, s, side);
}

/* ── Words ───────────────────────────────────────────────────────────────── */

/* The script's pattern for RSTOS0: ^?S[^HAFGIQ]*R.* */
static gboolean is_aborted_attempt(const ZeekFlow *z) {
        char history[ZEEK_HISTORY_MAX + 2];
        const char *h = history;

        zeek_history(z, history, sizeof(history));
        h += *h == '^';
        return *h == 'S' && memchr(h, 'R', strcspn(h, "HAFGIQ"));
}

/* scripts/base/protocols/conn/main.zeek, conn_state(). */
const char *zeek_conn_state(const ZeekFlow *z) {
        const ZeekSide *originator = &z->side[z->originator], *responder = &z->side[!z->originator];
        const guint8 o = originator->state, r = responder->state;
        const gboolean o_inactive = o == INACTIVE || o == PARTIAL, r_inactive = r == INACTIVE || r == PARTIAL;

        if (r == RESET) {
                if (o == SYN_SENT || o == SYN_ACK_SENT ||
                    (o == RESET && side_size(originator) == 0 && side_size(responder) == 0))
                        return "REJ";
                return o_inactive ? "RSTRH" : "RSTR";
        }
        if (o == RESET && r_inactive)
                return is_aborted_attempt(z) ? "RSTOS0" : "OTH";
        if (o == RESET)
                return "RSTO";
        if (o == CLOSED && r == CLOSED)
                return "SF";
        if (o == CLOSED)
                return r_inactive ? "SH" : "S2";
        if (r == CLOSED)
                return o_inactive ? "SHR" : "S3";
        if (o == SYN_SENT && r == INACTIVE)
                return "S0";
        return o == ESTABLISHED && r == ESTABLISHED ? "S1" : "OTH";
}

void zeek_history(const ZeekFlow *z, char *out, gsize n) {
        gsize used = MIN(z->n_history, n - 1);

        memcpy(out, z->history, used);
        if (z->marks & FLOW_CUT && used < n - 1)
                out[used++] = '+';
        out[used] = '\0';
}

guint zeek_originator(const ZeekFlow *z) {
        return z->originator;
}
