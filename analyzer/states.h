/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The words of RFC 9293 for what an endpoint can be in, and how sure we are of it. */

#include <glib.h>

/* RFC 9293 3.3.2; UNKNOWN is a flow joined in the middle. */
typedef enum TcpState {
        STATE_UNKNOWN,
        STATE_CLOSED,
        STATE_LISTEN,
        STATE_SYN_SENT,
        STATE_SYN_RECEIVED,
        STATE_ESTABLISHED,
        STATE_FIN_WAIT_1,
        STATE_FIN_WAIT_2,
        STATE_CLOSE_WAIT,
        STATE_CLOSING,
        STATE_LAST_ACK,
        STATE_TIME_WAIT,
        STATES
} TcpState;

/* Why we say that an endpoint entered a state. */
typedef enum Basis {
        BASIS_OBSERVED, /* its own packets show it */
        BASIS_ASSUMED,  /* a packet was sent to it that should have caused it; nothing it sent shows that it came */
        BASIS_INFERRED, /* follows from an acknowledgment of something that the capture does not have */
        BASIS_TIMER,    /* by the timer of the host model; nothing on the wire */
        BASES
} Basis;

/* A flow has two sides and most code takes (flow, side), so that nothing is written once per direction.
 * The client sent the first SYN, or is guessed to have. */
enum {
        CLIENT,
        SERVER,
        SIDES
};

/* Returns: the OpenTelemetry value of network.connection.state, "fin_wait_2"; "unknown" for UNKNOWN. */
const char *tcp_state_name(TcpState state);
/* Returns: as RFC 9293 and netstat write it, "FIN_WAIT_2". */
const char *tcp_state_title(TcpState state);
/* Returns: "observed", "assumed", "inferred", "timer". */
const char *basis_name(Basis basis);
/* Returns: "client" or "server". */
const char *side_name(guint side);
