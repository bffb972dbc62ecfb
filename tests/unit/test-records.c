/* SPDX-License-Identifier: BSD-3-Clause */

/* Flow records as JSON, and what is counted over many of them. */

#include <json-c/json.h>
#include <string.h>

#include "record-case.h"
#include "reports/json.h"

static json_object *flow_to_json(const RecordCase *c, JsonFlowOptions options) {
        g_autoptr(JsonWriter) w = json_writer_new(NULL, FALSE);
        g_autoptr(JsonRecords) records = json_records_new(w);
        json_object *o;

        json_records_flow(records, NULL, &c->context, &c->flow, options);
        o = json_tokener_parse(json_writer_text(w));
        g_assert_nonnull(o);
        return o;
}

/* Returns: what @path ("sides.client.fin") leads to. */
static json_object *find(json_object *o, const char *path) {
        g_auto(GStrv) keys = g_strsplit(path, ".", -1);

        for (char **key = keys; *key; key++) {
                json_object *next = NULL;

                if (json_object_is_type(o, json_type_array))
                        next = json_object_array_get_idx(o, (gsize)g_ascii_strtoull(*key, NULL, 10));
                else
                        g_assert_true(json_object_object_get_ex(o, *key, &next));
                o = next;
        }
        return o;
}

/* The first vector of the specification. */
static void test_community_id(void) {
        static const guint8 client[] = { 128, 232, 110, 120 }, server[] = { 66, 35, 250, 204 };

        for (guint swapped = 0; swapped < 2; swapped++) {
                g_autoptr(RecordCase) c = record_case_new(CLOSE_OPEN, 1);
                json_object *o;

                memcpy(c->flow.side[swapped].address.bytes + 12, client, 4);
                memcpy(c->flow.side[!swapped].address.bytes + 12, server, 4);
                c->flow.side[swapped].port = 34855;
                c->flow.side[!swapped].port = 80;
                o = flow_to_json(c, JSON_FLOW_PLAIN);
                g_assert_cmpstr(json_object_get_string(find(o, "community_id")), ==, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
                json_object_put(o);
        }
}

static void test_files_beside_frames(void) {
        for (guint captures = 1; captures <= 2; captures++) {
                g_autoptr(RecordCase) c = record_case_new(CLOSE_HALF_CLOSED, captures);
                Finding *f = record_case_finding(c, FINDING_REFUSED, SERVER);
                json_object *o, *unused;

                record_case_fin(c, CLIENT, 12, 1000);
                record_case_value(f, "rst_frame", (gint64)frame_ref(1, 2), BOUND_EXACT);
                record_case_value(f, "duration_ns", 7, BOUND_AT_MOST);
                f->frames[f->n_frames++] = frame_ref(1, 2);
                o = flow_to_json(c, JSON_FLOW_PLAIN);
                g_assert_cmpint(json_object_get_int(find(o, "sides.client.fin.frame")), ==, 12);
                g_assert_null(find(o, "sides.server.fin"));
                g_assert_cmpint(json_object_get_int(find(o, "findings.0.frames.0")), ==, 2);
                g_assert_cmpint(json_object_get_int(find(o, "findings.0.values.rst_frame")), ==, 2);
                g_assert_cmpstr(json_object_get_string(find(o, "findings.0.values.duration_bound")), ==, "at_most");
                g_assert_cmpint(json_object_object_get_ex(o, "first_file", &unused), ==, captures == 2);
                if (captures == 2) {
                        g_assert_cmpint(json_object_get_int(find(o, "findings.0.files.0")), ==, 1);
                        g_assert_cmpint(json_object_get_int(find(o, "findings.0.values.rst_file")), ==, 1);
                }
                json_object_put(o);
        }
}

static void test_packets(void) {
        g_autoptr(RecordCase) c = record_case_new(CLOSE_OPEN, 1);
        const TimelineEntry entries[] = {
                { .time_ns = CASE_START_NS, .frame = frame_ref(0, 1), .flags = TCP_SYN },
                { .time_ns = CASE_START_NS + 5, .frame = frame_ref(0, 2), .ack = 1, .flags = TCP_SYN | TCP_ACK, .marks = ENTRY_SERVER },
        };
        json_object *o;

        record_case_state(c, CLIENT, STATE_SYN_SENT, 1, 0);
        c->flow.timeline = entries;
        c->flow.n_timeline = G_N_ELEMENTS(entries);
        o = flow_to_json(c, JSON_FLOW_PACKETS);
        g_assert_null(find(o, "packets.0.ack"));
        g_assert_cmpint(json_object_get_int(find(o, "packets.1.ack")), ==, 1);
        g_assert_cmpint(json_object_get_int(find(o, "packets.1.offset_ns")), ==, 5);
        g_assert_cmpstr(json_object_get_string(find(o, "packets.1.side")), ==, "server");
        g_assert_cmpstr(json_object_get_string(find(o, "packets.1.text")), ==, "S. 0:0(0) ack 1 win 0");
        g_assert_cmpstr(json_object_get_string(find(o, "packets.1.states.client")), ==, "syn_sent");
        json_object_put(o);
}

/* Whatever order flows come in, the worst are kept, and draws go to the lower number. */
static void test_worst_first(void) {
        g_autoptr(Summary) s = summary_new();
        const guint n = 100;

        for (guint i = 0; i < n; i++) {
                g_autoptr(RecordCase) c = record_case_new(CLOSE_HALF_CLOSED, 1);
                Finding *f = record_case_finding(c, FINDING_LINGERING_FIN_WAIT_2, CLIENT);

                c->flow.number = 1 + i * 37 % n;
                record_case_value(f, "duration_ns", (gint64)(c->flow.number / 2), BOUND_EXACT);
                f->certainty = c->flow.number == 100 ? CERTAINTY_CANNOT_TELL : CERTAINTY_OBSERVED;
                summary_add(s, &c->context, &c->flow);
        }
        g_assert_cmpuint(s->flows, ==, n);
        g_assert_cmpuint(summary_flows_at_least(s, SEVERITY_WARNING), ==, n);
        g_assert_cmpuint(summary_flows_at_least(s, SEVERITY_ERROR), ==, 0);
        g_assert_cmpuint(s->findings[FINDING_LINGERING_FIN_WAIT_2].n_examples, ==, SUMMARY_EXAMPLES_MAX);
        for (guint i = 0; i < SUMMARY_EXAMPLES_MAX; i++) {
                static const guint64 expected[SUMMARY_EXAMPLES_MAX] = { 98, 99, 96, 97, 94 };

                g_assert_cmpuint(s->findings[FINDING_LINGERING_FIN_WAIT_2].examples[i].badness.flow, ==, expected[i]);
                g_assert_cmpuint(s->worst[i].badness.flow, ==, expected[i]);
        }
        g_assert_cmpuint(s->n_worst, ==, SUMMARY_WORST_MAX);
}

static void test_hosts(void) {
        g_autoptr(Summary) s = summary_new();
        g_autoptr(GPtrArray) hosts = NULL;

        for (guint i = 0; i < 3; i++) {
                g_autoptr(RecordCase) c = record_case_new(CLOSE_REFUSED, 1);

                c->flow.side[CLIENT].port += (guint16)i;
                record_case_finding(c, i == 0 ? FINDING_LINGERING_FIN_WAIT_2 : FINDING_REFUSED, i == 0 ? CLIENT : SERVER);
                summary_add(s, &c->context, &c->flow);
        }
        hosts = summary_hosts(s);
        g_assert_cmpuint(hosts->len, ==, 2);
        g_assert_cmpuint(((HostTally *)hosts->pdata[0])->flows, ==, 2);
        g_assert_cmpuint(((HostTally *)hosts->pdata[0])->port, ==, 80);
        g_assert_cmpuint(((HostTally *)hosts->pdata[1])->port, ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/records/community-id", test_community_id);
        g_test_add_func("/records/files-beside-frames", test_files_beside_frames);
        g_test_add_func("/records/packets", test_packets);
        g_test_add_func("/summary/worst-first", test_worst_first);
        g_test_add_func("/summary/hosts", test_hosts);
        return g_test_run();
}
