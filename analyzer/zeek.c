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
        SIDE_CLOSED = 1 << 0, /* its close was reported: a FIN or a RST of it counted */
        SIDE_FIN = 1 << 1,    /* fin is valid */
        SIDE_ACKED = 1 << 2,  /* the other end acknowledged data of it */
        SIDE_SKIPPED = 1 << 3, /* Zeek reassembles no more: too much behind a hole, and never an ACK */
};

/* ZeekFlow.marks */
enum {
        FLOW_STARTED = 1 << 0,
        FLOW_CLOSED = 1 << 1, /* tcp_close_delay runs */
        FLOW_CUT = 1 << 2,    /* letters past ZEEK_HISTORY_MAX were left out */
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
};

/* scripts/base/init-bare.zeek and scripts/base/protocols/conn/inactivity.zeek. */
#define SECOND_NS G_GUINT64_CONSTANT(1000000000)
#define TCP_ATTEMPT_DELAY_NS (5 * SECOND_NS)
#define TCP_CLOSE_DELAY_NS (5 * SECOND_NS)
#define TCP_INACTIVITY_NS (300 * SECOND_NS)
#define INTERACTIVE_INACTIVITY_NS (3600 * SECOND_NS)
#define TCP_MAX_ABOVE_HOLE 16384
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

static void history_add_for(ZeekFlow *z, const ZeekSide *me, char letter) {
        history_add(z, is_originator(z, me) ? letter : g_ascii_tolower(letter));
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

static void history_segment(ZeekFlow *z, ZeekSide *me, const Segment *s, guint32 seq) {
        switch (s->flags & (TCP_SYN | TCP_FIN | TCP_RST)) {
        case 0:
                if (s->payload_bytes)
                        history_add_once(z, me, ONCE_DATA, 'D');
                else if (s->flags & TCP_ACK)
                        history_add_once(z, me, ONCE_ACK, 'A');
                break;
        case TCP_SYN:
                history_add_control(z, me, ONCE_SYN, s->flags & TCP_ACK ? 'H' : 'S', &me->syn, seq);
                break;
        case TCP_FIN: /* its number comes behind the data */
                history_add_control(z, me, ONCE_FIN, 'F', &me->fin, seq + s->payload_bytes);
                me->marks |= SIDE_FIN;
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

static void side_number(ZeekSide *me, const Segment *s) {
        const gboolean syn = !!(s->flags & TCP_SYN);

        if (me->state == INACTIVE) {
                me->start = syn ? s->seq : s->seq - 1;
                me->last = syn ? segment_length(s) : 1;
        } else if (syn && me->state != CLOSED && (me->state != RESET || me->previous == INACTIVE)) {
                me->start = s->seq;
                me->last = segment_length(s);
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

/* The reassembler, as far as holes go.  Behind the first hole everything up to @last counts as one island. */
static void side_data(ZeekSide *me, const Segment *s, guint32 seq) {
        const guint32 left = seq + !!(s->flags & TCP_SYN), right = left + s->payload_bytes;

        if (!s->payload_bytes || s->flags & TCP_RST || sequence_delta(seq, 0) < 0 || me->marks & SIDE_SKIPPED)
                return;
        if (s->facts & SEGMENT_PAYLOAD_CUT)
                return; /* truncated_tcp_payload: what the snaplen cut was never there, and will be a gap */
        if (sequence_delta(left, me->next) > 0) {
                if (!me->island || sequence_delta(left, me->island) < 0)
                        me->island = left;
                if (!(me->marks & SIDE_ACKED) && sequence_delta(right, me->next) > TCP_MAX_ABOVE_HOLE)
                        me->marks |= SIDE_SKIPPED;
        } else if (sequence_delta(right, me->next) > 0) {
                me->next = right;
        }
        if (me->island && sequence_delta(me->next, me->island) >= 0) {
                me->next = me->last;
                me->island = 0;
        }
}

static gboolean is_clean(const ZeekSide *me) {
        return me->state == ESTABLISHED || (me->state == CLOSED && me->previous == ESTABLISHED);
}

/* What was acknowledged and is not there is missing; said of well-formed connections only. */
static void side_gap(ZeekFlow *z, ZeekSide *me, const ZeekSide *peer) {
        if (is_clean(me) && is_clean(peer) && !(me->marks & SIDE_SKIPPED) && me->gaps < G_MAXUINT16)
                history_add_scaled(z, me, ++me->gaps, 'G');
}

static void side_acknowledged(ZeekFlow *z, ZeekSide *me, const ZeekSide *peer, guint32 ack) {
        if (sequence_delta(ack, 1) > 0)
                me->marks |= SIDE_ACKED;
        if (me->marks & SIDE_FIN && sequence_delta(ack, me->fin) > 0)
                ack = me->fin;
        if (sequence_delta(ack, me->next) <= 0)
                return;
        side_gap(z, me, peer);
        if (me->island && sequence_delta(ack, me->island) >= 0) {
                me->next = me->last;
                me->island = 0;
                if (sequence_delta(ack, me->next) <= 0)
                        return;
                side_gap(z, me, peer);
        }
        me->next = ack;
}

/* ── States ──────────────────────────────────────────────────────────────── */

static void side_enter(ZeekSide *me, guint8 state) {
        if (me->state == state)
                return;
        me->previous = me->state;
        me->state = state;
}

/* UpdateInactiveState: the first that is heard of a side. */
static void update_inactive(ZeekFlow *z, ZeekSide *me, ZeekSide *peer, const Segment *s, guint32 seq) {
        const gboolean originator = is_originator(z, me), acks = !!(s->flags & TCP_ACK);

        if (s->flags & TCP_SYN && originator) {
                side_enter(me, acks ? SYN_ACK_SENT : SYN_SENT);
        } else if (s->flags & TCP_SYN) {
                if (!acks && peer->state == SYN_ACK_SENT && seq == 0) {
                        /* The SYN+ACK was captured before its SYN. */
                        z->originator = !z->originator;
                        history_add(z, '^');
                        side_enter(peer, ESTABLISHED);
                }
                if (peer->state == SYN_SENT)
                        side_enter(peer, ESTABLISHED);
                side_enter(me, ESTABLISHED);
        }
        if (s->flags & TCP_FIN)
                side_enter(me, CLOSED);
        if (s->flags & TCP_RST)
                side_enter(me, RESET);
        if (me->state != INACTIVE)
                return;
        if (!originator && !s->payload_bytes && peer->state == SYN_SENT)
                return; /* some acknowledge a SYN before they answer it */
        side_enter(me, acks && peer->state == ESTABLISHED ? ESTABLISHED : PARTIAL);
}

/* UpdateStateMachine; what it does to close the connection is in side_close(). */
static void update_state(ZeekFlow *z, ZeekSide *me, ZeekSide *peer, const Segment *s, guint32 seq) {
        const gboolean fin = !!(s->flags & TCP_FIN), rst = !!(s->flags & TCP_RST);

        switch (me->state) {
        case INACTIVE:
                update_inactive(z, me, peer, s, seq);
                break;
        case SYN_SENT:
        case SYN_ACK_SENT:
                if (fin)
                        side_enter(me, CLOSED);
                if (rst)
                        side_enter(me, RESET);
                break;
        case PARTIAL:
        case ESTABLISHED:
                if ((s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && me->state == PARTIAL &&
                    peer->state == INACTIVE)
                        side_enter(me, SYN_SENT);
                if (fin && !rst) {
                        side_enter(me, CLOSED);
                        if (peer->state == RESET && peer->previous == CLOSED)
                                side_enter(peer, CLOSED); /* FIN then RST there, FIN here: a normal end */
                }
                if (rst)
                        side_enter(me, RESET);
                break;
        case CLOSED: /* after both FINs a RST changes nothing */
                if (rst && peer->state != CLOSED)
                        side_enter(me, RESET);
                break;
        }
}

/* ConnectionClosed: when both sides are done, or never will be, the row is written after tcp_close_delay. */
static void side_close(ZeekFlow *z, ZeekSide *me, const ZeekSide *peer) {
        me->marks |= SIDE_CLOSED;
        if (me->state == RESET || peer->marks & SIDE_CLOSED || peer->state == INACTIVE)
                z->marks |= FLOW_CLOSED;
}

/* ── The connection ──────────────────────────────────────────────────────── */

/* Who opened it?  TCPAnalyzer::WantConnection: without a bare SYN the ports have the word. */
static void begin(ZeekFlow *z, const Segment *s, guint side) {
        const gboolean syn = !!(s->flags & TCP_SYN);

        z->marks = FLOW_STARTED;
        z->since_ns = s->time_ns;
        z->originator = side;
        z->side[0].next = z->side[1].next = 1;
        if ((syn && !(s->flags & TCP_ACK)) || !is_server_port(s->source_port))
                return;
        if (is_server_port(s->destination_port) && (syn || s->source_port >= s->destination_port))
                return;
        z->originator = !side;
        history_add(z, '^');
}

/* An attempt is timed from its first SYN, everything else from the last packet. */
static gboolean is_attempt(const ZeekFlow *z) {
        const guint8 state = z->side[z->originator].state;

        return (state == SYN_SENT || state == SYN_ACK_SENT) && z->side[!z->originator].state == INACTIVE;
}

void zeek_segment(ZeekFlow *z, const Segment *s, guint side) {
        ZeekSide *me = &z->side[side], *peer = &z->side[!side];
        guint32 seq, ack = 0;

        if (!(z->marks & FLOW_STARTED))
                begin(z, s, side);
        side_number(me, s);
        seq = s->seq - me->start;
        history_segment(z, me, s, seq);
        history_window(z, me, peer, s);
        if (s->flags & TCP_ACK && peer->state == INACTIVE) {
                peer->start = s->ack - 1;
                peer->last = 0;
        } else if (s->flags & TCP_ACK) {
                ack = s->ack - peer->start;
        }
        side_advance(z, me, s, seq + segment_length(s));
        update_state(z, me, peer, s, seq);
        /* A RST's ACK is not believed; and 0 far away is a broken ACK rather than much data. */
        if (sequence_delta(ack, 0) > 0 && !(s->flags & TCP_RST) &&
            (s->ack || sequence_delta(ack, peer->next) <= TOO_LARGE_DELTA))
                side_acknowledged(z, peer, me, ack);
        side_data(me, s, seq);
        if (!(z->marks & FLOW_CLOSED) && !is_attempt(z))
                z->since_ns = s->time_ns;
        if (s->flags & (TCP_FIN | TCP_RST) && (me->state == CLOSED || me->state == RESET))
                side_close(z, me, peer);
}

/* TCPSessionAdapter::IsReuse */
static gboolean reuses(const ZeekFlow *z, const Segment *s) {
        const ZeekSide *originator = &z->side[z->originator], *responder = &z->side[!z->originator];
        const gboolean answer = !!(s->flags & TCP_ACK);

        if (!(s->flags & TCP_SYN) || (answer && originator->state != INACTIVE))
                return FALSE;
        if ((originator->marks | responder->marks) & SIDE_CLOSED)
                return TRUE;
        if (s->seq == (answer ? responder : originator)->start)
                return FALSE;
        /* The SYN of a SYN+ACK that was captured first is none. */
        return answer || originator->state != SYN_ACK_SENT || responder->state != INACTIVE ||
               s->seq != responder->start;
}

static guint64 timeout_ns(const ZeekFlow *z, const Segment *s, guint side) {
        const ZeekSide *responder = &z->side[!z->originator];
        const guint16 service = side == z->originator ? s->destination_port : s->source_port;

        if (z->marks & FLOW_CLOSED)
                return TCP_CLOSE_DELAY_NS;
        if (is_attempt(z))
                return TCP_ATTEMPT_DELAY_NS;
        return is_clean(responder) && is_interactive_port(service) ? INTERACTIVE_INACTIVITY_NS
                                                                   : TCP_INACTIVITY_NS;
}

gboolean zeek_begins_anew(const ZeekFlow *z, const Segment *s, guint side) {
        if (!(z->marks & FLOW_STARTED))
                return FALSE;
        /* Times are a capture's: any two may be further apart than a signed difference holds. */
        if (s->time_ns > z->since_ns &&
            (guint64)s->time_ns - (guint64)z->since_ns >= timeout_ns(z, s, side))
                return TRUE;
        return reuses(z, s);
}

/* ── Words ───────────────────────────────────────────────────────────────── */

/* TCP_Endpoint::Size() == 0, as far as resets go. */
static gboolean is_empty(const ZeekSide *me) {
        const guint32 end = sequence_delta(me->last, me->next) > 0 ? me->last : me->next;

        return end <= 1 + !!(me->marks & SIDE_FIN);
}

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
                    (o == RESET && is_empty(originator) && is_empty(responder)))
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
