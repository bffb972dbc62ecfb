/* SPDX-License-Identifier: BSD-3-Clause */
#include "analyzer/sequence.h"
#include "rule.h"

/*
 * TD201: a RST+ACK with the sender's own next number, sent by the owner of a live socket that had not sent a FIN. A host
 * that knows no such connection answers with a bare RST that has the number of the segment it answers (Linux tcp_v4_send_reset()).
 */
typedef struct Before {
        guint32 nxt;      /* of the RST's sender */
        guint32 peer_nxt; /* of its peer */
        guint32 acked;    /* of the sender's bytes by its peer */
        gboolean has_nxt, has_peer_nxt, has_acked;
} Before;

static Before before(const Hindsight *h, gint rst, guint side) {
        Before b = { 0 };

        for (gint i = 0; i < rst; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (e->marks & (ENTRY_ICMP | ENTRY_OTHER_INCARNATION) || e->flags & TCP_RST)
                        continue;
                if (entry_side(e) == side) {
                        if (!b.has_nxt || seq_after(entry_end(e), b.nxt))
                                b.nxt = entry_end(e);
                        b.has_nxt = TRUE;
                        continue;
                }
                if (!b.has_peer_nxt || seq_after(entry_end(e), b.peer_nxt))
                        b.peer_nxt = entry_end(e);
                b.has_peer_nxt = TRUE;
                if (e->flags & TCP_ACK && (!b.has_acked || seq_after(e->ack, b.acked))) {
                        b.acked = e->ack;
                        b.has_acked = TRUE;
                }
        }
        return b;
}

static void judge(const Case *c, gint i, guint side) {
        const TimelineEntry *rst = &c->hindsight->entries[i];
        Before b = before(c->hindsight, i, side);
        Finding *f;

        if (!b.has_nxt || rst->seq != b.nxt || !record_state(c->record, side, STATE_ESTABLISHED))
                return;
        f = case_find(c, FINDING_RST_ON_LINGER, side, CERTAINTY_INFERRED);
        finding_frame(f, rst->frame);
        finding_integer(f, "rst_frame", (gint64)rst->frame, BOUND_EXACT);
        if (b.has_acked && seq_after(b.nxt, b.acked))
                finding_integer(f, "lost_bytes", seq_diff(b.nxt, b.acked), BOUND_AT_MOST);
        if (b.has_peer_nxt && seq_after(b.peer_nxt, rst->ack))
                finding_integer(f, "peer_lost_bytes", seq_diff(b.peer_nxt, rst->ack), BOUND_EXACT);
}

void rule_abort(const Case *c) {
        const Hindsight *h = c->hindsight;

        for (guint s = 0; s < SIDES; s++) {
                gboolean fin = FALSE;

                for (gint i = 0; i < h->n; i++) {
                        const TimelineEntry *e = &h->entries[i];

                        if (entry_side(e) != s || e->marks & (ENTRY_ICMP | ENTRY_OTHER_INCARNATION))
                                continue;
                        if (!(e->flags & TCP_RST)) {
                                fin |= !!(e->flags & TCP_FIN);
                                continue;
                        }
                        if (e->flags & TCP_ACK && !fin)
                                judge(c, i, s);
                        break; /* the first RST is the abort; later ones answer what still came */
                }
        }
}
