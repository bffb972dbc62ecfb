/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the analyzer says of one flow: values only, no pointers back into the
 * tracker.  Reports are made from this and from nothing else.
 */

#include "dissect/segment.h"
#include "findings.h"
#include "states.h"
#include "timeline.h"
#include "zeek.h"

#define RECORD_STATES_MAX 16   /* entries per side; a TCP endpoint passes at most eight */
#define RECORD_FINDINGS_MAX 24

/* How the flow closed; exactly one (names in record.c, the words of the JSON). */
typedef enum CloseKind {
        CLOSE_ORDERLY,                 /* both FINs, both acknowledged */
        CLOSE_ORDERLY_LAST_ACK_UNSEEN, /* both FINs, the last ACK is not in the capture */
        CLOSE_HALF_CLOSED,             /* one FIN only until the end */
        CLOSE_SIMULTANEOUS,            /* the FINs crossed */
        CLOSE_RESET,                   /* a RST, no FIN before it */
        CLOSE_RESET_AFTER_FIN,         /* a RST after a FIN of either side */
        CLOSE_REFUSED,                 /* a RST answered the SYN */
        CLOSE_UNANSWERED,              /* SYNs only */
        CLOSE_HANDSHAKE_ONLY_RESET,    /* SYN, SYN+ACK, RST by the client: a half-open scan */
        CLOSE_OPEN,                    /* neither FIN nor RST until the end */
        CLOSE_ABANDONED,               /* retransmissions or keepalives without an answer, then silence */
        CLOSE_KINDS
} CloseKind;

typedef enum ClosedFirstBy {
        CLOSED_FIRST_BY_CLIENT, /* == CLIENT */
        CLOSED_FIRST_BY_SERVER, /* == SERVER */
        CLOSED_FIRST_BY_BOTH,
        CLOSED_FIRST_BY_NOBODY,
        CLOSED_FIRST_BY_UNKNOWN,
        CLOSED_FIRST_VALUES
} ClosedFirstBy;

/* How we know who the client is. */
typedef enum RolesBasis {
        ROLES_SYN,     /* it sent the SYN */
        ROLES_SYN_ACK, /* the other end sent a SYN+ACK */
        ROLES_PORT,    /* guessed: no handshake; the lower or better known port serves */
        ROLES_BASES
} RolesBasis;

/* Where on the path the capture was taken, as far as the flow's own handshake tells: vantage.h. */
typedef enum Vantage {
        VANTAGE_UNKNOWN,
        VANTAGE_CLIENT,
        VANTAGE_SERVER,
        VANTAGE_BETWEEN,
        VANTAGE_NEARER_CLIENT, /* between, too */
        VANTAGE_NEARER_SERVER,
        VANTAGES
} Vantage;

typedef struct StateEntry {
        gint64 time_ns;
        FrameRef frame; /* that shows it; 0 when the basis is BASIS_TIMER */
        guint8 state;   /* TcpState */
        guint8 basis;   /* Basis */
        guint8 event;   /* Event of transitions.def that led here */
} StateEntry;

typedef struct SideRecord {
        Address address;
        guint16 port;
        guint8 n_states;
        guint8 state; /* TcpState at the end of the capture */
        guint8 entered[STATES]; /* by state: which of @states is the first entry of it, from 1; 0 none */
        guint64 packets;
        guint64 payload_bytes;       /* sent, resent bytes included */
        guint64 retransmitted_packets;
        guint64 retransmitted_bytes;
        guint64 missing_bytes;       /* acknowledged by the other end, not in the capture */
        guint64 unacked_bytes;       /* sent and never acknowledged in what was captured */
        guint64 copies;              /* captured copies of one packet, not counted in @packets */
        gboolean has_isn;
        guint32 isn;                 /* base of relative numbers; the lowest sequence number seen when !has_isn */
        FrameRef syn_frame;          /* 0 when there is none; SYN or SYN+ACK */
        gint64 syn_ns;
        guint32 syn_count;
        FrameRef fin_frame;          /* first FIN, 0 none captured */
        gint64 fin_ns;
        guint32 fin_count;
        FrameRef fin_acked_frame;    /* first segment of the other end that covers it, 0 none */
        gint64 fin_acked_ns;
        FrameRef rst_frame;          /* first RST, 0 none */
        gint64 rst_ns;
        guint32 rst_count;
        gint64 last_data_ns;         /* last segment with payload; valid when payload_bytes > 0 */
        FrameRef last_data_frame;
        FrameRef last_frame;         /* last packet of any kind; 0 when the side was never heard */
        gint64 last_ns;
        StateEntry states[RECORD_STATES_MAX]; /* @n_states of them */
} SideRecord;

#define RECORD_ZEEK_LATER_MAX 7 /* what comes after them is not told */

/* A row of Zeek's conn.log. */
typedef struct ZeekRow {
        const char *conn_state; /* "SF" ... */
        char history[ZEEK_HISTORY_MAX + 2];
} ZeekRow;

/* Wireshark's tcp.completeness bits. */
enum {
        COMPLETENESS_SYN = 1,
        COMPLETENESS_SYN_ACK = 2,
        COMPLETENESS_ACK = 4,
        COMPLETENESS_DATA = 8,
        COMPLETENESS_FIN = 16,
        COMPLETENESS_RST = 32,
};

typedef struct FlowRecord {
        guint64 number;        /* from 1, in order of the first frame */
        guint64 previous_flow; /* number of the incarnation before this one on the same 4-tuple, or 0 */
        guint32 incarnation;   /* from 1 */
        guint32 path;          /* VLANs and tunnels, a path.h id */
        gboolean ipv6;
        SideRecord side[SIDES];
        FrameRef first_frame, last_frame;
        gint64 start_ns, end_ns;
        guint8 roles;           /* RolesBasis */
        guint8 close;           /* CloseKind */
        guint8 closed_first_by; /* ClosedFirstBy */
        guint8 vantage;         /* Vantage */
        guint8 completeness;    /* COMPLETENESS_ bits */
        gboolean joined;        /* the capture began in its middle */
        gboolean given_up;      /* reported before it was over, as memory was full: it was watched to its last packet so far */
        const char *zeek_conn_state; /* "SF" ...; NULL unless TrackerOptions.zeek */
        char zeek_history[48];
        guint n_zeek_later; /* rows that Zeek opens when its timers have ended the first */
        ZeekRow zeek_later[RECORD_ZEEK_LATER_MAX];
        gint64 capture_end_ns;  /* time of the last frame of the whole input: what can be waited for ends here */
        gint64 taken_over_ns;   /* SYN of the next connection on the 4-tuple, if that was answered by a SYN+ACK: neither end
                                   has this one any more then, whatever its timers say; 0 none */
        guint n_findings;
        Finding findings[RECORD_FINDINGS_MAX];
        guint findings_left_out; /* past RECORD_FINDINGS_MAX */
        /* The packets that were kept, in capture order; owned by the tracker, valid during the call only. */
        const TimelineEntry *timeline;
        guint n_timeline;
        guint64 timeline_left_out; /* packets of the flow that were not kept (they are marked by ENTRY_GAP_BEFORE) */
        guint64 icmp_errors;    /* ICMP errors that quoted it; each is in the timeline */
} FlowRecord;

/* @side: whose, or FINDING_NO_SIDE. Returns: the first one, or NULL. */
const Finding *record_finding(const FlowRecord *f, FindingId id, guint side);

/* Returns: the words that leave the program: "half-closed", "client", "syn", "between". */
const char *close_kind_name(CloseKind kind);
const char *closed_first_by_name(ClosedFirstBy by);
const char *roles_basis_name(RolesBasis roles);
const char *vantage_name(Vantage vantage);
/* Returns: what a CloseKind means, a short sentence without a full stop. */
const char *close_kind_title(CloseKind kind);
