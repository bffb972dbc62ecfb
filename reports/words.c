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
static char *put_capture_name(char *at, const CaptureInfo *info) {
        guint n = 0;

        at = literal_put(at, " of ");
        for (const char *p = words_capture_name(info); *p && n < CAPTURE_NAME_BYTES; p++, n++)
                *at++ = g_ascii_iscntrl(*p) ? '?' : *p;
        return at;
}

char *words_put_frame_number(char *at, const ReportContext *c, FrameRef frame) {
        const guint file = frame_ref_file(frame);

        at = digits_put(at, frame_ref_number(frame));
        return G_UNLIKELY(c->n_captures > 1) && file < c->n_captures ? put_capture_name(at, c->captures[file]) : at;
}

void words_frame(GString *text, const ReportContext *c, FrameRef frame) {
        char room[WORDS_BYTES];

        string_append_len(text, room, words_put_frame_number(literal_put(room, "frame "), c, frame) - room);
}

static char *put_end_filter(char *at, const FlowRecord *f, guint side) {
        const EndpointText *e = endpoint_text(&f->side[side].address, f->side[side].port, f->ipv6);

        at = f->ipv6 ? literal_put(at, "ipv6.addr == ") : literal_put(at, "ip.addr == ");
        at = endpoint_text_put_address(at, e);
        if (e->port == 0)
                return at;
        return endpoint_text_put_port(literal_put(at, " && tcp.port == "), e);
}

char *words_put_flow_filter(char *at, const ReportContext *c, const FlowRecord *f) {
        at = put_end_filter(at, f, CLIENT);
        at = literal_put(at, " && ");
        at = put_end_filter(at, f, SERVER);
        if (c->n_captures == 1 && f->first_frame) {
                at = literal_put(at, " && frame.number >= ");
                at = digits_put(at, frame_ref_number(f->first_frame));
                at = literal_put(at, " && frame.number <= ");
                at = digits_put(at, frame_ref_number(f->last_frame));
        }
        return at;
}

void words_flow_filter(GString *text, const ReportContext *c, const FlowRecord *f) {
        char room[WORDS_BYTES];

        string_append_len(text, room, words_put_flow_filter(room, c, f) - room);
}

char *words_put_finding_filter(char *at, const ReportContext *c, const FlowRecord *f, const Finding *finding) {
        if (c->n_captures > 1 || finding->n_frames == 0)
                return words_put_flow_filter(at, c, f);
        at = literal_put(at, "frame.number in {");
        for (guint i = 0; i < finding->n_frames; i++) {
                if (i > 0)
                        at = literal_put(at, ", ");
                at = digits_put(at, frame_ref_number(finding->frames[i]));
        }
        return literal_put(at, "}");
}

void words_finding_filter(GString *text, const ReportContext *c, const FlowRecord *f, const Finding *finding) {
        char room[WORDS_BYTES];

        string_append_len(text, room, words_put_finding_filter(room, c, f, finding) - room);
}

char *words_put_side(char *at, const FlowRecord *f, guint side) {
        return endpoint_text_put(at, endpoint_text(&f->side[side].address, f->side[side].port, f->ipv6));
}

void words_side(GString *text, const FlowRecord *f, guint side) {
        endpoint_append(text, &f->side[side].address, f->side[side].port, f->ipv6);
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

static char *put_word(char *at, const FlowRecord *f, const char *word) {
        for (guint i = 0; i < G_N_ELEMENTS(phrases); i++)
                if (word[0] == phrases[i].word[0] && strcmp(word, phrases[i].word) == 0)
                        return text_put(at, phrases[i].phrase);
        for (guint side = 0; side < SIDES; side++)
                if (g_str_equal(word, side_name(side)))
                        return words_put_side(at, f, side);
        for (; *word; word++)
                *at++ = *word == '_' ? ' ' : *word;
        return at;
}

static char *put_value(char *at, const ReportContext *c, const FlowRecord *f, const FindingValue *v, ValueUnit unit) {
        if (v->kind == VALUE_TEXT)
                return put_word(at, f, v->text);
        if (unit == UNIT_NS)
                return duration_put(at, v->integer, v->bound);
        if (unit == UNIT_FRAME)
                return words_put_frame_number(at, c, (FrameRef)v->integer);
        if (v->bound != BOUND_EXACT)
                at = v->bound == BOUND_AT_LEAST ? literal_put(at, ">= ") : literal_put(at, "<= ");
        if (v->integer < 0)
                *at++ = '-';
        if (unit == UNIT_BYTES)
                return bytes_put(at, (guint64)ABS(v->integer));
        return count_put(at, (guint64)ABS(v->integer));
}

/* Where there is no value of that name. */
static char *put_end(char *at, const FlowRecord *f, const Finding *finding, SentenceEnd end) {
        const guint side = finding->side < SIDES ? finding->side : CLIENT;

        switch (end) {
        case END_CLIENT:
                return words_put_side(at, f, CLIENT);
        case END_SERVER:
                return words_put_side(at, f, SERVER);
        case END_SIDE:
                return words_put_side(at, f, side);
        case END_PEER:
                return words_put_side(at, f, !side);
        case END_NONE:
                break;
        }
        return literal_put(at, "(unknown)");
}

char *words_put_finding(char *at, const ReportContext *c, const FlowRecord *f, const Finding *finding) {
        const SentencePart *parts = sentence_parts(finding->id);
        const SentenceNames *names = sentence_names(finding);

        for (guint i = 0; parts[i].kind != PART_END; i++) {
                const guint value = names->value[i];

                if (parts[i].kind == PART_TEXT) {
                        memcpy(at, parts[i].text, parts[i].n);
                        at += parts[i].n;
                } else if (parts[i].kind == PART_OPTION) {
                        i += value == SENTENCE_NO_VALUE ? parts[i].optional : 0;
                } else if (value == SENTENCE_NO_VALUE) {
                        at = put_end(at, f, finding, parts[i].end);
                } else {
                        at = put_value(at, c, f, &finding->values[value], names->unit[value]);
                }
        }
        return at;
}

void words_finding(GString *text, const ReportContext *c, const FlowRecord *f, const Finding *finding) {
        char room[WORDS_BYTES];

        string_append_len(text, room, words_put_finding(room, c, f, finding) - room);
}
