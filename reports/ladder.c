/* SPDX-License-Identifier: BSD-3-Clause */

/* One flow packet by packet: the client's states on the left, the server's on the right, time downwards. */

#include <string.h>

#include "outputs.h"
#include "state_cursor.h"
#include "summary.h"
#include "units.h"
#include "words.h"

#define STATE_COLUMNS 15 /* "*SYN_RECEIVED?" and a space */
#define FINDING_INDENT 6

typedef struct Ladder {
        Report report;
        Terminal *terminal;
        guint64 number;
        gboolean found;
        GString *scratch;
} Ladder;

/* Where the columns begin, measured on the flow. */
typedef struct Layout {
        gint frame_columns;
        gint time_columns;
        guint client, packet, server;
} Layout;

static GString *scratch(Ladder *l) {
        return g_string_truncate(l->scratch, 0);
}

/* ── Head ────────────────────────────────────────────────────────────────── */

static void print_head(Ladder *l, const FlowRecord *f) {
        const ReportContext *c = l->report.context;
        Terminal *t = l->terminal;
        GString *text = scratch(l);
        gsize at;

        g_string_append_printf(text, "Flow %" G_GUINT64_FORMAT ": ", f->number);
        words_side(text, f, CLIENT);
        g_string_append(text, " > ");
        words_side(text, f, SERVER);
        terminal_print(t, ROLE_STRONG, "%s\n", text->str);
        time_append(scratch(l), f->start_ns, c->local_time);
        g_string_append(text, ", ");
        duration_append(text, f->end_ns - f->start_ns, BOUND_EXACT);
        g_string_append(text, ", ");
        counted_append(text, f->side[CLIENT].packets + f->side[SERVER].packets, "packet");
        g_string_append(text, ", ");
        bytes_append(text, f->side[CLIENT].payload_bytes);
        g_string_append(text, " up, ");
        bytes_append(text, f->side[SERVER].payload_bytes);
        g_string_append(text, " down");
        if (f->incarnation > 1)
                g_string_append_printf(text, "; connection %u on this 4-tuple, after flow %" G_GUINT64_FORMAT, f->incarnation,
                                       f->previous_flow);
        if (f->joined)
                g_string_append(text, "; the capture has no beginning of it");
        at = text->len;
        g_string_append(text, "; ");
        if (!words_vantage(text, f))
                g_string_truncate(text, at);
        if (f->path && c->paths) {
                g_autofree char *path = path_describe(c->paths, f->path);

                g_string_append_printf(text, "; %s", path);
        }
        terminal_print(t, ROLE_DIM, "%s\n\n", text->str);
        words_verdict(scratch(l), c, f);
        terminal_put_wrapped(t, ROLE_PLAIN, 0, text->str);
        for (guint i = 0; c->n_captures > 1 && i < c->n_captures; i++)
                terminal_print(t, ROLE_DIM, "Frames %u:... are of %s\n", i, c->captures[i]->path);
        terminal_put(t, ROLE_PLAIN, "\n");
}

/* ── Rungs ───────────────────────────────────────────────────────────────── */

static const char *format_frame(Ladder *l, FrameRef frame) {
        GString *text = scratch(l);

        if (l->report.context->n_captures > 1)
                g_string_append_printf(text, "%u:", frame_ref_file(frame));
        g_string_append_printf(text, "%" G_GUINT64_FORMAT, frame_ref_number(frame));
        return text->str;
}

static const char *format_offset(Ladder *l, const FlowRecord *f, gint64 time_ns) {
        gint64 us = (time_ns - f->start_ns) / 1000;

        g_string_append_printf(scratch(l), "%s%" G_GINT64_FORMAT ".%06u", us < 0 ? "-" : "", ABS(us / 1000000),
                               (guint)(ABS(us) % 1000000));
        return l->scratch->str;
}

/* "--> F. 1:1(0) ack 1 win 257  retransmission" */
static const char *format_packet(Ladder *l, const FlowRecord *f, const TimelineEntry *e) {
        GString *text = scratch(l);
        const char *mark;

        g_string_append(text, e->marks & ENTRY_SERVER ? "<-- " : "--> ");
        words_packet(text, f, e);
        for (guint i = 0; (mark = words_mark(e, i)) != NULL; i++) {
                if (g_str_equal(mark, "gap_before") || g_str_equal(mark, "sack"))
                        continue;
                g_string_append(text, "  ");
                for (; *mark; mark++)
                        g_string_append_c(text, *mark == '_' ? ' ' : *mark);
        }
        return text->str;
}

static Layout measure(Ladder *l, const FlowRecord *f) {
        Layout layout = { .frame_columns = 5, .time_columns = 9 };
        guint packet = 0;

        for (guint i = 0; i < f->n_timeline; i++) {
                const TimelineEntry *e = &f->timeline[i];

                layout.frame_columns = MAX(layout.frame_columns, (gint)strlen(format_frame(l, e->frame)));
                layout.time_columns = MAX(layout.time_columns, (gint)strlen(format_offset(l, f, e->time_ns)));
                packet = MAX(packet, terminal_columns(format_packet(l, f, e)));
        }
        layout.client = (guint)(layout.frame_columns + 2 + layout.time_columns + 2);
        layout.packet = layout.client + STATE_COLUMNS;
        layout.server = layout.packet + packet + 2;
        return layout;
}

/* A "*" where the state changed, "?" where that is assumed and "~" where it is inferred. */
static void print_state(Ladder *l, const FlowRecord *f, guint side, const StateCursor *cursor, guint column,
                        gboolean changed) {
        guint passed = cursor->passed[side];
        const StateEntry *s = passed > 0 ? &f->side[side].states[passed - 1] : NULL;
        const char *basis = "";

        if (!s)
                return;
        if (changed && s->basis == BASIS_ASSUMED)
                basis = "?";
        else if (changed && s->basis == BASIS_INFERRED)
                basis = "~";
        g_string_printf(l->scratch, "%s%s%s", changed ? "*" : " ", tcp_state_title(s->state), basis);
        terminal_move_to(l->terminal, column);
        terminal_put(l->terminal, changed ? ROLE_STRONG : ROLE_DIM, l->scratch->str);
}

static void print_timers(Ladder *l, const FlowRecord *f, const Layout *layout, StateCursor *cursor,
                         const TimelineEntry *before) {
        for (guint side = 0; side < SIDES; side++) {
                const StateEntry *s;

                while ((s = state_cursor_timer_before(cursor, f, side, before)) != NULL) {
                        terminal_put_field(l->terminal, ROLE_DIM, "", layout->frame_columns + 2);
                        terminal_put_field(l->terminal, ROLE_DIM, format_offset(l, f, s->time_ns), -layout->time_columns);
                        if (side == CLIENT)
                                print_state(l, f, side, cursor, layout->client, TRUE);
                        terminal_move_to(l->terminal, layout->packet);
                        terminal_print(l->terminal, ROLE_DIM, "    (%s)", words_event(s->event));
                        if (side == SERVER)
                                print_state(l, f, side, cursor, layout->server, TRUE);
                        terminal_put(l->terminal, ROLE_PLAIN, "\n");
                }
        }
}

static Role packet_role(const TimelineEntry *e) {
        if (e->marks & ENTRY_ICMP || e->flags & TCP_RST)
                return ROLE_ERROR;
        if (e->flags & (TCP_FIN | TCP_SYN))
                return ROLE_STRONG;
        return e->marks & (ENTRY_RETRANSMISSION | ENTRY_KEEPALIVE | ENTRY_HOLE) ? ROLE_NOTICE : ROLE_PLAIN;
}

static void print_rung(Ladder *l, const FlowRecord *f, const Layout *layout, StateCursor *cursor, const TimelineEntry *e) {
        StateCursor before = *cursor;

        for (guint side = 0; side < SIDES; side++)
                state_cursor_after(cursor, f, side, e);
        terminal_put_field(l->terminal, ROLE_PLAIN, format_frame(l, e->frame), -layout->frame_columns);
        terminal_put(l->terminal, ROLE_PLAIN, "  ");
        terminal_put_field(l->terminal, ROLE_PLAIN, format_offset(l, f, e->time_ns), -layout->time_columns);
        print_state(l, f, CLIENT, cursor, layout->client, cursor->passed[CLIENT] != before.passed[CLIENT]);
        terminal_move_to(l->terminal, layout->packet);
        terminal_put(l->terminal, packet_role(e), format_packet(l, f, e));
        print_state(l, f, SERVER, cursor, layout->server, cursor->passed[SERVER] != before.passed[SERVER]);
        terminal_put(l->terminal, ROLE_PLAIN, "\n");
}

static void print_gap(Ladder *l, const FlowRecord *f, const Layout *layout) {
        guint gaps = 0;

        for (guint i = 0; i < f->n_timeline; i++)
                gaps += !!(f->timeline[i].marks & ENTRY_GAP_BEFORE);
        terminal_move_to(l->terminal, layout->packet);
        if (gaps == 1) {
                counted_append(scratch(l), f->timeline_left_out, "packet");
                terminal_print(l->terminal, ROLE_DIM, "... %s not kept ...\n", l->scratch->str);
        } else {
                terminal_put(l->terminal, ROLE_DIM, "... packets not kept ...\n");
        }
}

static void print_rungs(Ladder *l, const FlowRecord *f) {
        Layout layout = measure(l, f);
        StateCursor cursor = { 0 };

        terminal_put_field(l->terminal, ROLE_DIM, "FRAME", -layout.frame_columns);
        terminal_put_field(l->terminal, ROLE_DIM, "TIME", -(layout.time_columns + 2));
        terminal_move_to(l->terminal, layout.client);
        terminal_put(l->terminal, ROLE_DIM, " CLIENT");
        terminal_move_to(l->terminal, layout.server);
        terminal_put(l->terminal, ROLE_DIM, " SERVER\n");
        for (guint i = 0; i < f->n_timeline; i++) {
                const TimelineEntry *e = &f->timeline[i];

                print_timers(l, f, &layout, &cursor, e);
                if (e->marks & ENTRY_GAP_BEFORE)
                        print_gap(l, f, &layout);
                print_rung(l, f, &layout, &cursor, e);
        }
        print_timers(l, f, &layout, &cursor, NULL);
        terminal_put(l->terminal, ROLE_PLAIN, "\n");
}

/* ── Findings ────────────────────────────────────────────────────────────── */

static void print_labelled(Ladder *l, const char *label, const char *text) {
        if (!*text)
                return;
        terminal_move_to(l->terminal, FINDING_INDENT);
        terminal_put_field(l->terminal, ROLE_DIM, label, 10);
        terminal_put_wrapped(l->terminal, ROLE_PLAIN, FINDING_INDENT + 10, text);
}

static void print_finding(Ladder *l, const FlowRecord *f, const Finding *finding) {
        const ReportContext *c = l->report.context;
        const FindingKind *kind = finding_kind(finding->id);

        terminal_print(l->terminal, role_of_severity(finding->severity), "%s %s", kind->code, kind->id);
        terminal_print(l->terminal, ROLE_DIM, "  %s, %s\n", severity_name(finding->severity),
                       finding->certainty == CERTAINTY_CANNOT_TELL ? "cannot tell" : certainty_name(finding->certainty));
        terminal_move_to(l->terminal, FINDING_INDENT);
        words_finding(scratch(l), c, f, finding);
        terminal_put_wrapped(l->terminal, ROLE_PLAIN, FINDING_INDENT, l->scratch->str);
        words_finding_filter(scratch(l), c, f, finding);
        print_labelled(l, "Wireshark", l->scratch->str);
        print_labelled(l, "To do", kind->remedy);
}

static void ladder_flow(Report *report, const FlowRecord *f) {
        Ladder *l = (Ladder *)report;

        if (f->number != l->number)
                return;
        l->found = TRUE;
        print_head(l, f);
        print_rungs(l, f);
        for (guint i = 0; i < f->n_findings; i++)
                print_finding(l, f, &f->findings[i]);
        if (f->n_findings == 0)
                terminal_put(l->terminal, ROLE_GOOD, "No findings.\n");
        words_flow_filter(scratch(l), report->context, f);
        terminal_put(l->terminal, ROLE_PLAIN, "\n");
        terminal_put(l->terminal, ROLE_DIM, "Wireshark: ");
        terminal_print(l->terminal, ROLE_PLAIN, "%s\n", l->scratch->str);
}

static gboolean ladder_end(Report *report, const Summary *s, GError **error) {
        Ladder *l = (Ladder *)report;

        if (!l->found) {
                g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                            "there is no flow %" G_GUINT64_FORMAT ": these captures have %" G_GUINT64_FORMAT, l->number, s->flows);
                return FALSE;
        }
        return terminal_close(l->terminal, error);
}

static void ladder_free(Report *report) {
        Ladder *l = (Ladder *)report;

        g_string_free(l->scratch, TRUE);
        terminal_free(l->terminal);
        g_free(l);
}

Report *ladder_report_new(Terminal *t, guint64 number) {
        Ladder *l = g_new0(Ladder, 1);

        l->report.flow = ladder_flow;
        l->report.end = ladder_end;
        l->report.free = ladder_free;
        l->terminal = t;
        l->number = number;
        l->scratch = g_string_new(NULL);
        return &l->report;
}
