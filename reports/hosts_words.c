/* SPDX-License-Identifier: BSD-3-Clause */

#include "hosts_words.h"

#include "units.h"

/* Below these a line says nothing that the list of connections doesn't. */
#define SERVICE_FLOWS_MIN 10U
#define FIRST_PER_CENT_MIN 60U /* less is neither end's habit */
#define PEAK_MIN 20U
#define PEAK_ENDPOINTS 16U     /* so many of the heaviest are looked at */
#define TAKEN_PER_CENT_MIN 25U

FlowRecord *hosts_pair_names(const Hosts *h, const PortPair *p) {
        FlowRecord *f = g_new0(FlowRecord, 1);
        const guint32 places[SIDES] = { [CLIENT] = p->client, [SERVER] = p->server };

        f->number = p->example;
        for (guint side = 0; side < SIDES; side++) {
                const HostEndpoint *e = hosts_endpoint(h, places[side]);

                f->side[side].address = e->address;
                f->side[side].port = e->port;
                f->ipv6 = e->ipv6;
        }
        return f;
}

void words_rate(GString *text, gdouble per_second) {
        char number[G_ASCII_DTOSTR_BUF_SIZE];

        if (per_second >= 10)
                count_append(text, (guint64)(per_second + .5));
        else
                g_string_append(text, g_ascii_formatd(number, sizeof number, "%.2g", per_second));
}

void words_time_wait(GString *text, const HostEndpoint *e) {
        g_string_append_printf(text, "%s: ", e->choice.model->name);
        duration_append(text, e->timers.time_wait_ns, BOUND_EXACT);
}

static void append_endpoint(GString *text, const HostEndpoint *e) {
        endpoint_append(text, &e->address, e->port, e->ipv6);
}

static void append_moment(GString *text, const ReportContext *c, gint64 second) {
        time_append_clock(text, hosts_moment_ns(c->hosts, second), c->local_time);
}

static Census *census_of(const Hosts *h, guint32 endpoint) {
        g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(guint32));

        g_array_append_val(one, endpoint);
        return hosts_census(h, one);
}

/* ── Services ────────────────────────────────────────────────────────────── */

/* Who holds the TIME_WAITs, how many at once, and when. */
static void append_holder(GString *text, const ReportContext *c, const HostEndpoint *e, guint32 endpoint) {
        const Service *s = e->service;
        guint holder = s->time_waits[SERVER] >= s->time_waits[CLIENT] ? SERVER : CLIENT;
        g_autoptr(Census) census = NULL;

        if (s->time_waits[holder] == 0)
                return;
        g_string_append_printf(text, "; the %s%s the TIME_WAITs", holder == SERVER ? "server" : "clients",
                               holder == SERVER ? " holds" : " hold");
        if (holder == CLIENT)
                return;
        census = census_of(c->hosts, endpoint);
        g_string_append(text, ", ");
        count_append(text, census->peak[STATE_TIME_WAIT].count);
        g_string_append(text, " at once at ");
        append_moment(text, c, census->peak[STATE_TIME_WAIT].second);
        g_string_append(text, " (");
        words_time_wait(text, e);
        g_string_append_c(text, ')');
}

static void append_half_closed(GString *text, const Service *s) {
        guint by = s->half_closed_by[SERVER] > s->half_closed_by[CLIENT] ? SERVER : CLIENT;

        if (s->close[CLOSE_HALF_CLOSED] == 0)
                return;
        g_string_append(text, "; ");
        count_append(text, s->close[CLOSE_HALF_CLOSED]);
        g_string_append_printf(text, " half-closed at the end, most by the %s", side_name(by));
}

static void append_duration(GString *text, const Durations *d) {
        if (d->n < SERVICE_FLOWS_MIN)
                return;
        g_string_append(text, "; a close takes ");
        duration_append(text, durations_quantile(d, 500), BOUND_EXACT);
        g_string_append(text, ", 99 % at most ");
        duration_append(text, durations_quantile(d, 990), BOUND_EXACT);
}

void words_service(GString *text, const ReportContext *c, guint32 endpoint) {
        const HostEndpoint *e = hosts_endpoint(c->hosts, endpoint);
        const Service *s = e->service;
        guint first = s->closed_first[CLOSED_FIRST_BY_SERVER] >= s->closed_first[CLOSED_FIRST_BY_CLIENT]
                          ? SERVER
                          : CLIENT;
        guint64 per_cent = s->flows ? s->closed_first[first] * 100 / s->flows : 0;

        if (s->flows < SERVICE_FLOWS_MIN || per_cent < FIRST_PER_CENT_MIN)
                return;
        append_endpoint(text, e);
        g_string_append_printf(text, ": the %s first in %u %% of ",
                               first == SERVER ? "server closes" : "clients close", (guint)per_cent);
        counted_append(text, s->flows, "connection");
        append_holder(text, c, e, endpoint);
        append_half_closed(text, s);
        append_duration(text, &s->closing);
}

/* ── Peaks ───────────────────────────────────────────────────────────────── */

typedef struct StatePeak {
        CensusPeak peak;
        guint32 endpoint;
} StatePeak;

void words_peaks(GString *text, const ReportContext *c) {
        static const TcpState states[] = { STATE_SYN_RECEIVED, STATE_FIN_WAIT_1, STATE_FIN_WAIT_2,
                                           STATE_CLOSE_WAIT,   STATE_LAST_ACK,   STATE_TIME_WAIT };
        g_autoptr(GArray) order = hosts_order(c->hosts, HOSTS_BY_FLOWS, FALSE);
        StatePeak most[STATES] = { 0 };

        for (guint i = 0; i < MIN(order->len, PEAK_ENDPOINTS); i++) {
                guint32 endpoint = g_array_index(order, guint32, i);
                g_autoptr(Census) census = census_of(c->hosts, endpoint);

                for (guint state = 0; state < STATES; state++)
                        if (census->peak[state].count > most[state].peak.count)
                                most[state] = (StatePeak){ census->peak[state], endpoint };
        }
        for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
                const StatePeak *m = &most[states[i]];

                if (m->peak.count < PEAK_MIN)
                        continue;
                g_string_append_printf(text, "%s%s ", text->len ? ", " : "", tcp_state_title(states[i]));
                count_append(text, m->peak.count);
                g_string_append(text, " at ");
                append_endpoint(text, hosts_endpoint(c->hosts, m->endpoint));
                g_string_append(text, " (");
                append_moment(text, c, m->peak.second);
                g_string_append_c(text, ')');
        }
}

/* ── Ports ───────────────────────────────────────────────────────────────── */

static void append_exhaustion(GString *text, const ReportContext *c, const PortBudget *b) {
        if (b->exhaustion == EXHAUSTION_NEVER)
                return;
        g_string_append(text, b->exhaustion == EXHAUSTION_OBSERVED ? "; none was left at "
                                                                   : "; at that rate none will be left at ");
        time_append_clock(text,
                          b->exhaustion == EXHAUSTION_OBSERVED
                              ? hosts_moment_ns(c->hosts, b->exhausted_second)
                              : b->exhausted_second * NS_PER_SECOND,
                          c->local_time);
}

void words_budget(GString *text, const ReportContext *c, const PortBudget *b) {
        static const char *const shared[] = {
                [SHARED_NOT] = "",
                [SHARED_BY_CLOCKS] = " (a NAT or balancer: its SYNs run on several clocks)",
                [SHARED_BY_HOP_LIMITS] = " (a NAT or balancer, or several paths: its SYNs' hop limits differ)",
                [SHARED_BY_CONNECTIONS] = " (a proxy, a NAT or a balancer: so many connections)",
        };
        const HostEndpoint *client = hosts_endpoint(c->hosts, b->pair->client),
                           *server = hosts_endpoint(c->hosts, b->pair->server);

        if (b->taken.count < PEAK_MIN ||
            (!port_budget_is_short(b) && b->taken.count * 100 < (guint64)b->ports * TAKEN_PER_CENT_MIN))
                return;
        append_endpoint(text, client);
        g_string_append_printf(text, "%s to ", shared[port_pair_shared_by(b->pair)]);
        append_endpoint(text, server);
        g_string_append(text, ": ");
        count_append(text, b->taken.count);
        g_string_append(text, " of ");
        counted_append(text, b->ports, "port");
        g_string_append(text, " taken at once; ");
        words_rate(text, b->sustainable);
        g_string_append(text, " connections a second can last (");
        words_time_wait(text, b->holder == SERVER ? server : client);
        g_string_append(text, "), ");
        words_rate(text, b->rate);
        g_string_append(text, " were measured");
        append_exhaustion(text, c, b);
}
