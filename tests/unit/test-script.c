/* SPDX-License-Identifier: BSD-3-Clause */

/* The notation of packet scripts: what is refused and where, and that a script becomes the packets that it says. */

#include <string.h>

#include "dissect/capture.h"
#include "dissect/dissector.h"
#include "tests/script.h"

#define CONTRACT "// x\n"

static Script *parse(const char *text) {
        g_autoptr(GError) error = NULL;
        g_autofree char *whole = g_strconcat(CONTRACT, text, NULL);
        Script *s = script_parse("x", whole, &error);

        g_assert_no_error(error);
        return s;
}

/* ── What is refused, with line and column ── */

static const struct {
        const char *text, *message;
} bad_scripts[] = {
        { "0 > S 0:0(0)", "x:1:13: no comment says what must hold" },
        { CONTRACT "0 > X 0:0(0)", "x:2:5: not a flag: S F R P . U E W, or - for none" },
        { CONTRACT "0 > SX 0:0(0)", "x:2:6: not a flag: S F R P . U E W, or - for none" },
        { CONTRACT "0 > S 0:0", "x:2:10: expected '('" },
        { CONTRACT "0 > P. 1:101(99) ack 1", "x:2:16: the range is 100 bytes long, not 99" },
        { CONTRACT "0 > . 1:1(0)", "x:2:13: the flag '.' needs an ack" },
        { CONTRACT "0 > S 0:0(0) ack 1", "x:2:18: an ack without the flag '.'" },
        { CONTRACT "0 = S 0:0(0)", "x:2:3: expected > (sent by the client) or < (by the server)" },
        { CONTRACT "0.1234567891 > S 0:0(0)", "x:2:1: finer than a nanosecond" },
        { CONTRACT "+ > S 0:0(0)", "x:2:3: expected a time in seconds" },
        { CONTRACT "0 B > S 0:0(0)", "x:2:3: no flow has the letter B" },
        { CONTRACT "0 > S 0:0(0) win 65536", "x:2:18: not from 0 to 65535" },
        { CONTRACT "0 > S 0:0(0) <mss>", "x:2:18: expected a number" },
        { CONTRACT "0 > S 0:0(0) <mss 1460", "x:2:23: expected '>'" },
        { CONTRACT "0 > S 0:0(0) <md5>", "x:2:15: not an option: nop mss wscale sackOK sack TS FO" },
        { CONTRACT "0 > S 0:0(0) <TS val 1 ecr 1,TS val 1 ecr 1,TS val 1 ecr 1,TS val 1 ecr 1,nop>",
          "x:2:78: more than 40 bytes of options" },
        { CONTRACT "0 > S 0:0(0) {ttl 256}", "x:2:19: not from 0 to 255" },
        { CONTRACT "0 > S 0:0(0) {size 1}", "x:2:15: not an IP field: ip_id ttl tos df len" },
        { CONTRACT "0 > S 0:0(0) {len 1}", "x:2:19: not from 0 to 0" },
        { CONTRACT "linger", "x:2:7: expected a time in seconds" },
        { CONTRACT "0 > S 0:0(0) twice", "x:2:14: not understood from here" },
        { CONTRACT "0 < icmp redirect [S 0:0(0)]",
          "x:2:10: not an ICMP error: net_unreachable host_unreachable port_unreachable admin_prohibited" },
        { CONTRACT "\nlink token_ring", "x:3:6: not a link type: null ethernet raw sll sll2" },
        { CONTRACT "capture some", "x:2:9: expected all, client, server or none" },
        { CONTRACT "flow BB 10.0.0.1:1 > 10.0.0.2:2", "x:2:6: a word of more than 1 characters" },
        { CONTRACT "flow B 10.0.0.300:1 > 10.0.0.2:2", "x:2:18: not an address before this" },
        { CONTRACT "flow B 10.0.0.1:1 > [::1]:2", "x:2:25: one end is IPv4, the other IPv6" },
        { CONTRACT "flow B 10.0.0.1:1 > 10.0.0.2:2 vlan 1,2,3,4,5", "x:2:45: more than 4 VLANs" },
        { CONTRACT "flow B 10.0.0.1:1 > 10.0.0.2:2\nflow B 10.0.0.1:3 > 10.0.0.2:2", "x:3:8: flow B is known already" },
        { CONTRACT "flow B 10.0.0.1:1 > 10.0.0.2:2 vlan 1\nlink raw", "x:3:9: VLANs need link ethernet" },
        { CONTRACT "client FIN_WAIT_3", "x:2:18: expected '='" },
        { CONTRACT "client speed=3", "x:2:15: no such number before this" },
        { CONTRACT "client fin_count=3h", "x:2:20: not a number before this: units are s ms us ns" },
        { CONTRACT "states client syn_sent open", "x:2:24: not a state" },
        { CONTRACT "states both syn_sent", "x:2:8: expected client or server" },
        { CONTRACT "finding bad-luck", "x:2:17: no finding 'bad-luck' in findings.def" },
        { CONTRACT "finding refused server frames one", "x:2:31: expected a number" },
        { CONTRACT "no findings at or above doom", "x:2:25: not a severity" },
        { CONTRACT "nothing happens", "x:2:1: neither a packet nor anything that can be expected" },
        { CONTRACT "close", "x:2:6: expected a word" },
};

static void test_bad(void) {
        for (guint i = 0; i < G_N_ELEMENTS(bad_scripts); i++) {
                g_autoptr(GError) error = NULL;
                Script *s = script_parse("x", bad_scripts[i].text, &error);

                g_assert_null(s);
                g_assert_error(error, SCRIPT_ERROR, SCRIPT_ERROR_BAD);
                g_assert_cmpstr(error->message, ==, bad_scripts[i].message);
        }
}

/* ── What is understood ── */

static void test_packet(void) {
        g_autoptr(Script) s = parse("isn client 4294967295\n"
                                    "1.5 > S 0:0(0)\n"
                                    "+.000000001 < icmp port_unreachable [S 0:0(0)]\n"
                                    "+0 > FP. 1:11(10) ack -1 win 7 <nop,nop,sack 1:3 5:7> "
                                    "{ip_id 9, ttl 3, tos 0x10, df 0} copy // z\n"
                                    "+1 < R 1:1(0) lost\n"
                                    "end 7\n");
        const ScriptPacket *p = (const ScriptPacket *)(gpointer)s->packets->data;

        g_assert_cmpuint(s->packets->len, ==, 5);
        g_assert_cmpint(p[0].time_ns, ==, 1500000000);
        g_assert_cmpuint(p[0].seq, ==, G_MAXUINT32);
        g_assert_cmpuint(p[1].kind, ==, SCRIPT_ICMP);
        g_assert_cmpuint(p[1].side, ==, CLIENT);
        g_assert_cmpint(p[1].time_ns, ==, 1500000001);
        g_assert_cmpuint(p[2].seq, ==, 0);
        g_assert_cmpuint(p[2].ack, ==, 1999999);
        g_assert_cmpuint(p[2].flags, ==, TCP_FIN | TCP_PSH | TCP_ACK);
        g_assert_cmpuint(p[2].payload_bytes, ==, 10);
        g_assert_cmpuint(p[2].n_options, ==, 20);
        g_assert_cmpuint(p[2].frame, ==, 3);
        g_assert_cmpuint(p[3].frame, ==, 0);
        g_assert_cmpuint(p[3].window, ==, 0);
        g_assert_cmpuint(p[4].frame, ==, 5);
        g_assert_cmpuint(s->frames, ==, 5);
        g_assert_cmpstr(s->contract, ==, "x");
}

static void test_incarnations(void) {
        g_autoptr(Script) s = parse("flow B 10.0.0.2:80 > 10.0.0.1:40000\n"
                                    "flow C 10.0.0.1:40000 > 10.0.0.2:80 vlan 7\n"
                                    "flow D 10.0.0.1:40000 > 10.0.0.2:80\n");

        g_assert_cmpuint(s->flows[1].incarnation, ==, 2);
        g_assert_cmpuint(s->flows[2].incarnation, ==, 1);
        g_assert_cmpuint(s->flows[3].incarnation, ==, 3);
}

/* ── The capture ── */

static void assert_segment(const Script *s, const ScriptPacket *p, const Segment *segment) {
        const ScriptFlow *f = &s->flows[p->flow];

        g_assert_cmpint(segment->time_ns, ==, SCRIPT_EPOCH_NS + p->time_ns);
        g_assert_cmpmem(&segment->source, sizeof(Address), &f->address[p->side], sizeof(Address));
        g_assert_cmpmem(&segment->destination, sizeof(Address), &f->address[!p->side], sizeof(Address));
        g_assert_cmpuint(segment->source_port, ==, f->port[p->side]);
        g_assert_cmpuint(segment->destination_port, ==, f->port[!p->side]);
        g_assert_cmpuint(segment->seq, ==, p->seq);
        g_assert_cmpuint(segment->ack, ==, p->ack);
        g_assert_cmpuint(segment->flags, ==, p->flags);
        g_assert_cmpuint(segment->window, ==, p->window);
        g_assert_cmpuint(segment->payload_bytes, ==, p->payload_bytes);
        g_assert_cmpuint(segment->ttl, ==, p->ttl);
        g_assert_cmpuint(segment->tos, ==, p->tos);
        if (!f->ipv6)
                g_assert_cmpuint(segment->ip_id, ==, p->ip_id);
}

static void assert_round_trip(const Script *s) {
        static const DissectResult results[] = {
                [SCRIPT_TCP] = DISSECT_TCP, [SCRIPT_ICMP] = DISSECT_ICMP_QUOTE, [SCRIPT_END] = DISSECT_OTHER_IP,
        };
        g_autoptr(GBytes) bytes = script_capture(s);
        g_autoptr(Capture) capture = capture_open_bytes("x", bytes, 0, NULL);
        g_autoptr(Dissector) dissector = dissector_new();
        Frame frames[FRAME_BATCH];
        guint n = capture_read(capture, frames, FRAME_BATCH);

        g_assert_cmpuint(n, ==, s->packets->len);
        for (guint i = 0; i < n; i++) {
                const ScriptPacket *p = &g_array_index(s->packets, ScriptPacket, i);
                Segment segment = { 0 };
                DissectResult result = dissector_frame(dissector, &frames[i], &segment);

                g_assert_cmpuint(result, ==, results[p->kind]);
                if (p->kind == SCRIPT_TCP)
                        assert_segment(s, p, &segment);
                if (p->kind == SCRIPT_ICMP)
                        g_assert_cmpuint(segment.seq, ==, p->seq);
        }
}

static const char conversation[] = "0 > S 0:0(0) win 65535 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>\n"
                                   "+.01 < S. 0:0(0) ack 1\n"
                                   "+.01 > P. 1:102(101) ack 1 {tos 0x10, ttl 3}\n"
                                   "+.01 > icmp admin_prohibited [P. 1:102(101) ack 1]\n"
                                   "+.01 < R 1:1(0)\n"
                                   "end +1\n";

static void test_links(void) {
        static const char *const heads[] = {
                "link ethernet\n",
                "link raw\n",
                "link null\n",
                "link sll\n",
                "link sll2\n",
                "flow A 10.0.0.1:1 > 10.0.0.2:2 vlan 5,6\n",
                "flow A [2001:db8::1]:1 > [2001:db8::2]:2\n",
                "link null\nflow A [2001:db8::1]:1 > [2001:db8::2]:2\n",
        };

        for (guint i = 0; i < G_N_ELEMENTS(heads); i++) {
                g_autofree char *text = g_strconcat(heads[i], conversation, NULL);
                g_autoptr(Script) s = parse(text);

                assert_round_trip(s);
        }
}

/* RFC 1071: with its checksum in place the sum of it all is 0xffff. */
static guint sum(const guint8 *p, gsize n, guint s) {
        for (gsize i = 0; i < n; i++)
                s += i % 2 ? p[i] : (guint)p[i] << 8;
        while (s >> 16)
                s = (s & 0xffff) + (s >> 16);
        return s;
}

static void test_checksums(void) {
        g_autofree char *text = g_strconcat("link raw\n", conversation, NULL);
        g_autoptr(Script) s = parse(text);
        g_autoptr(GBytes) bytes = script_capture(s);
        g_autoptr(Capture) capture = capture_open_bytes("x", bytes, 0, NULL);
        Frame frames[FRAME_BATCH];
        guint n = capture_read(capture, frames, FRAME_BATCH);

        g_assert_cmpuint(n, ==, 6);
        for (guint i = 0; i < n; i++) {
                const guint8 *ip = frames[i].data;
                guint transport_bytes = frames[i].captured_bytes - 20;
                gboolean icmp = ip[9] == 1;
                guint pseudo;

                g_assert_cmpuint(sum(ip, 20, 0), ==, 0xffff);
                pseudo = icmp ? 0 : sum(ip + 12, 8, ip[9] + transport_bytes);
                g_assert_cmpuint(sum(ip + 20, transport_bytes, pseudo), ==, 0xffff);
        }
}

static void test_snaplen(void) {
        g_autoptr(Script) s = parse("snaplen 54\n0 > P. 1:101(100) ack 1\n");
        g_autoptr(GBytes) bytes = script_capture(s);

        g_assert_cmpuint(g_bytes_get_size(bytes), ==, 24 + 16 + 54);
}

/* ── Failures ── */

static FlowRecord closing_record(void) {
        FlowRecord r = {
                .first_frame = 1,
                .incarnation = 1,
                .close = CLOSE_HALF_CLOSED,
                .zeek_conn_state = "S2",
                .n_findings = 1,
        };
        SideRecord *c = &r.side[CLIENT];

        c->n_states = 2;
        c->states[0] = (StateEntry){ .time_ns = SCRIPT_EPOCH_NS, .frame = 1, .state = STATE_SYN_SENT };
        c->states[1] = (StateEntry){
                .time_ns = SCRIPT_EPOCH_NS + 20000000,
                .frame = 2,
                .state = STATE_ESTABLISHED,
                .basis = BASIS_ASSUMED,
        };
        c->fin_count = 1;
        r.findings[0] = (Finding){
                .id = FINDING_MISSING_FIN,
                .severity = SEVERITY_WARNING,
                .side = SERVER,
                .n_values = 1,
                .n_frames = 1,
        };
        r.findings[0].values[0] = (FindingValue){ .name = "duration_ns", .integer = 5, .bound = BOUND_AT_LEAST };
        r.findings[0].frames[0] = 2;
        return r;
}

static const struct {
        const char *expected, *actual; /* NULL: it holds */
} expectations[] = {
        { "client ESTABLISHED", NULL },
        { "client established assumed since .02", NULL },
        { "client ESTABLISHED observed", "client ESTABLISHED assumed since 0.02 (frame 2)" },
        { "client FIN_WAIT_1", "client ESTABLISHED assumed since 0.02 (frame 2)" },
        { "client ESTABLISHED since .01", "client ESTABLISHED assumed since 0.02 (frame 2)" },
        { "server LISTEN", NULL },
        { "server TIME_WAIT", "server has no state yet" },
        { "states client syn_sent established", NULL },
        { "states client syn_sent", "states client syn_sent established" },
        { "states client syn_sent established closed", "states client syn_sent established" },
        { "states server", NULL },
        { "close half-closed", NULL },
        { "close orderly", "close half-closed" },
        { "zeek S3", "zeek S2" },
        { "client fin_count=1", NULL },
        { "client fin_count=2", "fin_count=1" },
        { "record incarnation>=2", "incarnation=1" },
        { "finding missing-fin", NULL },
        { "finding missing-fin server observed duration_ns=5.. frames 2", NULL },
        { "finding missing-fin duration_ns>=5 duration_ns<=5", NULL },
        { "finding missing-fin duration_ns=5", "finding missing-fin server observed duration_ns=5.. frames 2; " },
        { "finding missing-fin duration_ns>=6", "finding missing-fin server observed duration_ns=5.. frames 2; " },
        { "finding missing-fin frames 1", "finding missing-fin server observed duration_ns=5.. frames 2; " },
        { "finding missing-fin client", "finding missing-fin server observed duration_ns=5.. frames 2; " },
        { "finding missing-fin other=5", "finding missing-fin server observed duration_ns=5.. frames 2; " },
        { "finding refused", "none; findings are: missing-fin" },
        { "no finding refused", NULL },
        { "no finding missing-fin client", NULL },
        { "no finding missing-fin cannot_tell", NULL },
        { "no finding missing-fin", "finding missing-fin server observed duration_ns=5.. frames 2" },
        { "no findings at or above error", NULL },
        { "no findings at or above warning", "finding missing-fin server observed duration_ns=5.. frames 2" },
};

static void test_expectations(void) {
        for (guint i = 0; i < G_N_ELEMENTS(expectations); i++) {
                const char *expected = expectations[i].expected, *actual = expectations[i].actual;
                g_autofree char *text = g_strdup_printf("0 > S 0:0(0)\n+.02 < S. 0:0(0) ack 1\n%s", expected);
                g_autofree char *failure = g_strdup_printf("x:4: expected  %s\nx:4:   actual  %s\n", expected, actual);
                g_autoptr(Script) s = parse(text);
                g_autoptr(GArray) records = g_array_new(FALSE, FALSE, sizeof(FlowRecord));
                g_autoptr(GString) failures = g_string_new(NULL);
                FlowRecord r = closing_record();

                memcpy(&r.side[CLIENT].address, &s->flows[0].address[CLIENT], sizeof(Address));
                r.side[CLIENT].port = 40000;
                r.side[SERVER].port = 80;
                g_array_append_val(records, r);
                g_assert_cmpuint(script_check(s, records, failures), ==, actual ? 1 : 0);
                g_assert_cmpstr(failures->str, ==, actual ? failure : "");
        }
}

static void test_flows(void) {
        g_autoptr(Script) s = parse("0 > S 0:0(0)\nclose open");
        g_autoptr(GArray) records = g_array_new(FALSE, FALSE, sizeof(FlowRecord));
        g_autoptr(GString) failures = g_string_new(NULL);
        FlowRecord r = closing_record();

        g_assert_cmpuint(script_check(s, records, failures), ==, 1);
        g_assert_cmpstr(failures->str, ==, "x:3: expected  close open\nx:3:   actual  flow A was not reported\n");
        g_string_truncate(failures, 0);
        r.incarnation = 2;
        r.close = CLOSE_OPEN;
        r.side[CLIENT].port = 80;
        g_array_append_val(records, r);
        g_assert_cmpuint(script_check(s, records, failures), ==, 2);
        g_assert_cmpstr(failures->str, ==,
                        "x:2: expected  flow A, incarnation 1\nx:2:   actual  incarnation 2\n"
                        "x:2: expected  flow A, incarnation 1\nx:2:   actual  its client is taken for the server\n");
        g_string_truncate(failures, 0);
        g_array_append_val(records, r);
        g_assert_cmpuint(script_check(s, records, failures), ==, 3);
        g_assert_nonnull(strstr(failures->str, "x:2: expected  no further flow\n"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/script/bad", test_bad);
        g_test_add_func("/script/packet", test_packet);
        g_test_add_func("/script/incarnations", test_incarnations);
        g_test_add_func("/script/links", test_links);
        g_test_add_func("/script/checksums", test_checksums);
        g_test_add_func("/script/snaplen", test_snaplen);
        g_test_add_func("/script/expectations", test_expectations);
        g_test_add_func("/script/flows", test_flows);
        return g_test_run();
}
