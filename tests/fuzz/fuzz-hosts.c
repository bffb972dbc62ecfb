/* SPDX-License-Identifier: BSD-3-Clause */

/* Any bytes as a capture, to what its flows add up to: the sum of all states is that of all connections, at
 * the end as well. */

#include "analyzer/hosts/whatif.h"
#include "tests/pipeline.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize n);

typedef struct Result {
        Hosts *hosts;
        WhatIf *whatif;
} Result;

static void take(const FlowRecord *records, guint n, gpointer data) {
        const Result *r = data;

        for (const FlowRecord *f = records; f < records + n; f++) {
                hosts_add(r->hosts, f);
                whatif_add(r->whatif, r->hosts, f);
        }
}

static void check_hosts(const Hosts *h) {
        g_autoptr(GArray) order = hosts_order(h, HOSTS_BY_FLOWS, FALSE), budgets = hosts_budgets(h);
        g_autoptr(Census) census = hosts_census(h, order);
        guint64 sum = 0;

        for (guint state = 0; state < STATES; state++) {
                sum += census->now.count[state];
                g_assert_cmpuint(census->now.count[state], <=, SIDES * hosts_flows(h));
                g_assert_cmpint(hosts_moment_ns(h, census->peak[state].second), <=, hosts_end_ns(h));
        }
        g_assert_cmpuint(sum, ==, SIDES * hosts_flows(h));
        for (guint i = 0; i < order->len; i++) {
                const HostEndpoint *e = hosts_endpoint(h, g_array_index(order, guint32, i));

                if (e->service)
                        g_assert_cmpint(durations_quantile(&e->service->closing, 500), <=,
                                        durations_quantile(&e->service->closing, 990));
        }
        for (guint i = 0; i < budgets->len; i++) {
                const PortBudget *b = &g_array_index(budgets, PortBudget, i);
                Finding f;

                g_assert_cmpuint(b->seen, <=, b->pair->flows);
                g_assert_cmpuint(b->taken.count, <=, b->pair->flows);
                if (port_budget_is_short(b))
                        port_budget_finding(b, &f);
        }
}

static void track(Capture *c) {
        g_autoptr(Hosts) hosts = hosts_new(NULL);
        g_autoptr(WhatIf) whatif = whatif_new();
        Result result = { hosts, whatif };
        TrackerOptions options = tracker_options_default();
        const char *wrong;

        whatif_set(whatif, "linger=0", &wrong);
        whatif_set(whatif, "dyn_keepalive=0", &wrong);
        whatif_set(whatif, "tcp_max_tw_buckets=1", &wrong);
        whatif_set(whatif, "ip_local_port_range=40000:40003", &wrong);
        options.sink = take;
        options.sink_data = &result;
        g_autoptr(Tracker) tracker = tracker_new(&options);
        g_autoptr(Dissector) dissector = dissector_new();

        pipeline_run(tracker, dissector, c);
        whatif_end(whatif, hosts);
        check_hosts(hosts);
        check_hosts(whatif_hosts(whatif));
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize n) {
        g_autoptr(GBytes) bytes = g_bytes_new(data, n);
        g_autoptr(Capture) c = capture_open_bytes("fuzz", bytes, 0, NULL);

        if (c)
                track(c);
        return 0;
}
