/* SPDX-License-Identifier: BSD-3-Clause */

/* Compares what a packet script expects with what came out, and says the difference in the script's notation. */

#include <string.h>

#include "script_line.h"

typedef struct Check {
        const Script *script;
        const FlowRecord *flows[SCRIPT_FLOWS_MAX]; /* by the script's flow; NULL: it was not reported */
        GString *failures;
        guint n;
} Check;

/* ── What can be asked of a record ── */

static const char *close_word(const FlowRecord *r) {
        return close_kind_name((CloseKind)r->close);
}

static const char *first_word(const FlowRecord *r) {
        return closed_first_by_name((ClosedFirstBy)r->closed_first_by);
}

static const char *roles_word(const FlowRecord *r) {
        return roles_basis_name((RolesBasis)r->roles);
}

static const char *vantage_word(const FlowRecord *r) {
        return vantage_name((Vantage)r->vantage);
}

static const char *nearer_word(const FlowRecord *r) {
        if (r->vantage != VANTAGE_NEARER_CLIENT && r->vantage != VANTAGE_NEARER_SERVER)
                return "nobody";
        return side_name(r->vantage == VANTAGE_NEARER_CLIENT ? CLIENT : SERVER);
}

static const char *zeek_word(const FlowRecord *r) {
        return r->zeek_conn_state;
}

static const char *history_word(const FlowRecord *r) {
        return r->zeek_history;
}

static const struct {
        const char *name;
        const char *(*get)(const FlowRecord *r);
} words[] = {
        { "close", close_word }, { "first", first_word }, { "roles", roles_word },
        { "vantage", vantage_word }, { "nearer", nearer_word }, { "zeek", zeek_word }, { "history", history_word },
};

const char *script_word_name(guint i) {
        return i < G_N_ELEMENTS(words) ? words[i].name : NULL;
}

const char *script_word_get(const FlowRecord *r, const char *name) {
        for (guint i = 0; i < G_N_ELEMENTS(words); i++)
                if (g_str_equal(words[i].name, name))
                        return words[i].get(r);
        return NULL;
}

typedef struct Field {
        const char *name;
        gsize offset;
        gsize size;
        gboolean frame; /* a FrameRef */
} Field;

#define FIELD(Type, name) { #name, offsetof(Type, name), sizeof(((Type *)NULL)->name), FALSE }
#define FRAME_FIELD(Type, name) { #name, offsetof(Type, name), sizeof(FrameRef), TRUE }

static const Field side_fields[] = {
        FIELD(SideRecord, packets), FIELD(SideRecord, payload_bytes), FIELD(SideRecord, retransmitted_packets),
        FIELD(SideRecord, retransmitted_bytes), FIELD(SideRecord, missing_bytes), FIELD(SideRecord, unacked_bytes),
        FIELD(SideRecord, copies), FIELD(SideRecord, isn), FIELD(SideRecord, has_isn), FIELD(SideRecord, syn_count),
        FIELD(SideRecord, fin_count), FIELD(SideRecord, rst_count), FRAME_FIELD(SideRecord, syn_frame),
        FRAME_FIELD(SideRecord, fin_frame), FRAME_FIELD(SideRecord, fin_acked_frame),
        FRAME_FIELD(SideRecord, rst_frame), FRAME_FIELD(SideRecord, last_data_frame), FRAME_FIELD(SideRecord, last_frame),
};

static const Field flow_fields[] = {
        FIELD(FlowRecord, incarnation), FIELD(FlowRecord, previous_flow), FIELD(FlowRecord, joined),
        FIELD(FlowRecord, completeness), FIELD(FlowRecord, icmp_errors), FIELD(FlowRecord, n_findings),
        FIELD(FlowRecord, ipv6), FRAME_FIELD(FlowRecord, first_frame), FRAME_FIELD(FlowRecord, last_frame),
};

/* Little endian or not: fields are of 1, 4 or 8 bytes. */
static gint64 field_get(const Field *f, const void *of) {
        const void *at = (const char *)of + f->offset;
        guint64 wide;
        guint32 word;

        if (f->size == 1)
                return *(const guint8 *)at;
        if (f->size == sizeof word) {
                memcpy(&word, at, sizeof word);
                return word;
        }
        memcpy(&wide, at, sizeof wide);
        return (gint64)(f->frame ? frame_ref_number(wide) : wide);
}

/* @side: FINDING_NO_SIDE for the flow's own. */
gboolean script_value_get(const FlowRecord *r, guint side, const char *name, gint64 *value) {
        const Field *fields = side < SIDES ? side_fields : flow_fields;
        guint n = side < SIDES ? G_N_ELEMENTS(side_fields) : G_N_ELEMENTS(flow_fields);

        for (guint i = 0; i < n; i++)
                if (g_str_equal(fields[i].name, name)) {
                        *value = field_get(&fields[i], side < SIDES ? (const void *)&r->side[side] : r);
                        return TRUE;
                }
        return FALSE;
}

/* ── Failures ── */

static void fail(Check *c, guint line, const char *expected, const char *format, ...) G_GNUC_PRINTF(4, 5);

static void fail(Check *c, guint line, const char *expected, const char *format, ...) {
        va_list args;

        c->n++;
        g_string_append_printf(c->failures, "%s:%u: expected  %s\n%s:%u:   actual  ", c->script->name, line, expected,
                               c->script->name, line);
        va_start(args, format);
        g_string_append_vprintf(c->failures, format, args);
        va_end(args);
        g_string_append_c(c->failures, '\n');
}

static double seconds(gint64 time_ns) {
        return (double)(time_ns - SCRIPT_EPOCH_NS) / 1e9;
}

static void append_entry(GString *out, guint side, const StateEntry *e) {
        g_string_append_printf(out, "%s %s %s since %.9g", side_name(side), tcp_state_title((TcpState)e->state),
                               basis_name((Basis)e->basis), seconds(e->time_ns));
        if (e->frame)
                g_string_append_printf(out, " (frame %" G_GUINT64_FORMAT ")", frame_ref_number(e->frame));
}

static void append_value(GString *out, const FindingValue *v) {
        if (v->kind == VALUE_TEXT)
                g_string_append_printf(out, " %s=%s", v->name, v->text);
        else
                g_string_append_printf(out, " %s=%s%" G_GINT64_FORMAT "%s", v->name, v->bound == BOUND_AT_MOST ? ".." : "",
                                       v->integer, v->bound == BOUND_AT_LEAST ? ".." : "");
}

static void append_finding(GString *out, const Finding *f) {
        g_string_append_printf(out, "finding %s%s%s %s", finding_kind((FindingId)f->id)->id, f->side < SIDES ? " " : "",
                               f->side < SIDES ? side_name(f->side) : "", certainty_name((Certainty)f->certainty));
        for (guint i = 0; i < f->n_values; i++)
                append_value(out, &f->values[i]);
        for (guint i = 0; i < f->n_frames; i++)
                g_string_append_printf(out, "%s%" G_GUINT64_FORMAT, i ? "," : " frames ", frame_ref_number(f->frames[i]));
}

/* ── States ── */

/* Returns: the entry that the side is in after a frame, or NULL before its first. */
static const StateEntry *entry_after(const SideRecord *s, const ScriptExpectation *e) {
        const StateEntry *found = NULL;

        for (guint i = 0; i < s->n_states; i++) {
                const StateEntry *x = &s->states[i];

                if (x->frame ? frame_ref_number(x->frame) <= e->frame : x->time_ns <= SCRIPT_EPOCH_NS + e->time_ns)
                        found = x;
        }
        return found;
}

static gboolean entry_fits(const StateEntry *x, const ScriptExpectation *e) {
        return x->state == e->states[0] && (e->basis == SCRIPT_ANY || x->basis == e->basis) &&
               (e->since_ns == SCRIPT_ANY || x->time_ns == SCRIPT_EPOCH_NS + e->since_ns);
}

static void check_state(Check *c, const FlowRecord *r, const ScriptExpectation *e) {
        const StateEntry *x = entry_after(&r->side[e->side], e);
        g_autoptr(GString) actual = g_string_new(NULL);

        if (!x && (e->states[0] == STATE_UNKNOWN || e->states[0] == STATE_CLOSED || e->states[0] == STATE_LISTEN))
                return;
        if (x && entry_fits(x, e))
                return;
        if (x)
                append_entry(actual, e->side, x);
        else
                g_string_append_printf(actual, "%s has no state yet", side_name(e->side));
        fail(c, e->line, e->text, "%s", actual->str);
}

static void check_states(Check *c, const FlowRecord *r, const ScriptExpectation *e) {
        const SideRecord *s = &r->side[e->side];
        gboolean same = s->n_states == e->n_states;
        g_autoptr(GString) actual = g_string_new(NULL);

        g_string_append_printf(actual, "states %s", side_name(e->side));
        for (guint i = 0; i < s->n_states; i++) {
                same = same && s->states[i].state == e->states[i];
                g_string_append_printf(actual, " %s", tcp_state_name((TcpState)s->states[i].state));
        }
        if (!same)
                fail(c, e->line, e->text, "%s", actual->str);
}

/* ── Numbers and findings ── */

static gboolean compare(const ScriptCondition *c, gint64 value) {
        return c->relation == '>' ? value >= c->integer : c->relation == '<' ? value <= c->integer : value == c->integer;
}

static void check_values(Check *c, const FlowRecord *r, const ScriptExpectation *e) {
        for (guint i = 0; i < e->n_conditions; i++) {
                gint64 value;

                script_value_get(r, e->side, e->conditions[i].name, &value);
                if (!compare(&e->conditions[i], value))
                        fail(c, e->line, e->text, "%s=%" G_GINT64_FORMAT, e->conditions[i].name, value);
        }
}

static void check_word(Check *c, const FlowRecord *r, const ScriptExpectation *e) {
        const char *actual = script_word_get(r, e->name);

        if (g_strcmp0(actual, e->word) != 0)
                fail(c, e->line, e->text, "%s %s", e->name, actual ? actual : "(none)");
}

static gboolean condition_holds(const ScriptCondition *c, const Finding *f) {
        const FindingValue *v = finding_value(f, c->name);

        if (!v)
                return FALSE;
        if (v->kind == VALUE_TEXT)
                return g_str_equal(v->text, c->text);
        return c->text[0] == '\0' && compare(c, v->integer) && (c->relation != '=' || v->bound == c->bound);
}

static gboolean finding_fits(const Finding *f, const ScriptExpectation *e) {
        if (f->id != e->finding || (e->side != FINDING_NO_SIDE && f->side != e->side))
                return FALSE;
        if (e->certainty != SCRIPT_ANY && f->certainty != e->certainty)
                return FALSE;
        for (guint i = 0; i < e->n_conditions; i++)
                if (!condition_holds(&e->conditions[i], f))
                        return FALSE;
        for (guint i = 0; i < e->n_frames; i++)
                if (f->n_frames != e->n_frames || frame_ref_number(f->frames[i]) != e->frames[i])
                        return FALSE;
        return TRUE;
}

static const Finding *find(const FlowRecord *r, const ScriptExpectation *e) {
        for (guint i = 0; i < r->n_findings; i++)
                if (finding_fits(&r->findings[i], e))
                        return &r->findings[i];
        return NULL;
}

static void check_finding(Check *c, const FlowRecord *r, const ScriptExpectation *e) {
        g_autoptr(GString) actual = g_string_new(NULL);

        if (find(r, e))
                return;
        for (guint i = 0; i < r->n_findings; i++)
                if (r->findings[i].id == e->finding) {
                        append_finding(actual, &r->findings[i]);
                        g_string_append(actual, "; ");
                }
        if (actual->len == 0) {
                g_string_append(actual, "none; findings are:");
                for (guint i = 0; i < r->n_findings; i++)
                        g_string_append_printf(actual, " %s", finding_kind((FindingId)r->findings[i].id)->id);
        }
        fail(c, e->line, e->text, "%s", actual->str);
}

static void check_no_finding(Check *c, const FlowRecord *r, const ScriptExpectation *e) {
        g_autoptr(GString) actual = g_string_new(NULL);
        const Finding *f = find(r, e);

        if (!f)
                return;
        append_finding(actual, f);
        fail(c, e->line, e->text, "%s", actual->str);
}

static void check_nothing_loud(Check *c, const FlowRecord *r, const ScriptExpectation *e) {
        for (guint i = 0; i < r->n_findings; i++)
                if (r->findings[i].severity >= e->severity) {
                        g_autoptr(GString) actual = g_string_new(NULL);

                        append_finding(actual, &r->findings[i]);
                        fail(c, e->line, e->text, "%s", actual->str);
                }
}

static void (*const checks[])(Check *c, const FlowRecord *r, const ScriptExpectation *e) = {
        [EXPECT_STATE] = check_state,
        [EXPECT_STATES] = check_states,
        [EXPECT_SIDE_VALUES] = check_values,
        [EXPECT_FLOW_VALUES] = check_values,
        [EXPECT_WORD] = check_word,
        [EXPECT_FINDING] = check_finding,
        [EXPECT_NO_FINDING] = check_no_finding,
        [EXPECT_NOTHING_LOUD] = check_nothing_loud,
};

/* ── Which record is which flow of the script ── */

static const ScriptPacket *packet_of_frame(const Script *s, guint64 frame) {
        for (guint i = 0; i < s->packets->len; i++) {
                const ScriptPacket *p = &g_array_index(s->packets, ScriptPacket, i);

                if (p->frame && frame >= p->frame && frame <= p->frame + p->copies)
                        return p;
        }
        return NULL;
}

static void check_identity(Check *c, const FlowRecord *r, const ScriptFlow *f, guint line) {
        g_autofree char *flow = g_strdup_printf("flow %c, incarnation %u", f->letter, f->incarnation);

        if (r->incarnation != f->incarnation)
                fail(c, line, flow, "incarnation %u", r->incarnation);
        if (r->side[CLIENT].port != f->port[CLIENT] || r->side[SERVER].port != f->port[SERVER] ||
            memcmp(&r->side[CLIENT].address, &f->address[CLIENT], sizeof(Address)) != 0)
                fail(c, line, flow, "its client is taken for the server");
}

static void assign(Check *c, const FlowRecord *r) {
        const ScriptPacket *p = packet_of_frame(c->script, frame_ref_number(r->first_frame));

        if (!p || c->flows[p->flow]) {
                fail(c, p ? p->line : 0, "no further flow", "flow %" G_GUINT64_FORMAT " begins here", r->number);
                return;
        }
        c->flows[p->flow] = r;
        check_identity(c, r, &c->script->flows[p->flow], p->line);
}

guint script_check(const Script *s, const GArray *records, GString *failures) {
        Check c = { .script = s, .failures = failures };

        for (guint i = 0; i < records->len; i++)
                assign(&c, &g_array_index(records, FlowRecord, i));
        for (guint i = 0; i < s->expectations->len; i++) {
                const ScriptExpectation *e = &g_array_index(s->expectations, ScriptExpectation, i);
                const FlowRecord *r = c.flows[e->flow];

                if (r)
                        checks[e->kind](&c, r, e);
                else
                        fail(&c, e->line, e->text, "flow %c was not reported", s->flows[e->flow].letter);
        }
        return c.n;
}
