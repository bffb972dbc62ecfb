/* SPDX-License-Identifier: BSD-3-Clause */

#include <arpa/inet.h>
#include <string.h>

#include "script_line.h"

G_DEFINE_QUARK(script-error-quark, script_error)

static const struct {
        const char *name;
        guint16 type;
} link_types[] = { /* https://www.tcpdump.org/linktypes.html */
        { "null", 0 }, { "ethernet", 1 }, { "raw", 101 }, { "sll", 113 }, { "sll2", 276 },
};

static const char *link_name(guint i) {
        return link_types[i].name;
}

static gboolean parse_link(Script *s, Line *l) {
        int i = line_choice(l, link_name, G_N_ELEMENTS(link_types));

        if (i < 0)
                return line_bad(l, "not a link type: null ethernet raw sll sll2");
        s->link_type = link_types[i].type;
        return TRUE;
}

static gboolean parse_snaplen(Script *s, Line *l) {
        gint64 v;

        line_integer(l, 1, 262144, &v);
        s->snaplen = (guint32)v;
        return TRUE;
}

static gboolean parse_port_range(Script *s, Line *l) {
        gint64 first, last;

        if (!line_integer(l, 1, G_MAXUINT16, &first) || !line_integer(l, first, G_MAXUINT16, &last))
                return FALSE;
        s->port_first = (guint16)first;
        s->port_last = (guint16)last;
        return TRUE;
}

static gboolean parse_linger(Script *s, Line *l) {
        return line_seconds(l, &s->linger_ns);
}

static gboolean parse_cut(Script *s, Line *l) {
        return s->cut = TRUE;
}

/* Whose packets are captured from here on. */
static gboolean parse_capture(Script *s, Line *l) {
        static const char *const words[] = { "none", "client", "server", "all" };

        for (guint i = 0; i < G_N_ELEMENTS(words); i++)
                if (line_take(l, words[i])) {
                        s->sniffed[CLIENT] = (i & 1) != 0;
                        s->sniffed[SERVER] = (i & 2) != 0;
                        return TRUE;
                }
        return line_bad(l, "expected all, client, server or none");
}

static gboolean parse_isn(Script *s, Line *l) {
        guint flow = line_flow(l, s);
        guint side = line_take(l, "server") ? SERVER : CLIENT;

        if (side == CLIENT)
                line_want(l, "client");
        s->flows[flow].isn[side] = line_u32(l, G_MAXUINT32);
        return TRUE;
}

/* "10.0.0.1:40000" or "[2001:db8::1]:40000". */
static void parse_endpoint(Line *l, ScriptFlow *f, guint side) {
        static const guint8 mapped[12] = { [10] = 0xff, 0xff };
        gboolean ipv6 = line_take(l, "[");
        guint8 *bytes = f->address[side].bytes;
        char word[64];

        if (!line_word(l, ipv6 ? ":." : ".", word, sizeof word))
                return;
        if (!ipv6)
                memcpy(bytes, mapped, sizeof mapped);
        if (inet_pton(ipv6 ? AF_INET6 : AF_INET, word, ipv6 ? bytes : bytes + 12) != 1)
                line_bad(l, "not an address before this");
        if (side == SERVER && ipv6 != f->ipv6)
                line_bad(l, "one end is IPv4, the other IPv6");
        f->ipv6 = ipv6;
        if (ipv6)
                line_want(l, "]");
        line_want(l, ":");
        f->port[side] = (guint16)line_u32(l, G_MAXUINT16);
}

static void parse_vlans(Line *l, ScriptFlow *f) {
        do {
                if (f->n_vlans == SCRIPT_VLANS_MAX) {
                        line_bad(l, "more than %d VLANs", SCRIPT_VLANS_MAX);
                        return;
                }
                f->vlans[f->n_vlans++] = (guint16)line_u32(l, 4094);
        } while (line_take(l, ","));
}

static gboolean same_end(const ScriptFlow *a, guint i, const ScriptFlow *b, guint j) {
        return a->port[i] == b->port[j] && memcmp(&a->address[i], &b->address[j], sizeof(Address)) == 0;
}

static gboolean same_tuple(const ScriptFlow *a, const ScriptFlow *b) {
        return a->n_vlans == b->n_vlans && memcmp(a->vlans, b->vlans, sizeof a->vlans) == 0 &&
               ((same_end(a, CLIENT, b, CLIENT) && same_end(a, SERVER, b, SERVER)) ||
                (same_end(a, CLIENT, b, SERVER) && same_end(a, SERVER, b, CLIENT)));
}

static ScriptFlow *flow_slot(Script *s, Line *l, char letter) {
        for (guint i = 0; i < s->n_flows; i++)
                if (s->flows[i].letter == letter) {
                        if (i > 0 || s->packets->len > 0)
                                line_bad(l, "flow %c is known already", letter);
                        return &s->flows[i];
                }
        return &s->flows[s->n_flows++];
}

static void flow_init(ScriptFlow *f, char letter) {
        *f = (ScriptFlow){
                .letter = letter,
                .isn = { 1000000, 2000000 },
                .ip_id = { 1000, 2000 },
        };
}

/* "flow B 10.0.0.1:40000 > 10.0.0.2:80 vlan 10,20" */
static gboolean parse_flow(Script *s, Line *l) {
        ScriptFlow *f;
        char letter[2];

        if (!line_word(l, "", letter, sizeof letter) || !g_ascii_isupper(letter[0]))
                return line_bad(l, "a flow's name is a capital letter");
        f = flow_slot(s, l, letter[0]);
        flow_init(f, letter[0]);
        parse_endpoint(l, f, CLIENT);
        line_want(l, ">");
        parse_endpoint(l, f, SERVER);
        if (line_take(l, "vlan"))
                parse_vlans(l, f);
        f->incarnation = 1;
        for (const ScriptFlow *g = s->flows; g < f; g++)
                f->incarnation += same_tuple(f, g);
        return TRUE;
}

static const struct {
        const char *word;
        gboolean (*parse)(Script *s, Line *l);
} directives[] = {
        { "flow", parse_flow },
        { "isn", parse_isn },
        { "link", parse_link },
        { "snaplen", parse_snaplen },
        { "linger", parse_linger },
        { "port-range", parse_port_range },
        { "capture", parse_capture },
        { "cut", parse_cut },
};

static gboolean parse_packet(Script *s, Line *l) {
        ScriptPacket p;

        if (script_packet_parse(s, l, &p))
                g_array_append_val(s->packets, p);
        return TRUE;
}

static gboolean parse_expectation(Script *s, Line *l) {
        ScriptExpectation e = { .line = l->number, .text = g_strdup(l->at), .frame = s->frames, .time_ns = s->now_ns };

        script_expectation_parse(s, l, &e);
        g_array_append_val(s->expectations, e);
        return TRUE;
}

static void parse_line(Script *s, Line *l) {
        for (guint i = 0; i < G_N_ELEMENTS(directives); i++)
                if (line_take(l, directives[i].word)) {
                        directives[i].parse(s, l);
                        return;
                }
        if (strchr("+.0123456789", *l->at) || g_str_has_prefix(l->at, "end "))
                parse_packet(s, l);
        else
                parse_expectation(s, l);
}

/* Cuts off the comment, and keeps the first one: what the script is for. */
static void take_comment(Script *s, char *text) {
        char *comment = strstr(text, "//");

        if (comment) {
                if (!s->contract)
                        s->contract = g_strdup(g_strstrip(comment + 2));
                *comment = '\0';
        }
        g_strchomp(text);
}

static void expectation_clear(gpointer data) {
        ScriptExpectation *e = data;

        g_free(e->text);
        g_free(e->word);
}

static Script *script_new(const char *name) {
        Script *s = g_new0(Script, 1);
        Line l = line_new(name, 0, "A 10.0.0.1:40000 > 10.0.0.2:80");

        s->name = g_strdup(name);
        s->link_type = 1;
        s->snaplen = 262144;
        s->linger_ns = 60 * SCRIPT_NS_PER_SECOND;
        s->sniffed[CLIENT] = s->sniffed[SERVER] = TRUE;
        s->packets = g_array_new(FALSE, TRUE, sizeof(ScriptPacket));
        s->expectations = g_array_new(FALSE, TRUE, sizeof(ScriptExpectation));
        g_array_set_clear_func(s->expectations, expectation_clear);
        parse_flow(s, &l);
        return s;
}

static void check_whole(const Script *s, Line *l) {
        if (!s->contract)
                line_bad(l, "no comment says what must hold");
        for (guint i = 0; i < s->n_flows; i++)
                if (s->flows[i].n_vlans > 0 && s->link_type != 1)
                        line_bad(l, "VLANs need link ethernet");
}

Script *script_parse(const char *name, const char *text, GError **error) {
        g_autoptr(Script) s = script_new(name);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        Line l = line_new(s->name, 1, "");

        for (guint i = 0; lines[i] && !l.error; i++) {
                take_comment(s, lines[i]);
                l = line_new(s->name, i + 1, lines[i]);
                if (line_at_end(&l))
                        continue;
                parse_line(s, &l);
                if (!line_at_end(&l))
                        line_bad(&l, "not understood from here");
        }
        check_whole(s, &l);
        if (l.error) {
                g_propagate_error(error, l.error);
                return NULL;
        }
        return g_steal_pointer(&s);
}

Script *script_load(const char *path, GError **error) {
        g_autofree char *text = NULL;

        if (!g_file_get_contents(path, &text, NULL, error))
                return NULL;
        return script_parse(path, text, error);
}

void script_free(Script *s) {
        g_free(s->name);
        g_free(s->contract);
        g_array_unref(s->packets);
        g_array_unref(s->expectations);
        g_free(s);
}
