/* SPDX-License-Identifier: BSD-3-Clause */

#include "record-case.h"

#define NS_PER_MS 1000000

RecordCase *record_case_new(CloseKind close, guint captures) {
        RecordCase *c = g_new0(RecordCase, 1);
        FlowRecord *f = &c->flow;

        for (guint side = 0; side < SIDES; side++)
                f->side[side].address = (Address){ .bytes = { [10] = 0xff, [11] = 0xff, 10, 0, 0, (guint8)(1 + side) } };
        f->side[CLIENT].port = 40000;
        f->side[SERVER].port = 80;
        f->number = 1;
        f->incarnation = 1;
        f->close = close;
        f->first_frame = frame_ref(0, 1);
        f->last_frame = frame_ref(0, 20);
        f->start_ns = CASE_START_NS;
        f->end_ns = CASE_START_NS + 2 * NS_PER_SECOND;
        f->capture_end_ns = CASE_START_NS + 200 * NS_PER_SECOND;
        f->zeek_conn_state = "OTH";
        c->infos[0].path = (char *)"some/where/a.pcap";
        c->infos[1].path = (char *)"b\033.pcap";
        c->captures[0] = &c->infos[0];
        c->captures[1] = &c->infos[1];
        c->context = (ReportContext){ .captures = c->captures, .n_captures = captures };
        return c;
}

void record_case_free(RecordCase *c) {
        g_free(c);
}

static gint64 at(gint64 ms) {
        return CASE_START_NS + ms * NS_PER_MS;
}

void record_case_fin(RecordCase *c, guint side, guint64 number, gint64 at_ms) {
        c->flow.side[side].fin_frame = frame_ref(0, number);
        c->flow.side[side].fin_ns = at(at_ms);
        c->flow.side[side].fin_count = 1;
}

void record_case_rst(RecordCase *c, guint side, guint64 number, gint64 at_ms) {
        c->flow.side[side].rst_frame = frame_ref(0, number);
        c->flow.side[side].rst_ns = at(at_ms);
        c->flow.side[side].rst_count = 1;
}

void record_case_state(RecordCase *c, guint side, TcpState state, guint64 number, gint64 at_ms) {
        SideRecord *s = &c->flow.side[side];

        s->state = state;
        if (!s->entered[state])
                s->entered[state] = s->n_states + 1;
        s->states[s->n_states++] = (StateEntry){ .time_ns = at(at_ms), .frame = number ? frame_ref(0, number) : 0, .state = state };
}

Finding *record_case_finding(RecordCase *c, FindingId id, guint side) {
        Finding *f = &c->flow.findings[c->flow.n_findings++];

        *f = (Finding){ .id = (guint8)id, .severity = finding_kind(id)->severity, .side = (guint8)side };
        return f;
}

void record_case_value(Finding *f, const char *name, gint64 integer, Bound bound) {
        f->values[f->n_values++] = (FindingValue){ .name = name, .integer = integer, .bound = bound };
}
