/* SPDX-License-Identifier: BSD-3-Clause */

#include "host-flows.h"

#include <string.h>

#define NS_PER_MS 1000000

void host_flow_init(FlowRecord *f, guint64 number, guint16 port, gint64 start_ns, gint64 end_ns) {
        memset(f, 0, sizeof *f);
        for (guint side = 0; side < SIDES; side++) {
                f->side[side].address =
                    (Address){ .bytes = { [10] = 0xff, [11] = 0xff, 10, 0, 0, (guint8)(1 + side) } };
                endpoint_init(&f->side[side], STATE_CLOSED);
        }
        f->number = number;
        f->incarnation = 1;
        f->side[CLIENT].port = port;
        f->side[SERVER].port = 80;
        f->start_ns = f->end_ns = start_ns;
        f->first_frame = number;
        f->capture_end_ns = end_ns;
}

void host_flow_address(FlowRecord *f, guint side, guint16 address) {
        f->side[side].address.bytes[14] = (guint8)(address >> 8);
        f->side[side].address.bytes[15] = (guint8)address;
}

void host_flow_event(FlowRecord *f, guint side, Event event, gint64 time_ns) {
        Basis basis = event == EVENT_EXPIRED ? BASIS_TIMER : BASIS_OBSERVED;

        if (!endpoint_event(&f->side[side], event, time_ns, basis == BASIS_TIMER ? 0 : 1, basis))
                g_error("%s: no row for %s", tcp_state_title(f->side[side].state), event_name(event));
        if (basis == BASIS_TIMER)
                return;
        f->end_ns = MAX(f->end_ns, time_ns);
        f->side[side].last_ns = MAX(f->side[side].last_ns, time_ns);
}

void host_flow_close(FlowRecord *f, guint first, gint64 time_wait_ns) {
        gint64 t = f->start_ns;
        guint second = !first;

        host_flow_event(f, CLIENT, EVENT_SENDS_SYN, t);
        host_flow_event(f, SERVER, EVENT_SENDS_SYN_ACK, t);
        host_flow_event(f, CLIENT, EVENT_SYN_ACKED, t + NS_PER_MS);
        host_flow_event(f, SERVER, EVENT_SYN_ACKED, t + NS_PER_MS);
        host_flow_event(f, first, EVENT_SENDS_FIN, t + 2 * NS_PER_MS);
        host_flow_event(f, second, EVENT_FIN_RECEIVED, t + 2 * NS_PER_MS);
        host_flow_event(f, first, EVENT_FIN_ACKED, t + 3 * NS_PER_MS);
        host_flow_event(f, second, EVENT_SENDS_FIN, t + 3 * NS_PER_MS);
        host_flow_event(f, first, EVENT_FIN_RECEIVED, t + 4 * NS_PER_MS);
        host_flow_event(f, second, EVENT_FIN_ACKED, t + 4 * NS_PER_MS);
        if (f->end_ns + time_wait_ns <= f->capture_end_ns)
                host_flow_event(f, first, EVENT_EXPIRED, f->end_ns + time_wait_ns);
        f->close = CLOSE_ORDERLY;
        f->closed_first_by = (guint8)first;
        for (guint side = 0; side < SIDES; side++) {
                SideRecord *s = &f->side[side];

                s->fin_frame = s->fin_acked_frame = 1;
                s->fin_count = 1;
                s->fin_ns = t + (side == first ? 2 : 3) * NS_PER_MS;
                s->fin_acked_ns = s->fin_ns + NS_PER_MS;
        }
}
