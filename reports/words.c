/* SPDX-License-Identifier: BSD-3-Clause */

#include "words.h"

#include <string.h>

#include "analyzer/endpoint.h"
#include "digits.h"
#include "endpoint_text.h"
#include "sentence.h"
#include "units.h"

static const char *const event_words[] = {
#define EVENT(id, what) what,
#include "analyzer/transitions.def"
};

const char *words_event(guint event) {
        return event < G_N_ELEMENTS(event_words) ? event_words[event] : "";
}

/* ── Packets ─────────────────────────────────────────────────────────────── */

static const struct {
        guint16 bit;
        const char *name;
} marks[] = {
        { ENTRY_RETRANSMISSION, "retransmission" },
        { ENTRY_PARTLY_NEW, "partly_new" },
        { ENTRY_KEEPALIVE, "keepalive" },
        { ENTRY_HOLE, "hole_before" },
        { ENTRY_SACK, "sack" },
        { ENTRY_DSACK, "dsack" },
        { ENTRY_ICMP, "icmp_error" },
        { ENTRY_FOREIGN, "other_connection" },
        { ENTRY_GAP_BEFORE, "gap_before" },
};

const char *words_mark(const TimelineEntry *e, guint i) {
        for (guint m = 0; m < G_N_ELEMENTS(marks); m++)
                if (e->marks & marks[m].bit && i-- == 0)
                        return marks[m].name;
        return NULL;
}

/*
 * Numbers just below the base (a keepalive's, an old duplicate's) are negative; those of a side that sent more than
 * 2 GiB are not.
 */
static gint64 relative(const SideRecord *side, guint32 number) {
        guint32 distance = number - side->isn;

        return distance > G_MAXINT32 && side->payload_bytes < G_MAXINT32 ? (gint32)distance : (gint64)distance;
}

gint64 words_relative_seq(const FlowRecord *f, const TimelineEntry *e) {
        return relative(&f->side[entry_side(e)], e->seq);
}

gint64 words_relative_ack(const FlowRecord *f, const TimelineEntry *e) {
        return relative(&f->side[!entry_side(e)], e->ack);
}

void words_flags(GString *text, guint8 flags) {
        static const struct {
                guint8 flag;
                char letter;
        } letters[] = {
                { TCP_FIN, 'F' }, { TCP_SYN, 'S' }, { TCP_RST, 'R' }, { TCP_PSH, 'P' },
                { TCP_URG, 'U' }, { TCP_ECE, 'E' }, { TCP_CWR, 'W' }, { TCP_ACK, '.' },
        };

        if (flags == 0)
                string_append(text, "-");
        for (guint i = 0; i < G_N_ELEMENTS(letters); i++)
                if (flags & letters[i].flag)
                        g_string_append_c(text, letters[i].letter);
}

void words_packet(GString *text, const FlowRecord *f, const TimelineEntry *e) {
        gint64 seq = words_relative_seq(f, e);

        if (e->marks & ENTRY_ICMP) {
                string_append(text, "icmp error, type ");
                number_append(text, e->flags);
                string_append(text, ", about ");
                integer_append(text, seq);
                return;
        }
        words_flags(text, e->flags);
        string_append(text, " ");
        integer_append(text, seq);
        string_append(text, ":");
        integer_append(text, seq + e->payload_bytes);
        string_append(text, "(");
        number_append(text, e->payload_bytes);
        string_append(text, ")");
        if (e->flags & TCP_ACK) {
                string_append(text, " ack ");
                integer_append(text, words_relative_ack(f, e));
        }
        string_append(text, " win ");
        number_append(text, e->window);
}

/* ── Frames and filters ──────────────────────────────────────────────────── */

const char *words_capture_name(const CaptureInfo *info) {
        const char *slash = strrchr(info->path, '/');

        if (g_str_equal(info->path, "-"))
                return "standard input";
        return slash ? slash + 1 : info->path;
}

/* " of b.pcap"; control characters of its name become '?'. */
static void append_capture_name(GString *text, const CaptureInfo *info) {
        string_append(text, " of ");
        for (const char *p = words_capture_name(info); *p; p++)
                g_string_append_c(text, g_ascii_iscntrl(*p) ? '?' : *p);
}

/* "12", and with several captures "12 of b.pcap" */
static inline void append_frame_number(GString *text, const ReportContext *c, FrameRef frame) {
        const guint file = frame_ref_file(frame);

        number_append(text, frame_ref_number(frame));
        if (c->n_captures > 1 && file < c->n_captures)
                append_capture_name(text, c->captures[file]);
}

void words_frame(GString *text, const ReportContext *c, FrameRef frame) {
        string_append(text, "frame ");
        append_frame_number(text, c, frame);
}

#define END_FILTER_BYTES (2 * ENDPOINT_TEXT_BYTES) /* and the words around it */
#define FRAMES_FILTER_BYTES (2 * DIGITS_MAX + 64)

static char *put_end_filter(char *at, const FlowRecord *f, guint side) {
        const EndpointText *e = endpoint_text(&f->side[side].address, f->side[side].port, f->ipv6);

        at = f->ipv6 ? literal_put(at, "ipv6.addr == ") : literal_put(at, "ip.addr == ");
        at = endpoint_text_put_address(at, e);
        if (e->port == 0)
                return at;
        return endpoint_text_put_port(literal_put(at, " && tcp.port == "), e);
}

void words_flow_filter(GString *text, const ReportContext *c, const FlowRecord *f) {
        char *at = string_room(text, 2 * END_FILTER_BYTES + FRAMES_FILTER_BYTES);

        at = put_end_filter(at, f, CLIENT);
        at = literal_put(at, " && ");
        at = put_end_filter(at, f, SERVER);
        if (c->n_captures == 1 && f->first_frame) {
                at = literal_put(at, " && frame.number >= ");
                at = digits_put(at, frame_ref_number(f->first_frame));
                at = literal_put(at, " && frame.number <= ");
                at = digits_put(at, frame_ref_number(f->last_frame));
        }
        string_end(text, at);
}

void words_finding_filter(GString *text, const ReportContext *c, const FlowRecord *f, const Finding *finding) {
        if (c->n_captures > 1 || finding->n_frames == 0) {
                words_flow_filter(text, c, f);
                return;
        }
        string_append(text, "frame.number in {");
        for (guint i = 0; i < finding->n_frames; i++) {
                if (i > 0)
                        string_append(text, ", ");
                number_append(text, frame_ref_number(finding->frames[i]));
        }
        string_append(text, "}");
}

/* ── Verdicts ────────────────────────────────────────────────────────────── */

void words_side(GString *text, const FlowRecord *f, guint side) {
        endpoint_append(text, &f->side[side].address, f->side[side].port, f->ipv6);
}

#define EVIDENCE_BYTES 64 /* the words around the frame */

/* " (FIN, frame 12)"; @what: a literal */
G_ALWAYS_INLINE static inline void append_evidence(GString *text, const ReportContext *c, const char *what, FrameRef frame) {
        char *at = string_room(text, EVIDENCE_BYTES);

        if (G_UNLIKELY(frame == 0)) {
                string_end(text, literal_put(literal_put(literal_put(at, " (its "), what), " is not in the capture)"));
                return;
        }
        string_end(text, literal_put(literal_put(literal_put(at, " ("), what), ", frame "));
        append_frame_number(text, c, frame);
        string_append(text, ")");
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

static void append_closed_first(GString *text, const ReportContext *c, const FlowRecord *f, guint side) {
        words_side(text, f, side);
        string_append(text, " closed");
        if (f->closed_first_by != CLOSED_FIRST_BY_UNKNOWN)
                string_append(text, " first");
        append_evidence(text, c, "FIN", f->side[side].fin_frame);
}

/* ", 1.2 s later" where both times are known and in order. */
static void append_later(GString *text, gint64 from_ns, gint64 to_ns) {
        if (from_ns == 0 || to_ns < from_ns)
                return;
        string_append(text, " ");
        duration_append(text, to_ns - from_ns, BOUND_EXACT);
        string_append(text, " later");
}

static void append_closed_second(GString *text, const ReportContext *c, const FlowRecord *f, guint side) {
        const SideRecord *first = &f->side[!side], *second = &f->side[side];

        string_append(text, "; ");
        words_side(text, f, side);
        string_append(text, " closed");
        if (first->fin_frame != 0 && second->fin_frame != 0)
                append_later(text, first->fin_ns, second->fin_ns);
        append_evidence(text, c, "FIN", second->fin_frame);
}

/* Who holds TIME_WAIT, if anybody does. */
static void append_time_wait(GString *text, const FlowRecord *f) {
        const gboolean client = f->side[CLIENT].entered[STATE_TIME_WAIT] != 0;
        const gboolean server = f->side[SERVER].entered[STATE_TIME_WAIT] != 0;

        if (!client && !server)
                return;
        string_append(text, "; ");
        if (client && server) {
                string_append(text, "both went to TIME_WAIT");
                return;
        }
        words_side(text, f, client ? CLIENT : SERVER);
        string_append(text, " went to TIME_WAIT");
}

/* "FIN_WAIT_2 for >= 187.2 s (capture ended)" */
static void append_state_since(GString *text, const FlowRecord *f, guint side) {
        const SideRecord *s = &f->side[side];
        const StateEntry *last = s->n_states > 0 ? &s->states[s->n_states - 1] : NULL;

        if (!last || last->state == STATE_CLOSED || last->state == STATE_UNKNOWN)
                return;
        string_append(text, "; ");
        string_append(text, side_name(side));
        string_append(text, " is in ");
        string_append(text, tcp_state_title(last->state));
        string_append(text, " for ");
        duration_append(text, MAX(f->capture_end_ns - last->time_ns, 0), BOUND_AT_LEAST);
        string_append(text, " (capture ended)");
}

/* The side whose RST came first. */
static guint resetter(const FlowRecord *f) {
        const SideRecord *client = &f->side[CLIENT], *server = &f->side[SERVER];

        if (client->rst_frame == 0 || server->rst_frame == 0)
                return server->rst_frame != 0;
        return server->rst_ns < client->rst_ns;
}

static void verdict_orderly(GString *text, const ReportContext *c, const FlowRecord *f) {
        guint first = first_closer(f);

        append_closed_first(text, c, f, first);
        append_closed_second(text, c, f, !first);
        append_time_wait(text, f);
}

static void verdict_last_ack_unseen(GString *text, const ReportContext *c, const FlowRecord *f) {
        verdict_orderly(text, c, f);
        string_append(text, "; the last ACK is not in the capture");
}

static void verdict_half_closed(GString *text, const ReportContext *c, const FlowRecord *f) {
        guint first = first_closer(f);

        append_closed_first(text, c, f, first);
        string_append(text, f->side[!first].packets ? "; " : "; of ");
        words_side(text, f, !first);
        string_append(text, f->side[!first].packets ? " never closed" : " nothing was captured");
        append_state_since(text, f, first);
}

/* Did the FINs come so far apart that they did not cross: the later one's sender had not got the first? */
static gboolean was_unaware(const FlowRecord *f) {
        for (guint i = 0; i < f->n_findings; i++)
                if (f->findings[i].id == FINDING_SIMULTANEOUS_CLOSE)
                        return f->side[CLIENT].fin_frame && f->side[SERVER].fin_frame && finding_value(&f->findings[i], "unaware");
        return FALSE;
}

static void verdict_unaware(GString *text, const ReportContext *c, const FlowRecord *f) {
        guint first = f->side[SERVER].fin_ns < f->side[CLIENT].fin_ns ? SERVER : CLIENT;

        words_side(text, f, first);
        string_append(text, " closed");
        append_evidence(text, c, "FIN", f->side[first].fin_frame);
        append_closed_second(text, c, f, !first);
        string_append(text, " without having had that FIN");
        append_time_wait(text, f);
}

static void verdict_simultaneous(GString *text, const ReportContext *c, const FlowRecord *f) {
        if (was_unaware(f)) {
                verdict_unaware(text, c, f);
                return;
        }
        string_append(text, "both closed at once");
        for (guint side = 0; side < SIDES; side++) {
                string_append(text, side == CLIENT ? ": " : ", ");
                words_side(text, f, side);
                append_evidence(text, c, "FIN", f->side[side].fin_frame);
        }
        append_time_wait(text, f);
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

static void append_reset(GString *text, const ReportContext *c, const FlowRecord *f, gint64 after_ns) {
        EndingRst rst = ending_rst(f);

        words_side(text, f, rst.side);
        string_append(text, " reset the connection");
        append_later(text, after_ns, rst.time_ns);
        append_evidence(text, c, "RST", rst.frame);
        if (f->side[CLIENT].unacked_bytes > 0 || f->side[SERVER].unacked_bytes > 0) {
                string_append(text, "; ");
                bytes_append(text, f->side[CLIENT].unacked_bytes + f->side[SERVER].unacked_bytes);
                string_append(text, " never acknowledged");
        }
}

static void verdict_reset(GString *text, const ReportContext *c, const FlowRecord *f) {
        append_reset(text, c, f, f->start_ns);
}

static void verdict_reset_after_fin(GString *text, const ReportContext *c, const FlowRecord *f) {
        guint first = first_closer(f);

        append_closed_first(text, c, f, first);
        if (f->side[!first].fin_frame != 0)
                append_closed_second(text, c, f, !first);
        string_append(text, "; ");
        append_reset(text, c, f, f->side[first].fin_frame ? f->side[first].fin_ns : 0);
}

static void verdict_refused(GString *text, const ReportContext *c, const FlowRecord *f) {
        EndingRst rst = ending_rst(f);

        words_side(text, f, rst.side);
        string_append(text, " refused the connection");
        append_evidence(text, c, "RST", rst.frame);
        string_append(text, " of ");
        words_side(text, f, !rst.side);
}

static void verdict_unanswered(GString *text, const ReportContext *c, const FlowRecord *f) {
        words_side(text, f, SERVER);
        string_append(text, " never answered ");
        words_side(text, f, CLIENT);
        string_append(text, " (");
        counted_append(text, f->side[CLIENT].syn_count, "SYN");
        if (f->side[CLIENT].last_ns > f->start_ns) {
                string_append(text, " in ");
                duration_append(text, f->side[CLIENT].last_ns - f->start_ns, BOUND_EXACT);
        }
        string_append(text, ")");
}

static void verdict_handshake_only_reset(GString *text, const ReportContext *c, const FlowRecord *f) {
        guint side = resetter(f);

        words_side(text, f, side);
        string_append(text, " reset the connection as soon as ");
        words_side(text, f, !side);
        string_append(text, " had answered");
        append_evidence(text, c, "RST", f->side[side].rst_frame);
}

static void verdict_open(GString *text, const ReportContext *c, const FlowRecord *f) {
        string_append(text, "neither side closed: ");
        if (f->capture_end_ns > f->end_ns) {
                string_append(text, "the last packet came ");
                duration_append(text, f->capture_end_ns - f->end_ns, BOUND_EXACT);
                string_append(text, " before the capture ended");
        } else {
                string_append(text, "open when the capture ended");
        }
}

static void verdict_abandoned(GString *text, const ReportContext *c, const FlowRecord *f) {
        guint silent = f->side[SERVER].last_ns <= f->side[CLIENT].last_ns ? SERVER : CLIENT;

        words_side(text, f, silent);
        if (f->side[silent].last_frame == 0) {
                string_append(text, " was never heard");
        } else {
                string_append(text, " fell silent after ");
                words_frame(text, c, f->side[silent].last_frame);
        }
        string_append(text, "; ");
        words_side(text, f, !silent);
        string_append(text, " went on for ");
        duration_append(text, f->side[!silent].last_ns - (f->side[silent].last_frame ? f->side[silent].last_ns : f->start_ns),
                        BOUND_EXACT);
}

static void (*const verdicts[])(GString *, const ReportContext *, const FlowRecord *) = {
        [CLOSE_ORDERLY] = verdict_orderly,
        [CLOSE_ORDERLY_LAST_ACK_UNSEEN] = verdict_last_ack_unseen,
        [CLOSE_HALF_CLOSED] = verdict_half_closed,
        [CLOSE_SIMULTANEOUS] = verdict_simultaneous,
        [CLOSE_RESET] = verdict_reset,
        [CLOSE_RESET_AFTER_FIN] = verdict_reset_after_fin,
        [CLOSE_REFUSED] = verdict_refused,
        [CLOSE_UNANSWERED] = verdict_unanswered,
        [CLOSE_HANDSHAKE_ONLY_RESET] = verdict_handshake_only_reset,
        [CLOSE_OPEN] = verdict_open,
        [CLOSE_ABANDONED] = verdict_abandoned,
};
G_STATIC_ASSERT(G_N_ELEMENTS(verdicts) == CLOSE_KINDS);

void words_verdict(GString *text, const ReportContext *c, const FlowRecord *f) {
        verdicts[f->close](text, c, f);
}

/* ── Where it was captured ───────────────────────────────────────────────── */

gboolean words_vantage(GString *text, const FlowRecord *f) {
        const guint side = f->vantage == VANTAGE_CLIENT || f->vantage == VANTAGE_NEARER_CLIENT ? CLIENT : SERVER;

        switch ((Vantage)f->vantage) {
        case VANTAGE_CLIENT:
        case VANTAGE_SERVER:
                string_append(text, "captured at ");
                endpoint_append(text, &f->side[side].address, 0, f->ipv6);
                string_append(text, "'s end");
                return TRUE;
        case VANTAGE_NEARER_CLIENT:
        case VANTAGE_NEARER_SERVER:
                string_append(text, "captured between both ends, nearer ");
                endpoint_append(text, &f->side[side].address, 0, f->ipv6);
                return TRUE;
        case VANTAGE_BETWEEN:
                string_append(text, "captured between both ends");
                return TRUE;
        case VANTAGE_UNKNOWN:
        case VANTAGES:
                break;
        }
        return FALSE;
}

/* "10.0.0.1's end", or of a host with addresses of both kinds "the end of 10.0.0.1 and fd00::1" */
static void append_place(GString *text, const VantageTally *t) {
        string_append(text, t->n > 1 ? "captured at the end of " : "captured at ");
        for (guint i = 0; i < t->n; i++) {
                string_append(text, i > 0 ? " and " : "");
                endpoint_append(text, &t->at[i].address, 0, t->at[i].ipv6);
        }
        string_append(text, t->n > 1 ? "" : "'s end");
}

gboolean words_vantage_of_all(GString *text, const VantageTally *t) {
        static const char *const places[VANTAGES] = {
                [VANTAGE_CLIENT] = "captured at the clients' end",
                [VANTAGE_SERVER] = "captured at the servers' end",
                [VANTAGE_BETWEEN] = "captured between both ends",
                [VANTAGE_NEARER_CLIENT] = "captured between both ends, nearer the clients",
                [VANTAGE_NEARER_SERVER] = "captured between both ends, nearer the servers",
        };
        const char *place = places[vantage_tally_place(t)];

        if (vantage_tally_is_of_one_host(t))
                append_place(text, t);
        else if (place)
                string_append(text, place);
        else
                return FALSE;
        return TRUE;
}

/* ── The catalogue's sentences ───────────────────────────────────────────── */

/* How a value is written, by what ends its name. */
enum {
        RANK_PLAIN,
        RANK_NS,
        RANK_BYTES,
        RANK_PACKETS,
        RANKS,
};

static guint unit_rank(const char *suffix) {
        if (!*suffix)
                return RANK_PLAIN;
        if (strcmp(suffix, "_ns") == 0)
                return RANK_NS;
        if (strcmp(suffix, "_bytes") == 0)
                return RANK_BYTES;
        return strcmp(suffix, "_packets") == 0 ? RANK_PACKETS : RANKS;
}

/* Returns: the value that {name} means: "name" itself, or with its unit; the first of the units above. */
static const FindingValue *template_value(const Finding *finding, const SentencePart *name) {
        const FindingValue *found = NULL;
        guint best = RANKS;

        for (guint i = 0; i < finding->n_values && best != RANK_PLAIN; i++) {
                const FindingValue *v = &finding->values[i];
                guint rank;

                if (v->name[0] != name->text[0] || strncmp(v->name, name->text, name->n) != 0)
                        continue;
                rank = unit_rank(v->name + name->n);
                if (rank < best) {
                        found = v;
                        best = rank;
                }
        }
        return found;
}

/* Words of values that read badly in a sentence. */
static const struct {
        const char *word, *phrase;
} phrases[] = {
        { "fin", "the FIN came" },
        { "rst", "a RST came" },
        { "capture_end", "the capture ended" },
        { "reuse", "a new connection took its place" },
        { "timer", "the timer ran out" },
        { "data", "late data were answered with a RST" },
        { "process", ", held by a process," },
        { "nobody", ", closed by its process," },
        { "cannot_tell", "" },
        { "none", "none of the hosts that are known" },
        { "accepted", "accepted" },
        { "challenged", "challenged with an ACK of the old connection" },
        { "silent", "dropped in silence" },
        { "reset", "answered with a RST" },
        { "it_went_on", "that end went on sending" },
        { "its_headers_differ", "its TTL, IP ID or options are not those of that end's other packets" },
        { "challenge_ack", "it answered with a challenge ACK" },
        { "went_on", "it went on sending" },
        { "who_sent_the_rst", "who sent the RST" },
        { "which_fin", "which of the FINs was acknowledged" },
        { "syn_timestamp", "whether the SYN's timestamp was newer than the old connection's" },
        { "fin_wait_1", "FIN_WAIT_1" },
        { "fin_wait_2", "FIN_WAIT_2" },
        { "close_wait", "CLOSE_WAIT" },
        { "last_ack", "LAST_ACK" },
        { "closing", "CLOSING" },
        { "established", "ESTABLISHED" },
        { "syn_received", "SYN_RECEIVED" },
};

static void append_word(GString *text, const FlowRecord *f, const char *word) {
        for (guint i = 0; i < G_N_ELEMENTS(phrases); i++) {
                if (word[0] == phrases[i].word[0] && strcmp(word, phrases[i].word) == 0) {
                        string_append(text, phrases[i].phrase);
                        return;
                }
        }
        for (guint side = 0; side < SIDES; side++) {
                if (g_str_equal(word, side_name(side))) {
                        words_side(text, f, side);
                        return;
                }
        }
        for (; *word; word++)
                g_string_append_c(text, *word == '_' ? ' ' : *word);
}

static void append_value(GString *text, const ReportContext *c, const FlowRecord *f, const FindingValue *v) {
        static const char *const bounds[] = {
                [BOUND_EXACT] = "",
                [BOUND_AT_LEAST] = ">= ",
                [BOUND_AT_MOST] = "<= ",
        };

        if (v->kind == VALUE_TEXT) {
                append_word(text, f, v->text);
        } else if (name_has_unit(v->name, "_ns")) {
                duration_append(text, v->integer, v->bound);
        } else if (name_has_unit(v->name, "_frame")) {
                append_frame_number(text, c, (FrameRef)v->integer);
        } else {
                string_append(text, bounds[v->bound]);
                if (v->integer < 0)
                        string_append(text, "-");
                if (name_has_unit(v->name, "_bytes"))
                        bytes_append(text, (guint64)ABS(v->integer));
                else
                        count_append(text, (guint64)ABS(v->integer));
        }
}

static void append_placeholder(GString *text, const ReportContext *c, const FlowRecord *f, const Finding *finding,
                               const SentencePart *name) {
        const FindingValue *v = template_value(finding, name);
        const guint side = finding->side < SIDES ? finding->side : CLIENT;

        if (v) {
                append_value(text, c, f, v);
                return;
        }
        switch ((SentenceEnd)name->end) {
        case END_CLIENT:
                words_side(text, f, CLIENT);
                break;
        case END_SERVER:
                words_side(text, f, SERVER);
                break;
        case END_SIDE:
                words_side(text, f, side);
                break;
        case END_PEER:
                words_side(text, f, !side);
                break;
        case END_NONE:
                string_append(text, "(unknown)");
        }
}

void words_finding(GString *text, const ReportContext *c, const FlowRecord *f, const Finding *finding) {
        for (const SentencePart *part = sentence_parts(finding->id); part->kind != PART_END; part++) {
                if (part->kind == PART_TEXT)
                        string_append_len(text, part->text, part->n);
                else if (part->kind == PART_VALUE)
                        append_placeholder(text, c, f, finding, part);
                else if (!template_value(finding, part))
                        part += part->optional;
        }
}
