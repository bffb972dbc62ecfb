/* SPDX-License-Identifier: BSD-3-Clause */
#include "record.h"

static const struct {
        const char *name, *title;
} closes[] = {
        [CLOSE_ORDERLY] = { "orderly", "both sides sent a FIN and both FINs were acknowledged" },
        [CLOSE_ORDERLY_LAST_ACK_UNSEEN] = { "orderly-last-ack-unseen", "both sides sent a FIN; the last ACK is not in the capture" },
        [CLOSE_HALF_CLOSED] = { "half-closed", "one side sent a FIN, the other had not closed at the end of the capture" },
        [CLOSE_SIMULTANEOUS] = { "simultaneous", "the FINs of both sides crossed" },
        [CLOSE_RESET] = { "reset", "ended by a RST without a FIN" },
        [CLOSE_RESET_AFTER_FIN] = { "reset-after-fin", "ended by a RST after a FIN" },
        [CLOSE_REFUSED] = { "refused", "the SYN was answered by a RST" },
        [CLOSE_UNANSWERED] = { "unanswered", "nothing answered the SYN" },
        [CLOSE_HANDSHAKE_ONLY_RESET] = { "handshake-only-reset", "the client answered the SYN+ACK with a RST" },
        [CLOSE_OPEN] = { "open", "neither FIN nor RST until the end of the capture" },
        [CLOSE_ABANDONED] = { "abandoned", "retransmissions or keepalives without an answer, then silence" },
};
G_STATIC_ASSERT(G_N_ELEMENTS(closes) == CLOSE_KINDS);

static const char *const closed_first[] = {
        [CLOSED_FIRST_BY_CLIENT] = "client",
        [CLOSED_FIRST_BY_SERVER] = "server",
        [CLOSED_FIRST_BY_BOTH] = "both",
        [CLOSED_FIRST_BY_NOBODY] = "nobody",
        [CLOSED_FIRST_BY_UNKNOWN] = "unknown",
};
G_STATIC_ASSERT(G_N_ELEMENTS(closed_first) == CLOSED_FIRST_VALUES);

static const char *const roles[] = {
        [ROLES_SYN] = "syn",
        [ROLES_SYN_ACK] = "syn-ack",
        [ROLES_PORT] = "port",
};
G_STATIC_ASSERT(G_N_ELEMENTS(roles) == ROLES_BASES);

static const char *const vantages[] = {
        [VANTAGE_UNKNOWN] = "unknown",
        [VANTAGE_CLIENT] = "client",
        [VANTAGE_SERVER] = "server",
        [VANTAGE_BETWEEN] = "between",
        [VANTAGE_NEARER_CLIENT] = "between",
        [VANTAGE_NEARER_SERVER] = "between",
};
G_STATIC_ASSERT(G_N_ELEMENTS(vantages) == VANTAGES);

const Finding *record_finding(const FlowRecord *f, FindingId id, guint side) {
        for (guint i = 0; i < f->n_findings; i++)
                if (f->findings[i].id == id && f->findings[i].side == side)
                        return &f->findings[i];
        return NULL;
}

const char *close_kind_name(CloseKind kind) {
        return closes[kind].name;
}

const char *close_kind_title(CloseKind kind) {
        return closes[kind].title;
}

const char *closed_first_by_name(ClosedFirstBy by) {
        return closed_first[by];
}

const char *roles_basis_name(RolesBasis basis) {
        return roles[basis];
}

const char *vantage_name(Vantage vantage) {
        return vantages[vantage];
}
