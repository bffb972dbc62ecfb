/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What is counted over all flows, in memory that does not grow with them. */

#include "report.h"

#include "analyzer/tracker.h"
#include "analyzer/vantage.h"
#include "dissect/dissector.h"

#define SUMMARY_EXAMPLES_MAX 5 /* findings of a kind that are kept as its worst */
#define SUMMARY_WORST_MAX 10   /* flows that are kept as the worst */
#define SUMMARY_HOSTS_MAX 65536
#define SUMMARY_HOSTS_SHOWN 10

/* How bad something is, for "worst first": compared from left to right; the lower flow number first at a draw. */
typedef struct Badness {
        guint8 severity;
        guint8 sureness; /* CERTAINTIES - certainty */
        gint64 amount;   /* the finding's first duration or number of bytes */
        guint64 flow;
} Badness;

typedef struct Example {
        Badness badness;
        char *text; /* the finding's sentence, or the flow's verdict */
} Example;

typedef struct FindingTally {
        guint64 findings;
        guint64 flows;
        guint64 by_certainty[CERTAINTIES];
        guint64 by_severity[SEVERITIES];
        guint n_examples;
        Example examples[SUMMARY_EXAMPLES_MAX]; /* worst first */
} FindingTally;

/* An address that warnings or errors are about; a server with its port. */
typedef struct HostTally {
        Address address;
        guint16 port; /* 0 for clients, whose ports mean nothing */
        gboolean ipv6;
        guint64 flows; /* with a warning or error whose side it is */
        guint64 by_finding[FINDINGS];
} HostTally;

struct Summary {
        guint64 flows;
        guint64 joined; /* that the capture has no beginning of */
        guint64 packets, payload_bytes, retransmitted_packets;
        gint64 first_ns, last_ns; /* valid when flows > 0 */
        guint64 by_close[CLOSE_KINDS];
        guint64 by_closed_first[CLOSED_FIRST_VALUES];
        guint64 by_state[SIDES][STATES];   /* at the end of the capture */
        guint64 by_worst[SEVERITIES + 1];  /* flows by their worst finding; the last: none at all */
        guint64 together[SEVERITIES];      /* findings on several flows together */
        VantageTally vantage;
        guint64 findings_left_out;
        FindingTally findings[FINDINGS];
        guint n_worst;
        Example worst[SUMMARY_WORST_MAX]; /* flows with a warning or an error, worst first */
        guint64 hosts_left_out;           /* past SUMMARY_HOSTS_MAX */
        GHashTable *hosts;                /* of HostTally */
        guint64 dissected[DISSECT_RESULTS]; /* set by the pass at the end, like what follows */
        TrackerTotals totals;
};

Summary *summary_new(void);
void summary_free(Summary *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Summary, summary_free)

void summary_add(Summary *s, const ReportContext *c, const FlowRecord *f);

/* Adds what is found of several flows together. @names: a record with the addresses; @flows: how many it is about */
void summary_add_together(Summary *s, const ReportContext *c, const FlowRecord *names, const Finding *finding, guint64 flows);

/* Returns: flows whose worst finding is at least that severe; not what is found of several together. */
guint64 summary_flows_at_least(const Summary *s, Severity severity);

/* Returns: the kinds of findings that occurred, worst first, in @kinds of FINDINGS entries. */
guint summary_finding_order(const Summary *s, FindingId *kinds);

/* Returns: the worst that was found of a kind. */
Severity finding_tally_severity(const FindingTally *t);

/* Returns: (transfer container): hosts with most such flows first, at most SUMMARY_HOSTS_SHOWN. */
GPtrArray *summary_hosts(const Summary *s);
