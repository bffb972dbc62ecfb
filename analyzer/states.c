/* SPDX-License-Identifier: BSD-3-Clause */
#include "states.h"

static const char *const names[] = {
        [STATE_UNKNOWN] = "unknown",
        [STATE_CLOSED] = "closed",
        [STATE_LISTEN] = "listen",
        [STATE_SYN_SENT] = "syn_sent",
        [STATE_SYN_RECEIVED] = "syn_received",
        [STATE_ESTABLISHED] = "established",
        [STATE_FIN_WAIT_1] = "fin_wait_1",
        [STATE_FIN_WAIT_2] = "fin_wait_2",
        [STATE_CLOSE_WAIT] = "close_wait",
        [STATE_CLOSING] = "closing",
        [STATE_LAST_ACK] = "last_ack",
        [STATE_TIME_WAIT] = "time_wait",
};
G_STATIC_ASSERT(G_N_ELEMENTS(names) == STATES);

static const char *const titles[] = {
        [STATE_UNKNOWN] = "UNKNOWN",
        [STATE_CLOSED] = "CLOSED",
        [STATE_LISTEN] = "LISTEN",
        [STATE_SYN_SENT] = "SYN_SENT",
        [STATE_SYN_RECEIVED] = "SYN_RECEIVED",
        [STATE_ESTABLISHED] = "ESTABLISHED",
        [STATE_FIN_WAIT_1] = "FIN_WAIT_1",
        [STATE_FIN_WAIT_2] = "FIN_WAIT_2",
        [STATE_CLOSE_WAIT] = "CLOSE_WAIT",
        [STATE_CLOSING] = "CLOSING",
        [STATE_LAST_ACK] = "LAST_ACK",
        [STATE_TIME_WAIT] = "TIME_WAIT",
};
G_STATIC_ASSERT(G_N_ELEMENTS(titles) == STATES);

static const char *const bases[] = {
        [BASIS_OBSERVED] = "observed",
        [BASIS_ASSUMED] = "assumed",
        [BASIS_INFERRED] = "inferred",
        [BASIS_TIMER] = "timer",
};
G_STATIC_ASSERT(G_N_ELEMENTS(bases) == BASES);

const char *tcp_state_name(TcpState state) {
        return names[state];
}

const char *tcp_state_title(TcpState state) {
        return titles[state];
}

const char *basis_name(Basis basis) {
        return bases[basis];
}

const char *side_name(guint side) {
        return side == CLIENT ? "client" : "server";
}
