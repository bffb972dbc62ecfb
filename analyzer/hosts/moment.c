/* SPDX-License-Identifier: BSD-3-Clause */
#include "moment.h"

#include <string.h>

/* TIME_WAITs as old as this are over under every model (Windows: at most 300 s), unless a longer time was
 * set. */
#define TIME_WAIT_NS_MAX (300 * G_GINT64_CONSTANT(1000000000))

Moment *moment_new(const Address *host) {
        Moment *m = g_new0(Moment, 1);

        m->has_host = host != NULL;
        if (host)
                m->host = *host;
        m->sockets = g_array_new(FALSE, FALSE, sizeof(MomentSocket));
        return m;
}

void moment_free(Moment *m) {
        if (!m)
                return;
        g_array_unref(m->sockets);
        g_free(m);
}

/* ── Taking them ─────────────────────────────────────────────────────────── */

const HostEndpoint *moment_endpoint(const Hosts *h, const MomentSocket *s) {
        return hosts_find(h, &s->local, s->listens ? s->local_port : 0, s->listens);
}

static HostTimers timers_of(const Hosts *h, const MomentSocket *s) {
        const HostEndpoint *e = moment_endpoint(h, s);

        return e ? e->timers : host_timers(host_model_default(), NULL);
}

gint64 moment_timer_ns(const Hosts *h, const MomentSocket *s) {
        HostTimers timers;

        if (s->timer == STATE_UNKNOWN)
                return HOST_FOREVER;
        timers = timers_of(h, s);
        return s->timer == STATE_TIME_WAIT ? timers.time_wait_ns : timers.fin_wait_2_ns;
}

static void take_side(Moment *m, const Hosts *h, const FlowRecord *f, guint side) {
        const SideRecord *me = &f->side[side], *peer = &f->side[!side];
        MomentSocket s = { .local = me->address,
                           .remote = peer->address,
                           .local_port = me->port,
                           .remote_port = peer->port,
                           .listens = side == SERVER,
                           .ipv6 = !!f->ipv6,
                           .flow = f->number };
        HostTimers timers, longest;
        Life life;
        TcpState state;

        if (m->has_host && !address_equal(&m->host, &me->address))
                return;
        timers = longest = timers_of(h, &s);
        longest.time_wait_ns = MAX(longest.time_wait_ns, TIME_WAIT_NS_MAX);
        longest.fin_wait_2_ns = HOST_FOREVER;
        life_of(&life, f, side, &timers);
        state = life_state_at(&life, &longest, m->at_ns);
        if (state == STATES || state == STATE_CLOSED)
                return;
        if (m->sockets->len == MOMENT_SOCKETS_MAX) {
                m->left_out++;
                return;
        }
        s.state = (guint8)state;
        s.timer = m->at_ns >= life.timer_ns ? life.timer : STATE_UNKNOWN;
        s.timer_ns = life.timer_ns;
        g_array_append_val(m->sockets, s);
}

void moment_add(Moment *m, const Hosts *h, const FlowRecord *f) {
        if (f->start_ns > m->at_ns || (f->taken_over_ns && f->taken_over_ns <= m->at_ns))
                return; /* not there yet, or a new connection has its 4-tuple */
        take_side(m, h, f, CLIENT);
        take_side(m, h, f, SERVER);
}

/* ── In order ────────────────────────────────────────────────────────────── */

static gint compare_places(const MomentSocket *a, const MomentSocket *b) {
        int order = memcmp(&a->local, &b->local, sizeof a->local);

        if (order != 0)
                return order;
        if (a->listens != b->listens)
                return a->listens ? 1 : -1;
        return a->listens ? (gint)a->local_port - (gint)b->local_port : 0;
}

static gint compare_sockets(gconstpointer a, gconstpointer b) {
        const MomentSocket *x = a, *y = b;
        gint order = compare_places(x, y);

        if (order != 0)
                return order;
        if (x->state != y->state)
                return (gint)x->state - (gint)y->state;
        return x->flow < y->flow ? -1 : x->flow > y->flow;
}

static gint compare_rows(gconstpointer a, gconstpointer b) {
        const MomentRow *x = a, *y = b;

        return x->total > y->total ? -1 : x->total < y->total; /* a stable sort: then by address */
}

void moment_end(Moment *m, const Hosts *h) {
        guint kept = 0;

        for (guint i = 0; i < m->sockets->len; i++) {
                const MomentSocket *s = &g_array_index(m->sockets, MomentSocket, i);
                gint64 duration_ns = moment_timer_ns(h, s);
                gboolean over = duration_ns != HOST_FOREVER && m->at_ns - s->timer_ns >= duration_ns;

                m->expired += over && s->state == STATE_FIN_WAIT_2;
                if (!over)
                        g_array_index(m->sockets, MomentSocket, kept++) = *s;
        }
        g_array_set_size(m->sockets, kept);
        g_array_sort(m->sockets, compare_sockets);
}

GArray *moment_rows(const Moment *m, guint64 *total) {
        GArray *rows = g_array_new(FALSE, TRUE, sizeof(MomentRow));

        for (guint i = 0; i < m->sockets->len; i++) {
                const MomentSocket *s = &g_array_index(m->sockets, MomentSocket, i);
                MomentRow *row;

                if (rows->len == 0 || compare_places(g_array_index(rows, MomentRow, rows->len - 1).first, s) != 0) {
                        g_array_set_size(rows, rows->len + 1);
                        g_array_index(rows, MomentRow, rows->len - 1).first = s;
                }
                row = &g_array_index(rows, MomentRow, rows->len - 1);
                row->total++;
                row->count[s->state]++;
                total[s->state]++;
        }
        g_array_sort(rows, compare_rows);
        return rows;
}
