/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "reset.h"

static guint what_it_has(const Case *c) {
        guint has = 0;

        if (c->hindsight->side[CLIENT].has_fin || c->hindsight->side[SERVER].has_fin)
                has |= NEEDS_FIN;
        if (flow_fin_count(c->flow, CLIENT) > 1 || flow_fin_count(c->flow, SERVER) > 1)
                has |= NEEDS_REPEATED_FIN;
        if ((c->flow->side[CLIENT].bits | c->flow->side[SERVER].bits) & SIDE_RST)
                has |= NEEDS_RST;
        if (flow_previous(c->flow))
                has |= NEEDS_PREVIOUS;
        if (c->peer)
                has |= NEEDS_PEER;
        if (c->hindsight->marks & ENTRY_KEEPALIVE)
                has |= NEEDS_KEEPALIVE;
        if (c->hindsight->marks & ENTRY_OPTIONS_CUT)
                has |= NEEDS_OPTIONS_CUT;
        return has;
}

void rules_run(const Case *c, FlowRecord *record) {
        Case with = *c;
        Reset resets[RESETS_MAX];
        guint has = c->options->in_full ? ~0U : what_it_has(c);

        with.record = record;
        with.resets = resets;
        with.n_resets = has & NEEDS_RST ? reset_classify_all(&with, resets) : 0;
#define RULE(name, needs)                                                                                              \
        if ((has & NEEDS_##needs) == NEEDS_##needs)                                                                    \
                rule_##name(&with);
#include "rules.def"
#undef RULE
}

Finding *case_find(const Case *c, FindingId id, guint side, Certainty certainty) {
        static _Thread_local Finding spare;
        FlowRecord *r = c->record;
        Finding *f = &spare;

        if (r->n_findings < RECORD_FINDINGS_MAX)
                f = &r->findings[r->n_findings++];
        else
                r->findings_left_out++;
        f->id = (guint8)id;
        f->severity = (guint8)finding_kind(id)->severity;
        f->certainty = (guint8)certainty;
        f->side = (guint8)side;
        f->n_frames = 0;
        f->n_values = 0;
        return f;
}

void finding_frame(Finding *f, FrameRef frame) {
        guint i = f->n_frames;

        if (!frame || f->n_frames == FINDING_FRAMES_MAX)
                return;
        for (guint j = 0; j < f->n_frames; j++)
                if (f->frames[j] == frame)
                        return;
        for (; i > 0 && f->frames[i - 1] > frame; i--)
                f->frames[i] = f->frames[i - 1];
        f->frames[i] = frame;
        f->n_frames++;
}

static FindingValue *new_value(Finding *f, const char *name, ValueKind kind) {
        g_return_val_if_fail(f->n_values < FINDING_VALUES_MAX, &f->values[0]);
        f->values[f->n_values] = (FindingValue){ .name = name, .kind = (guint8)kind };
        return &f->values[f->n_values++];
}

void finding_integer(Finding *f, const char *name, gint64 value, Bound bound) {
        FindingValue *v = new_value(f, name, VALUE_INTEGER);

        v->integer = value;
        v->bound = (guint8)bound;
}

void finding_text(Finding *f, const char *name, const char *text) {
        new_value(f, name, VALUE_TEXT)->text = text;
}
