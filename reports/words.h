/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The sentences of every output, in the flow's own addresses.  What a finding is called comes
 * from the catalogue (findings.def); how its template is filled in is here.  None has control characters.
 *
 * Functions append to a string. Of those that millions of records need there is one that writes to @at, too, where there is
 * room for WORDS_BYTES, and returns where that ends, without a NUL.
 */

#include "report.h"

#include "analyzer/vantage.h"

/* More than a sentence of the catalogue with the longest values, each with the name of a capture. */
#define WORDS_BYTES 8192
#define CAPTURE_NAME_BYTES 255 /* of it are told; file systems have no longer names */

/* "10.0.0.1:40000", "[2001:db8::1]:80" */
char *words_put_side(char *at, const FlowRecord *f, guint side);
void words_side(GString *text, const FlowRecord *f, guint side);

/* "12", and with several captures "12 of b.pcap". */
char *words_put_frame_number(char *at, const ReportContext *c, FrameRef frame);

/* "frame 12", and with several captures "frame 12 of b.pcap". */
void words_frame(GString *text, const ReportContext *c, FrameRef frame);

/* The last component of a capture's path; "standard input" for "-". May hold control characters. */
const char *words_capture_name(const CaptureInfo *info);

/* How the flow closed, one sentence without a full stop: verdict.c. */
char *words_put_verdict(char *at, const ReportContext *c, const FlowRecord *f);
void words_verdict(GString *text, const ReportContext *c, const FlowRecord *f);

/*
 * Where the flow was captured, without a full stop: "captured at 10.0.0.1's end". Returns: whether that is known; else
 * nothing is appended.
 */
gboolean words_vantage(GString *text, const FlowRecord *f);

/* The same of all flows together: "captured at the servers' end". */
gboolean words_vantage_of_all(GString *text, const VantageTally *t);

/* The catalogue's sentence with the finding's numbers in it. */
char *words_put_finding(char *at, const ReportContext *c, const FlowRecord *f, const Finding *finding);
void words_finding(GString *text, const ReportContext *c, const FlowRecord *f, const Finding *finding);

/*
 * A Wireshark display filter for the flow: its addresses and ports, and within one capture the frames it spans,
 * so that another incarnation on the same 4-tuple does not match.
 */
char *words_put_flow_filter(char *at, const ReportContext *c, const FlowRecord *f);
void words_flow_filter(GString *text, const ReportContext *c, const FlowRecord *f);

/* A filter for the finding's own frames; with several captures, whose frame numbers differ, the flow's. */
char *words_put_finding_filter(char *at, const ReportContext *c, const FlowRecord *f, const Finding *finding);
void words_finding_filter(GString *text, const ReportContext *c, const FlowRecord *f, const Finding *finding);

/* The packet in packetdrill's notation with relative numbers: "F. 1:1(0) ack 1 win 257". */
void words_packet(GString *text, const FlowRecord *f, const TimelineEntry *e);

/* Only its flags: "S.", "FP.", "R". */
void words_flags(GString *text, guint8 flags);

/* Sequence and acknowledgment number relative to the ISNs of the side that sent it and of the other. */
gint64 words_relative_seq(const FlowRecord *f, const TimelineEntry *e);
gint64 words_relative_ack(const FlowRecord *f, const TimelineEntry *e);

/* Why an endpoint entered a state, in the words of transitions.def: "received the other end's FIN, ...". */
const char *words_event(guint event);

/* Returns: the name of the @i-th mark that a person or program should know of @e; NULL past the last. */
const char *words_mark(const TimelineEntry *e, guint i);
