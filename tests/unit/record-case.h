/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Flow records made by hand: 10.0.0.1:40000 to 10.0.0.2:80, and one or two captures that hold them. */

#include "reports/report.h"
#include "reports/units.h"

#define CASE_START_NS (1700000000 * NS_PER_SECOND)

typedef struct RecordCase {
        FlowRecord flow;
        CaptureInfo infos[2];
        const CaptureInfo *captures[2];
        ReportContext context;
} RecordCase;

RecordCase *record_case_new(CloseKind close, guint captures);
void record_case_free(RecordCase *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RecordCase, record_case_free)

/* Each is in frame @number of the first capture, @at_ms after the start. */
void record_case_fin(RecordCase *c, guint side, guint64 number, gint64 at_ms);
void record_case_rst(RecordCase *c, guint side, guint64 number, gint64 at_ms);
void record_case_state(RecordCase *c, guint side, TcpState state, guint64 number, gint64 at_ms);
Finding *record_case_finding(RecordCase *c, FindingId id, guint side);
void record_case_value(Finding *f, const char *name, gint64 integer, Bound bound);
