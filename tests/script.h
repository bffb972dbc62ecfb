/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A packet script: packets a line each, what the capture did to them, and what
 * the analyzer must say of them.  The notation is described in packets/README.md.
 */

#include "analyzer/record.h"

#define SCRIPT_FLOWS_MAX 26
#define SCRIPT_VLANS_MAX 4
#define SCRIPT_TCP_OPTIONS_BYTES_MAX 40 /* RFC 9293 3.1: the data offset ends at 60 */
#define SCRIPT_NS_PER_SECOND G_GINT64_CONSTANT(1000000000)
#define SCRIPT_EPOCH_NS (1704067200 * SCRIPT_NS_PER_SECOND) /* time 0 of a script: 2024-01-01T00:00:00Z */

#define SCRIPT_ERROR (script_error_quark())
GQuark script_error_quark(void);
enum { SCRIPT_ERROR_BAD }; /* the message is "file:line:column: what" */

/* One incarnation of a connection; @client and @server are what the script calls them. */
typedef struct ScriptFlow {
        char letter;
        gboolean ipv6;
        Address address[SIDES];
        guint16 port[SIDES];
        guint32 isn[SIDES];
        guint16 ip_id[SIDES]; /* of the next packet that does not set it */
        guint16 vlans[SCRIPT_VLANS_MAX];
        guint n_vlans;
        guint incarnation; /* of the flows with these addresses and VLANs, from 1 */
} ScriptFlow;

typedef enum ScriptPacketKind {
        SCRIPT_TCP,
        SCRIPT_ICMP, /* an error that quotes the packet described; sent to @side by a router */
        SCRIPT_END,  /* an unrelated packet: the capture lasted at least until then */
} ScriptPacketKind;

typedef struct ScriptPacket {
        ScriptPacketKind kind;
        gint64 time_ns; /* since the start of the script */
        guint line;
        guint flow;
        guint side; /* that sent it (or the packet quoted) */
        guint32 seq, ack;
        guint32 payload_bytes;
        guint16 window;
        guint16 ip_id;
        gboolean dont_fragment;
        gboolean no_length; /* the IP header says 0, as segmentation offload leaves it in a sender's own capture */
        guint8 flags;
        guint8 ttl;
        guint8 tos;
        guint8 icmp_type, icmp_code;
        guint8 n_options;
        guint8 options[SCRIPT_TCP_OPTIONS_BYTES_MAX];
        guint64 frame; /* its number in the capture; 0: it is not there */
        guint copies;  /* how often it was captured beyond once */
} ScriptPacket;

typedef enum ScriptExpect {
        EXPECT_STATE,       /* of a side, after the packet above */
        EXPECT_STATES,      /* all states of a side, to the end */
        EXPECT_SIDE_VALUES, /* numbers of a SideRecord */
        EXPECT_FLOW_VALUES, /* numbers of a FlowRecord */
        EXPECT_WORD,        /* a word of a FlowRecord */
        EXPECT_FINDING,
        EXPECT_NO_FINDING,
        EXPECT_NOTHING_LOUD, /* no finding at or above a severity */
} ScriptExpect;

/* name=5, name>=5s, name=5s.. (an interval cut off: 5 s or more), name=word */
typedef struct ScriptCondition {
        char name[40];
        char text[40]; /* "" for a number */
        gint64 integer;
        char relation; /* '=', '<' for <=, '>' for >= */
        guint8 bound;  /* Bound, checked when @relation is '=' */
} ScriptCondition;

#define SCRIPT_CONDITIONS_MAX 8
#define SCRIPT_ANY (-1)

typedef struct ScriptExpectation {
        ScriptExpect kind;
        guint line;
        char *text;     /* the line itself */
        guint flow;
        guint side;     /* FINDING_NO_SIDE where none is named */
        guint64 frame;  /* last frame captured above this line */
        gint64 time_ns; /* of the last packet above this line */
        guint8 states[RECORD_STATES_MAX]; /* TcpState; one for EXPECT_STATE */
        guint n_states;
        int basis;       /* Basis or SCRIPT_ANY */
        gint64 since_ns; /* or SCRIPT_ANY */
        const char *name; /* of the word: static */
        char *word;
        FindingId finding;
        int certainty; /* Certainty or SCRIPT_ANY */
        Severity severity;
        guint64 frames[FINDING_FRAMES_MAX];
        guint n_frames;
        ScriptCondition conditions[SCRIPT_CONDITIONS_MAX];
        guint n_conditions;
} ScriptExpectation;

typedef struct Script {
        char *name;     /* file name for messages */
        char *contract; /* the first comment */
        guint16 link_type; /* LINKTYPE_ */
        guint32 snaplen;
        gint64 linger_ns; /* the option --linger */
        guint16 port_first, port_last; /* the option --port-range, 0 if not given */
        gboolean cut; /* the file ends inside a record behind the last packet */
        ScriptFlow flows[SCRIPT_FLOWS_MAX];
        guint n_flows;
        GArray *packets;      /* ScriptPacket, in capture order, those that were not captured included */
        GArray *expectations; /* ScriptExpectation */
        guint64 frames;       /* in the capture */
        gint64 now_ns;        /* while parsing: time of the last packet */
        gboolean sniffed[SIDES]; /* while parsing: whose packets are captured */
} Script;

/**
 * script_parse:
 * @name: of the file, for messages
 *
 * Returns: (transfer full): the script, or NULL with @error naming line and column
 */
Script *script_parse(const char *name, const char *text, GError **error);

/* Returns: (transfer full): the same from a file. */
Script *script_load(const char *path, GError **error);

/* Returns: (transfer full): a pcap file (nanoseconds) with the packets that were captured; checksums are right. */
GBytes *script_capture(const Script *s);

/**
 * script_check:
 * @records: (element-type FlowRecord): all flows that the analyzer reported
 * @failures: every expectation that does not hold is appended, in the script's notation
 *
 * Returns: how many do not hold
 */
guint script_check(const Script *s, const GArray *records, GString *failures);

void script_free(Script *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Script, script_free)
