/* SPDX-License-Identifier: BSD-3-Clause */

#include "completeness.h"

#define COMPLETENESS_ALL 63

guint8 completeness_segment(guint8 so_far, const Segment *s) {
        const guint8 flags = s->flags;
        const gboolean first = !so_far;

        so_far |= first ? COMPLETENESS_SEEN_ONE : COMPLETENESS_SEEN_MORE;
        switch (flags & (TCP_SYN | TCP_ACK)) {
        case TCP_SYN:
                /* A SYN opens a conversation; one inside of it says nothing new.  Data in it is fast open. */
                if (first)
                        so_far |= COMPLETENESS_SYN | (s->payload_bytes ? COMPLETENESS_DATA : 0);
                break;
        case TCP_SYN | TCP_ACK:
                so_far |= COMPLETENESS_SYN_ACK;
                break;
        case TCP_ACK:
                so_far |= s->payload_bytes ? COMPLETENESS_DATA : COMPLETENESS_ACK;
                break;
        }
        if ((flags & (TCP_FIN | TCP_ACK)) == (TCP_FIN | TCP_ACK))
                so_far |= COMPLETENESS_FIN;
        if (flags & TCP_RST)
                so_far |= COMPLETENESS_RST;
        return so_far;
}

guint8 completeness_value(guint8 so_far) {
        /* Wireshark looks at the first packet of a conversation for a SYN only; what else it was is
         * learned when the packet is met again in the second pass, and is first printed on the next one. */
        return so_far & (COMPLETENESS_SEEN_MORE | COMPLETENESS_SYN) ? so_far & COMPLETENESS_ALL : 0;
}
