/* SPDX-License-Identifier: BSD-3-Clause */

/* A packet's line: TIME [FLOW] < or > FLAGS SEQ:END(BYTES) [ack N] [win N] [<options>] [{IP fields}] [lost|copy]. */

#include <string.h>

#include "script_line.h"

#define PAYLOAD_BYTES_MAX 65400 /* so that any headers fit into an IP packet */

enum {
        OPTION_END = 0,
        OPTION_NOP = 1,
        OPTION_MSS = 2,
        OPTION_WSCALE = 3,
        OPTION_SACK_PERMITTED = 4,
        OPTION_SACK = 5,
        OPTION_TIMESTAMP = 8,
        OPTION_FASTOPEN = 34,
};

/* packetdrill's letters, '.' for ACK. */
static const struct {
        char letter;
        guint8 flag;
} flag_letters[] = {
        { 'S', TCP_SYN }, { 'F', TCP_FIN }, { 'R', TCP_RST }, { 'P', TCP_PSH },
        { '.', TCP_ACK }, { 'U', TCP_URG }, { 'E', TCP_ECE }, { 'W', TCP_CWR },
};

/* packetdrill's names; RFC 792 and RFC 4443 3.1. */
static const struct {
        const char *name;
        guint8 code, code6;
} unreachables[] = {
        { "net_unreachable", 0, 0 },
        { "host_unreachable", 1, 3 },
        { "port_unreachable", 3, 4 },
        { "admin_prohibited", 13, 1 },
};

static const char *unreachable_name(guint i) {
        return unreachables[i].name;
}

static void option_bytes(Line *l, ScriptPacket *p, const guint8 *bytes, guint n) {
        if (p->n_options + n > SCRIPT_TCP_OPTIONS_BYTES_MAX) {
                line_bad(l, "more than %d bytes of options", SCRIPT_TCP_OPTIONS_BYTES_MAX);
                return;
        }
        memcpy(p->options + p->n_options, bytes, n);
        p->n_options += n;
}

static void option_u8(Line *l, ScriptPacket *p, guint32 v) {
        option_bytes(l, p, (const guint8[]){ (guint8)v }, 1);
}

static void option_u32(Line *l, ScriptPacket *p, guint32 v) {
        option_bytes(l, p, (const guint8[]){ v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255 }, 4);
}

static void option_head(Line *l, ScriptPacket *p, guint kind, guint length) {
        option_u8(l, p, kind);
        option_u8(l, p, length);
}

/* A sequence number relative to an ISN; negative ones are old. */
static guint32 parse_sequence(Line *l, guint32 isn) {
        gint64 v;

        line_integer(l, -(gint64)G_MAXUINT32, G_MAXUINT32, &v);
        return isn + (guint32)v;
}

static void parse_sack(Line *l, ScriptPacket *p, guint32 peer_isn) {
        guint length_at = p->n_options + 1;

        option_head(l, p, OPTION_SACK, 2);
        do {
                option_u32(l, p, parse_sequence(l, peer_isn));
                line_want(l, ":");
                option_u32(l, p, parse_sequence(l, peer_isn));
        } while (g_ascii_isdigit(*l->at) && !l->error);
        if (!l->error)
                p->options[length_at] = (guint8)(p->n_options - length_at + 1);
}

static void parse_fastopen(Line *l, ScriptPacket *p) {
        guint length_at = p->n_options + 1;

        option_head(l, p, OPTION_FASTOPEN, 2);
        while (g_ascii_isxdigit(l->at[0]) && g_ascii_isxdigit(l->at[1]) && !l->error) {
                option_u8(l, p, (guint32)(g_ascii_xdigit_value(l->at[0]) << 4 | g_ascii_xdigit_value(l->at[1])));
                l->at += 2;
        }
        if (!l->error)
                p->options[length_at] = (guint8)(p->n_options - length_at + 1);
}

static void parse_option(Line *l, ScriptPacket *p, guint32 peer_isn) {
        if (line_take(l, "nop")) {
                option_u8(l, p, OPTION_NOP);
        } else if (line_take(l, "mss")) {
                guint32 mss = line_u32(l, G_MAXUINT16);
                option_head(l, p, OPTION_MSS, 4);
                option_u8(l, p, mss >> 8);
                option_u8(l, p, mss & 255);
        } else if (line_take(l, "wscale")) {
                option_head(l, p, OPTION_WSCALE, 3);
                option_u8(l, p, line_u32(l, G_MAXUINT8));
        } else if (line_take(l, "sackOK")) {
                option_head(l, p, OPTION_SACK_PERMITTED, 2);
        } else if (line_take(l, "sack")) {
                parse_sack(l, p, peer_isn);
        } else if (line_take(l, "TS")) {
                option_head(l, p, OPTION_TIMESTAMP, 10);
                line_want(l, "val");
                option_u32(l, p, line_u32(l, G_MAXUINT32));
                line_want(l, "ecr");
                option_u32(l, p, line_u32(l, G_MAXUINT32));
        } else if (line_take(l, "FO")) {
                parse_fastopen(l, p);
        } else {
                line_bad(l, "not an option: nop mss wscale sackOK sack TS FO");
        }
}

static void parse_options(Line *l, ScriptPacket *p, guint32 peer_isn) {
        if (!line_take(l, "<"))
                return;
        do {
                parse_option(l, p, peer_isn);
        } while (line_take(l, ","));
        line_want(l, ">");
        while (p->n_options % 4 != 0 && !l->error)
                option_u8(l, p, OPTION_END);
}

static void parse_ip_fields(Line *l, ScriptPacket *p) {
        if (!line_take(l, "{"))
                return;
        do {
                if (line_take(l, "ip_id"))
                        p->ip_id = (guint16)line_u32(l, G_MAXUINT16);
                else if (line_take(l, "ttl"))
                        p->ttl = (guint8)line_u32(l, G_MAXUINT8);
                else if (line_take(l, "tos"))
                        p->tos = (guint8)line_u32(l, G_MAXUINT8);
                else if (line_take(l, "df"))
                        p->dont_fragment = line_u32(l, 1) != 0;
                else if (line_take(l, "len"))
                        p->no_length = line_u32(l, 0) == 0;
                else
                        line_bad(l, "not an IP field: ip_id ttl tos df len");
        } while (line_take(l, ","));
        line_want(l, "}");
}

static void parse_flags(Line *l, ScriptPacket *p) {
        if (line_take(l, "-"))
                return;
        for (;; l->at++) {
                guint i = 0;

                while (i < G_N_ELEMENTS(flag_letters) && flag_letters[i].letter != *l->at)
                        i++;
                if (i == G_N_ELEMENTS(flag_letters))
                        break;
                p->flags |= flag_letters[i].flag;
        }
        if (p->flags == 0 || (*l->at != ' ' && *l->at != '\t'))
                line_bad(l, "not a flag: S F R P . U E W, or - for none");
        l->at += strspn(l->at, " \t");
}

/* "1:101(100)": as packetdrill, the end counts the payload only. */
static void parse_range(Line *l, ScriptPacket *p, guint32 isn) {
        guint32 end;

        p->seq = parse_sequence(l, isn);
        line_want(l, ":");
        end = parse_sequence(l, isn);
        line_want(l, "(");
        p->payload_bytes = line_u32(l, PAYLOAD_BYTES_MAX);
        if (!l->error && end - p->seq != p->payload_bytes)
                line_bad(l, "the range is %u bytes long, not %u", end - p->seq, p->payload_bytes);
        line_want(l, ")");
}

/* What the sender's stack fills in by itself. A RST without ACK comes from no socket: window 0, IP ID 0 (Linux). */
static void set_defaults(ScriptPacket *p, ScriptFlow *f) {
        gboolean socketless = (p->flags & (TCP_RST | TCP_ACK)) == TCP_RST;

        p->ttl = 64;
        p->dont_fragment = TRUE;
        p->window = socketless ? 0 : 502;
        p->ip_id = socketless ? 0 : f->ip_id[p->side]++;
}

static void parse_segment(Line *l, ScriptPacket *p, ScriptFlow *f) {
        guint peer = !p->side;

        parse_flags(l, p);
        set_defaults(p, f);
        parse_range(l, p, f->isn[p->side]);
        if (line_take(l, "ack")) {
                if (!(p->flags & TCP_ACK))
                        line_bad(l, "an ack without the flag '.'");
                p->ack = parse_sequence(l, f->isn[peer]);
        } else if (p->flags & TCP_ACK) {
                line_bad(l, "the flag '.' needs an ack");
        }
        if (line_take(l, "win"))
                p->window = (guint16)line_u32(l, G_MAXUINT16);
        parse_options(l, p, f->isn[peer]);
        parse_ip_fields(l, p);
}

static void parse_icmp(Line *l, ScriptPacket *p, ScriptFlow *f) {
        int i = line_choice(l, unreachable_name, G_N_ELEMENTS(unreachables));

        if (i < 0) {
                line_bad(l, "not an ICMP error: net_unreachable host_unreachable port_unreachable admin_prohibited");
                return;
        }
        p->kind = SCRIPT_ICMP;
        p->side = !p->side;
        p->icmp_type = f->ipv6 ? 1 : 3;
        p->icmp_code = f->ipv6 ? unreachables[i].code6 : unreachables[i].code;
        line_want(l, "[");
        parse_segment(l, p, f);
        line_want(l, "]");
}

static void parse_time(Script *s, Line *l, ScriptPacket *p) {
        gboolean relative = line_take(l, "+");
        gint64 ns;

        line_seconds(l, &ns);
        p->time_ns = ns + (relative ? s->now_ns : 0);
        s->now_ns = p->time_ns;
}

static guint parse_direction(Line *l) {
        if (line_take(l, ">"))
                return CLIENT;
        if (!line_take(l, "<"))
                line_bad(l, "expected > (sent by the client) or < (by the server)");
        return SERVER;
}

/* Numbers the frames that a packet becomes. */
static void capture_packet(Script *s, ScriptPacket *p, gboolean captured) {
        if (!captured)
                return;
        p->frame = s->frames + 1;
        s->frames += 1 + p->copies;
}

gboolean script_packet_parse(Script *s, Line *l, ScriptPacket *p) {
        ScriptFlow *f;
        guint sender;

        *p = (ScriptPacket){ .line = l->number };
        if (line_take(l, "end")) {
                p->kind = SCRIPT_END;
                parse_time(s, l, p);
                capture_packet(s, p, TRUE);
                return l->error == NULL;
        }
        parse_time(s, l, p);
        p->flow = line_flow(l, s);
        f = &s->flows[p->flow];
        sender = p->side = parse_direction(l);
        if (line_take(l, "icmp"))
                parse_icmp(l, p, f);
        else
                parse_segment(l, p, f);
        if (line_take(l, "copy"))
                p->copies = 1;
        capture_packet(s, p, s->sniffed[sender] && !line_take(l, "lost"));
        return l->error == NULL;
}
