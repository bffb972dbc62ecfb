/* SPDX-License-Identifier: BSD-3-Clause */
#include "analyzer/sequence.h"
#include "rule.h"

/*
 * TD105: after its FIN the side took new data, sent by an end that already had the FIN, and acknowledged it: its
 * process still reads, so it was shutdown(SHUT_WR). Data that was under way when the FIN came, and its repeats, say nothing.
 */
static void find(const Case *c, guint closer) {
        const Hindsight *h = c->hindsight;
        guint32 fin_end = h->side[closer].fin_end, after = 0, under_way = 0;
        guint64 bytes = 0;
        FrameRef data = 0;
        gboolean has_after = FALSE, has_under_way = FALSE;

        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (e->marks & (ENTRY_ICMP | ENTRY_OTHER_INCARNATION) || e->flags & (TCP_SYN | TCP_RST))
                        continue;
                if (entry_side(e) != closer) {
                        if (seq_before(e->ack, fin_end) && (!has_under_way || seq_after(entry_end(e), under_way))) {
                                under_way = entry_end(e);
                                has_under_way = TRUE;
                        }
                        if (!(e->flags & TCP_ACK) || seq_before(e->ack, fin_end) || !e->payload_bytes ||
                            e->marks & (ENTRY_RETRANSMISSION | ENTRY_KEEPALIVE) || (has_under_way && seq_before(e->seq, under_way)))
                                continue;
                        bytes += e->payload_bytes;
                        after = e->seq + e->payload_bytes;
                        if (!has_after)
                                data = e->frame;
                        has_after = TRUE;
                } else if (has_after && e->flags & TCP_ACK && seq_at_or_after(e->ack, after)) {
                        Finding *f = case_find(c, FINDING_HALF_CLOSE, closer, CERTAINTY_OBSERVED);

                        finding_frame(f, c->record->side[closer].fin_frame);
                        finding_frame(f, data);
                        finding_frame(f, e->frame);
                        finding_integer(f, "received_bytes", (gint64)bytes, BOUND_AT_LEAST);
                        finding_integer(f, "fin_frame", (gint64)c->record->side[closer].fin_frame, BOUND_EXACT);
                        return;
                }
        }
}

void rule_half_close(const Case *c) {
        for (guint s = 0; s < SIDES; s++)
                if (record_state(c->record, s, STATE_FIN_WAIT_1) && c->record->side[s].fin_frame)
                        find(c, s);
}
