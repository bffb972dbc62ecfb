/* SPDX-License-Identifier: BSD-3-Clause */

/* The lines of a packet script that say what must come out. */

#include <string.h>

#include "script_line.h"

static const char *state_title(guint i) {
        return tcp_state_title((TcpState)i);
}

static const char *state_name(guint i) {
        return tcp_state_name((TcpState)i);
}

static const char *basis_word(guint i) {
        return basis_name((Basis)i);
}

static const char *certainty_word(guint i) {
        return certainty_name((Certainty)i);
}

static const char *severity_word(guint i) {
        return severity_name((Severity)i);
}

/* As netstat writes it or as JSON has it. Returns: -1 if there is none. */
static int parse_state(Line *l) {
        int state = line_choice(l, state_title, STATES);

        return state >= 0 ? state : line_choice(l, state_name, STATES);
}

static guint parse_side(Line *l) {
        int side = line_choice(l, side_name, SIDES);

        return side >= 0 ? (guint)side : FINDING_NO_SIDE;
}

/* "5s", "5ms", "5us" as nanoseconds, "5" as it is. */
static gboolean parse_quantity(const char *word, gint64 *value) {
        static const struct {
                const char *suffix;
                double factor;
        } units[] = { { "", 1 }, { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { "ns", 1 } };
        char *end;
        double v = g_ascii_strtod(word, &end);

        for (guint i = 0; i < G_N_ELEMENTS(units); i++)
                if (g_str_equal(end, units[i].suffix)) {
                        *value = (gint64)(v * units[i].factor + (v < 0 ? -.5 : .5));
                        return TRUE;
                }
        return FALSE;
}

/* "5s", "5s.." (cut off: that or more), "..5s" (that or less), or a word. */
static gboolean parse_value(Line *l, ScriptCondition *c) {
        char word[40];
        char *number = word;

        if (!line_word(l, "-.", word, sizeof word))
                return FALSE;
        c->bound = BOUND_EXACT;
        if (g_str_has_prefix(word, "..")) {
                c->bound = BOUND_AT_MOST;
                number += 2;
        } else if (g_str_has_suffix(word, "..")) {
                c->bound = BOUND_AT_LEAST;
                word[strlen(word) - 2] = '\0';
        }
        if (!g_ascii_isdigit(number[*number == '-']))
                g_strlcpy(c->text, number, sizeof c->text);
        else if (!parse_quantity(number, &c->integer))
                return line_bad(l, "not a number before this: units are s ms us ns");
        return TRUE;
}

static gboolean parse_condition(Line *l, ScriptExpectation *e) {
        ScriptCondition *c = &e->conditions[e->n_conditions];

        if (e->n_conditions == SCRIPT_CONDITIONS_MAX)
                return line_bad(l, "more than %d conditions", SCRIPT_CONDITIONS_MAX);
        if (!line_word(l, "", c->name, sizeof c->name))
                return FALSE;
        if (line_take(l, ">="))
                c->relation = '>';
        else if (line_take(l, "<="))
                c->relation = '<';
        else if (line_want(l, "="))
                c->relation = '=';
        e->n_conditions++;
        return parse_value(l, c);
}

static gboolean parse_conditions(Line *l, ScriptExpectation *e) {
        static const FlowRecord none;
        gint64 value;

        do {
                if (!parse_condition(l, e))
                        return FALSE;
                if (!script_value_get(&none, e->side, e->conditions[e->n_conditions - 1].name, &value))
                        return line_bad(l, "no such number before this");
        } while (!line_at_end(l));
        return TRUE;
}

/* "client FIN_WAIT_2 assumed since 0.12", or "client fin_count=2". */
static gboolean parse_of_side(Line *l, ScriptExpectation *e) {
        int state = parse_state(l);

        if (state < 0) {
                e->kind = EXPECT_SIDE_VALUES;
                return parse_conditions(l, e);
        }
        e->kind = EXPECT_STATE;
        e->states[0] = (guint8)state;
        e->basis = line_choice(l, basis_word, BASES);
        e->since_ns = SCRIPT_ANY;
        return !line_take(l, "since") || line_seconds(l, &e->since_ns);
}

static gboolean parse_states(Line *l, ScriptExpectation *e) {
        e->kind = EXPECT_STATES;
        e->side = parse_side(l);
        if (e->side == FINDING_NO_SIDE)
                return line_bad(l, "expected client or server");
        while (!line_at_end(l)) {
                int state = parse_state(l);

                if (state < 0)
                        return line_bad(l, "not a state");
                if (e->n_states == RECORD_STATES_MAX)
                        return line_bad(l, "more than %d states", RECORD_STATES_MAX);
                e->states[e->n_states++] = (guint8)state;
        }
        return TRUE;
}

static gboolean parse_finding_id(Line *l, ScriptExpectation *e) {
        char word[64];

        if (!line_word(l, "-", word, sizeof word))
                return FALSE;
        e->finding = finding_parse(word);
        if (e->finding == FINDINGS)
                return line_bad(l, "no finding '%s' in findings.def", word);
        e->side = parse_side(l);
        e->certainty = line_choice(l, certainty_word, CERTAINTIES);
        return TRUE;
}

static gboolean parse_frames(Line *l, ScriptExpectation *e) {
        do {
                if (e->n_frames == FINDING_FRAMES_MAX)
                        return line_bad(l, "more than %d frames", FINDING_FRAMES_MAX);
                e->frames[e->n_frames++] = line_u32(l, G_MAXUINT32);
        } while (line_take(l, ","));
        return TRUE;
}

/* "finding ID [side] [certainty] [name>=value]... [frames 4,5]", and the same after "no" */
static gboolean parse_finding(Line *l, ScriptExpectation *e, ScriptExpect kind) {
        e->kind = kind;
        if (!parse_finding_id(l, e))
                return FALSE;
        while (!line_at_end(l) && !l->error)
                if (line_take(l, "frames"))
                        parse_frames(l, e);
                else
                        parse_condition(l, e);
        return TRUE;
}

/* "no finding ...", "no findings at or above warning" */
static gboolean parse_no(Line *l, ScriptExpectation *e) {
        int severity;

        if (line_take(l, "finding"))
                return parse_finding(l, e, EXPECT_NO_FINDING);
        e->kind = EXPECT_NOTHING_LOUD;
        line_want(l, "findings");
        line_want(l, "at");
        line_want(l, "or");
        line_want(l, "above");
        severity = line_choice(l, severity_word, SEVERITIES);
        if (severity < 0)
                return line_bad(l, "not a severity");
        e->severity = (Severity)severity;
        return TRUE;
}

static gboolean parse_word(Line *l, ScriptExpectation *e) {
        char word[48];

        e->kind = EXPECT_WORD;
        for (guint i = 0; (e->name = script_word_name(i)); i++)
                if (line_take(l, e->name)) {
                        if (line_word(l, "-^", word, sizeof word))
                                e->word = g_strdup(word);
                        return TRUE;
                }
        return line_bad(l, "neither a packet nor anything that can be expected");
}

gboolean script_expectation_parse(Script *s, Line *l, ScriptExpectation *e) {
        e->flow = line_flow(l, s);
        e->side = parse_side(l);
        if (e->side != FINDING_NO_SIDE)
                return parse_of_side(l, e);
        if (line_take(l, "states"))
                return parse_states(l, e);
        if (line_take(l, "finding"))
                return parse_finding(l, e, EXPECT_FINDING);
        if (line_take(l, "no"))
                return parse_no(l, e);
        if (line_take(l, "record")) {
                e->kind = EXPECT_FLOW_VALUES;
                return parse_conditions(l, e);
        }
        return parse_word(l, e);
}
