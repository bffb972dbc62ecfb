/* SPDX-License-Identifier: BSD-3-Clause */

/* How a flow closed, in one sentence. Each function writes its part to @at, and returns where the next one goes. */

#include "words.h"

#include "analyzer/endpoint.h"
#include "units.h"

/* " (FIN, frame 12)"; @what: a literal */
G_ALWAYS_INLINE static inline char *put_evidence(char *at, const ReportContext *c, const char *what, FrameRef frame) {
        if (G_UNLIKELY(frame == 0))
                return literal_put(literal_put(literal_put(at, " (its "), what), " is not in the capture)");
        at = literal_put(literal_put(literal_put(at, " ("), what), ", frame ");
        return literal_put(words_put_frame_number(at, c, frame), ")");
}

/* Returns: who closed first, a guess where the analyzer has none. */
static guint first_closer(const FlowRecord *f) {
        const SideRecord *client = &f->side[CLIENT], *server = &f->side[SERVER];

        if (f->closed_first_by == CLOSED_FIRST_BY_CLIENT || f->closed_first_by == CLOSED_FIRST_BY_SERVER)
                return f->closed_first_by;
        if (client->fin_frame == 0 || server->fin_frame == 0)
                return server->fin_frame != 0;
        return server->fin_ns < client->fin_ns;
}

static char *put_closed_first(char *at, const ReportContext *c, const FlowRecord *f, guint side) {
        at = literal_put(words_put_side(at, f, side), " closed");
        if (f->closed_first_by != CLOSED_FIRST_BY_UNKNOWN)
                at = literal_put(at, " first");
        return put_evidence(at, c, "FIN", f->side[side].fin_frame);
}

/* " 1.2 s later" where both times are known and in order. */
static char *put_later(char *at, gint64 from_ns, gint64 to_ns) {
        if (from_ns == 0 || to_ns < from_ns)
                return at;
        return literal_put(duration_put(literal_put(at, " "), to_ns - from_ns, BOUND_EXACT), " later");
}

static char *put_closed_second(char *at, const ReportContext *c, const FlowRecord *f, guint side) {
        const SideRecord *first = &f->side[!side], *second = &f->side[side];

        at = literal_put(words_put_side(literal_put(at, "; "), f, side), " closed");
        if (first->fin_frame != 0 && second->fin_frame != 0)
                at = put_later(at, first->fin_ns, second->fin_ns);
        return put_evidence(at, c, "FIN", second->fin_frame);
}

/* Who holds TIME_WAIT, if anybody does. */
static char *put_time_wait(char *at, const FlowRecord *f) {
        const gboolean client = f->side[CLIENT].entered[STATE_TIME_WAIT] != 0;
        const gboolean server = f->side[SERVER].entered[STATE_TIME_WAIT] != 0;

        if (!client && !server)
                return at;
        if (client && server)
                return literal_put(at, "; both went to TIME_WAIT");
        return literal_put(words_put_side(literal_put(at, "; "), f, client ? CLIENT : SERVER), " went to TIME_WAIT");
}

/* "; client is in FIN_WAIT_2 for >= 187.2 s (capture ended)" */
static char *put_state_since(char *at, const FlowRecord *f, guint side) {
        const SideRecord *s = &f->side[side];
        const StateEntry *last = s->n_states > 0 ? &s->states[s->n_states - 1] : NULL;

        if (!last || last->state == STATE_CLOSED || last->state == STATE_UNKNOWN)
                return at;
        at = literal_put(text_put(literal_put(at, "; "), side_name(side)), " is in ");
        at = literal_put(text_put(at, tcp_state_title(last->state)), " for ");
        at = duration_put(at, MAX(f->capture_end_ns - last->time_ns, 0), BOUND_AT_LEAST);
        return literal_put(at, " (capture ended)");
}

/* The side whose RST came first. */
static guint resetter(const FlowRecord *f) {
        const SideRecord *client = &f->side[CLIENT], *server = &f->side[SERVER];

        if (client->rst_frame == 0 || server->rst_frame == 0)
                return server->rst_frame != 0;
        return server->rst_ns < client->rst_ns;
}

static char *put_orderly(char *at, const ReportContext *c, const FlowRecord *f) {
        guint first = first_closer(f);

        at = put_closed_first(at, c, f, first);
        at = put_closed_second(at, c, f, !first);
        return put_time_wait(at, f);
}

static char *put_last_ack_unseen(char *at, const ReportContext *c, const FlowRecord *f) {
        return literal_put(put_orderly(at, c, f), "; the last ACK is not in the capture");
}

static char *put_half_closed(char *at, const ReportContext *c, const FlowRecord *f) {
        guint first = first_closer(f);
        gboolean heard = f->side[!first].packets > 0;

        at = put_closed_first(at, c, f, first);
        at = heard ? literal_put(at, "; ") : literal_put(at, "; of ");
        at = words_put_side(at, f, !first);
        at = heard ? literal_put(at, " never closed") : literal_put(at, " nothing was captured");
        return put_state_since(at, f, first);
}

/* Did the FINs come so far apart that they did not cross: the later one's sender had not got the first? */
static gboolean was_unaware(const FlowRecord *f) {
        for (guint i = 0; i < f->n_findings; i++)
                if (f->findings[i].id == FINDING_SIMULTANEOUS_CLOSE)
                        return f->side[CLIENT].fin_frame && f->side[SERVER].fin_frame && finding_value(&f->findings[i], "unaware");
        return FALSE;
}

static char *put_unaware(char *at, const ReportContext *c, const FlowRecord *f) {
        guint first = f->side[SERVER].fin_ns < f->side[CLIENT].fin_ns ? SERVER : CLIENT;

        at = literal_put(words_put_side(at, f, first), " closed");
        at = put_evidence(at, c, "FIN", f->side[first].fin_frame);
        at = put_closed_second(at, c, f, !first);
        return put_time_wait(literal_put(at, " without having had that FIN"), f);
}

static char *put_simultaneous(char *at, const ReportContext *c, const FlowRecord *f) {
        if (was_unaware(f))
                return put_unaware(at, c, f);
        at = literal_put(at, "both closed at once");
        for (guint side = 0; side < SIDES; side++) {
                at = side == CLIENT ? literal_put(at, ": ") : literal_put(at, ", ");
                at = put_evidence(words_put_side(at, f, side), c, "FIN", f->side[side].fin_frame);
        }
        return put_time_wait(at, f);
}

/* The RST that an end's states say it ended by: others may have been forged, or not been taken. */
typedef struct EndingRst {
        guint side; /* that sent it */
        FrameRef frame;
        gint64 time_ns;
} EndingRst;

static EndingRst ending_rst(const FlowRecord *f) {
        guint by = resetter(f);
        EndingRst rst = { by, f->side[by].rst_frame, f->side[by].rst_ns };
        gboolean found = FALSE;

        for (guint side = 0; side < SIDES; side++) {
                for (guint i = 0; i < f->side[side].n_states; i++) {
                        const StateEntry *e = &f->side[side].states[i];
                        gboolean sent = e->event == EVENT_SENDS_RST, taken = e->event == EVENT_RST_ACCEPTED || e->event == EVENT_REFUSED;

                        if ((!sent && !taken) || (found && e->time_ns >= rst.time_ns))
                                continue;
                        rst = (EndingRst){ sent ? side : !side, e->frame, e->time_ns };
                        found = TRUE;
                }
        }
        return rst;
}

static char *put_reset_after(char *at, const ReportContext *c, const FlowRecord *f, gint64 after_ns) {
        EndingRst rst = ending_rst(f);
        guint64 unacked_bytes = f->side[CLIENT].unacked_bytes + f->side[SERVER].unacked_bytes;

        at = literal_put(words_put_side(at, f, rst.side), " reset the connection");
        at = put_evidence(put_later(at, after_ns, rst.time_ns), c, "RST", rst.frame);
        if (unacked_bytes == 0)
                return at;
        return literal_put(bytes_put(literal_put(at, "; "), unacked_bytes), " never acknowledged");
}

static char *put_reset(char *at, const ReportContext *c, const FlowRecord *f) {
        return put_reset_after(at, c, f, f->start_ns);
}

static char *put_reset_after_fin(char *at, const ReportContext *c, const FlowRecord *f) {
        guint first = first_closer(f);

        at = put_closed_first(at, c, f, first);
        if (f->side[!first].fin_frame != 0)
                at = put_closed_second(at, c, f, !first);
        return put_reset_after(literal_put(at, "; "), c, f, f->side[first].fin_frame ? f->side[first].fin_ns : 0);
}

static char *put_refused(char *at, const ReportContext *c, const FlowRecord *f) {
        EndingRst rst = ending_rst(f);

        at = literal_put(words_put_side(at, f, rst.side), " refused the connection");
        at = literal_put(put_evidence(at, c, "RST", rst.frame), " of ");
        return words_put_side(at, f, !rst.side);
}

static char *put_unanswered(char *at, const ReportContext *c, const FlowRecord *f) {
        at = literal_put(words_put_side(at, f, SERVER), " never answered ");
        at = literal_put(words_put_side(at, f, CLIENT), " (");
        at = counted_put(at, f->side[CLIENT].syn_count, "SYN");
        if (f->side[CLIENT].last_ns > f->start_ns)
                at = duration_put(literal_put(at, " in "), f->side[CLIENT].last_ns - f->start_ns, BOUND_EXACT);
        return literal_put(at, ")");
}

static char *put_handshake_only_reset(char *at, const ReportContext *c, const FlowRecord *f) {
        guint side = resetter(f);

        at = literal_put(words_put_side(at, f, side), " reset the connection as soon as ");
        at = literal_put(words_put_side(at, f, !side), " had answered");
        return put_evidence(at, c, "RST", f->side[side].rst_frame);
}

static char *put_open(char *at, const ReportContext *c, const FlowRecord *f) {
        at = literal_put(at, "neither side closed: ");
        if (f->capture_end_ns <= f->end_ns)
                return literal_put(at, "open when the capture ended");
        at = duration_put(literal_put(at, "the last packet came "), f->capture_end_ns - f->end_ns, BOUND_EXACT);
        return literal_put(at, " before the capture ended");
}

static char *put_abandoned(char *at, const ReportContext *c, const FlowRecord *f) {
        guint silent = f->side[SERVER].last_ns <= f->side[CLIENT].last_ns ? SERVER : CLIENT;
        FrameRef heard = f->side[silent].last_frame;
        gint64 since_ns = heard ? f->side[silent].last_ns : f->start_ns;

        at = words_put_side(at, f, silent);
        at = heard ? words_put_frame_number(literal_put(at, " fell silent after frame "), c, heard) : literal_put(at, " was never heard");
        at = literal_put(words_put_side(literal_put(at, "; "), f, !silent), " went on for ");
        return duration_put(at, f->side[!silent].last_ns - since_ns, BOUND_EXACT);
}

static char *(*const verdicts[])(char *, const ReportContext *, const FlowRecord *) = {
        [CLOSE_ORDERLY] = put_orderly,
        [CLOSE_ORDERLY_LAST_ACK_UNSEEN] = put_last_ack_unseen,
        [CLOSE_HALF_CLOSED] = put_half_closed,
        [CLOSE_SIMULTANEOUS] = put_simultaneous,
        [CLOSE_RESET] = put_reset,
        [CLOSE_RESET_AFTER_FIN] = put_reset_after_fin,
        [CLOSE_REFUSED] = put_refused,
        [CLOSE_UNANSWERED] = put_unanswered,
        [CLOSE_HANDSHAKE_ONLY_RESET] = put_handshake_only_reset,
        [CLOSE_OPEN] = put_open,
        [CLOSE_ABANDONED] = put_abandoned,
};
G_STATIC_ASSERT(G_N_ELEMENTS(verdicts) == CLOSE_KINDS);

char *words_put_verdict(char *at, const ReportContext *c, const FlowRecord *f) {
        return verdicts[f->close](at, c, f);
}

void words_verdict(GString *text, const ReportContext *c, const FlowRecord *f) {
        char room[WORDS_BYTES];

        string_append_len(text, room, words_put_verdict(room, c, f) - room);
}
