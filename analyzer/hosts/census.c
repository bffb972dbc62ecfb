/* SPDX-License-Identifier: BSD-3-Clause */
#include "census.h"

#include "analyzer/endpoint.h"

#define SECOND_NS G_GUINT64_CONSTANT(1000000000)

HostTimers host_timers(const HostModel *model, const HostSettings *settings) {
        return (HostTimers){
                .time_wait_ns = host_model_time_wait_ns(model, settings),
                .fin_wait_2_ns = host_model_fin_wait_2_ns(model, settings, TRUE),
                .idle = model->fin_wait_2 == FIN_WAIT_2_IDLE,
        };
}

gint64 host_timer_seconds(gint64 duration_ns) {
        return duration_ns == HOST_FOREVER ? HOST_FOREVER
                                           : (gint64)(((guint64)duration_ns + SECOND_NS - 1) / SECOND_NS);
}

/* ── One end of a connection ─────────────────────────────────────────────── */

static gint64 later(gint64 time_ns, gint64 duration_ns) {
        return duration_ns > HOST_FOREVER - MAX(time_ns, 0) ? HOST_FOREVER : time_ns + duration_ns;
}

/* What follows mostly does so within the same second. */
static gint64 second_after(gint64 time_ns, gint64 second) {
        return (guint64)time_ns - (guint64)second * SECOND_NS < SECOND_NS ? second : series_second(time_ns);
}

/* Returns: how many moves there are with this one, the @n-th. */
static guint move_to(Life *life, guint n, gint64 time_ns, guint8 state) {
        gint64 before_ns = life->move[n - 1].time_ns, second = life->move[n - 1].second;

        time_ns = MAX(time_ns, before_ns);
        life->move[n].second = second_after(time_ns, second);
        life->move[n].time_ns = time_ns;
        life->move[n].state = state;
        return n + 1;
}

static void end_by_timer(Life *life, guint n, guint8 state, gint64 time_ns) {
        life->timer = state;
        life->timer_ns = MAX(time_ns, life->move[n - 1].time_ns);
        life->timer_second = second_after(life->timer_ns, life->move[n - 1].second);
}

/* The last packet from the other end restarts TIME_WAIT; what ended it at @end_ns is none. */
static gint64 time_wait_start(const FlowRecord *f, guint side, const StateEntry *entry, gint64 end_ns) {
        gint64 last_ns = f->side[!side].last_ns;

        return last_ns < end_ns ? MAX(entry->time_ns, last_ns) : entry->time_ns;
}

/* An end that answered with a RST when its timer had run out was gone by then. */
static gboolean was_gone(const StateEntry *entry, const StateEntry *next, const HostTimers *timers) {
        return next && next->event == EVENT_SENDS_RST &&
               next->time_ns > later(entry->time_ns, timers->fin_wait_2_ns);
}

/* FIN_WAIT_2 that no packet ended. An end that sent something after its timer has none: a process holds the
 * socket. */
static void end_fin_wait_2(Life *life, guint n, const FlowRecord *f, guint side, const StateEntry *entry,
                           const HostTimers *timers) {
        gint64 start_ns =
            timers->idle && !timers->deaf ? MAX(entry->time_ns, f->side[!side].last_ns) : entry->time_ns;
        gint64 over_ns = later(start_ns, timers->fin_wait_2_ns);

        if (over_ns != HOST_FOREVER && (timers->deaf || f->side[side].last_ns <= over_ns))
                end_by_timer(life, n, STATE_FIN_WAIT_2, start_ns);
}

/* Returns: whether the timer ends it, and not the packet that ended it on the wire. */
static gboolean end_time_wait(Life *life, guint n, const FlowRecord *f, guint side, const StateEntry *entry, const StateEntry *next,
                              const HostTimers *timers) {
        gint64 end_ns = next && next->basis != BASIS_TIMER ? next->time_ns : HOST_FOREVER;
        gint64 start_ns = time_wait_start(f, side, entry, end_ns);

        if (end_ns != HOST_FOREVER && end_ns - start_ns <= timers->time_wait_ns)
                return FALSE;
        end_by_timer(life, n, STATE_TIME_WAIT, start_ns);
        return TRUE;
}

/* Returns: how many moves it makes. */
static guint go_through_states(Life *life, const FlowRecord *f, guint side, const HostTimers *timers) {
        const SideRecord *s = &f->side[side];
        const StateEntry *end = s->states + s->n_states;
        guint n = 1;

        life->timer = STATE_UNKNOWN;
        life->move[0].time_ns = f->start_ns;
        life->move[0].second = series_second(f->start_ns);
        life->move[0].state = s->n_states == 0 ? s->state : f->joined ? STATE_UNKNOWN : STATE_CLOSED;
        for (const StateEntry *e = s->states; e < end; e++) {
                const StateEntry *next;

                n = move_to(life, n, e->time_ns, e->state);
                if (e->state != STATE_TIME_WAIT && e->state != STATE_FIN_WAIT_2)
                        continue;
                next = e + 1 < end ? e + 1 : NULL;
                if (e->state == STATE_TIME_WAIT) {
                        if (end_time_wait(life, n, f, side, e, next, timers))
                                return n;
                        continue;
                }
                if (!next)
                        end_fin_wait_2(life, n, f, side, e, timers);
                if (was_gone(e, next, timers))
                        return move_to(life, n, later(e->time_ns, timers->fin_wait_2_ns), STATE_CLOSED);
        }
        return n;
}

void life_of(Life *life, const FlowRecord *f, guint side, const HostTimers *timers) {
        life->n = go_through_states(life, f, side, timers);
        if (!f->taken_over_ns || f->taken_over_ns >= life_timer_end(life, timers) ||
            life->move[life->n - 1].state == STATE_CLOSED)
                return;
        life->timer = STATE_UNKNOWN;
        life->n = move_to(life, life->n, f->taken_over_ns, STATE_CLOSED);
}

void life_abort(Life *life) {
        for (guint i = 0; i < life->n; i++) {
                if (life->move[i].state < STATE_FIN_WAIT_1)
                        continue;
                life->move[i].state = STATE_CLOSED;
                life->n = i + 1;
                life->timer = STATE_UNKNOWN;
        }
}

gint64 life_timer_end(const Life *life, const HostTimers *timers) {
        if (life->timer == STATE_UNKNOWN)
                return HOST_FOREVER;
        return later(life->timer_ns,
                     life->timer == STATE_TIME_WAIT ? timers->time_wait_ns : timers->fin_wait_2_ns);
}

TcpState life_state_at(const Life *life, const HostTimers *timers, gint64 time_ns) {
        guint i = life->n;

        if (time_ns < life->move[0].time_ns)
                return STATES;
        if (time_ns >= life_timer_end(life, timers))
                return STATE_CLOSED;
        while (life->move[i - 1].time_ns > time_ns)
                i--;
        return life->move[i - 1].state;
}

/* ── A series ────────────────────────────────────────────────────────────── */

static void add_timer(Series *s, guint32 row, const Life *life) {
        if (life->timer == STATE_TIME_WAIT)
                series_add(s, row, life->timer_second, CENSUS_TIME_WAIT_TIMER, 1);
        else if (life->timer == STATE_FIN_WAIT_2)
                series_add(s, row, life->timer_second, CENSUS_FIN_WAIT_2_TIMER, 1);
}

/* What came and went within a second is not counted. */
void census_add(Series *s, guint32 row, const Life *life) {
        guint last = life->n - 1;

        for (guint i = 0, before = STATES; i <= last; i++) {
                if (life->move[i].second == life->move[last].second)
                        i = last;
                else if (life->move[i].second == life->move[i + 1].second)
                        continue;
                if (before < STATES)
                        series_add(s, row, life->move[i].second, before, -1);
                before = life->move[i].state;
                series_add(s, row, life->move[i].second, before, 1);
        }
        add_timer(s, row, life);
}

void census_read(const Series *s, guint32 row, const HostTimers *timers, GArray *steps) {
        const SeriesTimer ends[] = {
                { CENSUS_TIME_WAIT_TIMER, STATE_TIME_WAIT, STATE_CLOSED,
                  host_timer_seconds(timers->time_wait_ns) },
                { CENSUS_FIN_WAIT_2_TIMER, STATE_FIN_WAIT_2, STATE_CLOSED,
                  host_timer_seconds(timers->fin_wait_2_ns) },
        };

        series_read(s, row, ends, G_N_ELEMENTS(ends), steps);
}

/* ── Its peaks and points ────────────────────────────────────────────────── */

static void note_peak(CensusPeak *peak, gint64 count, gint64 second) {
        if (count > (gint64)peak->count)
                *peak = (CensusPeak){ (guint64)count, second };
}

/* The last change in each of CENSUS_POINTS_MAX parts of the time is kept. */
static void add_point(Census *c, const CensusPoint *point, gint64 first, gint64 part) {
        CensusPoint *last = c->points->len ? &g_array_index(c->points, CensusPoint, c->points->len - 1) : NULL;

        if (!last || (point->second - first) / part != (last->second - first) / part) {
                g_array_append_val(c->points, *point);
                return;
        }
        *last = *point;
        c->thinned = TRUE;
}

Census *census_new(GArray *steps, gint64 width, gint64 end_ns) {
        Census *c = g_new0(Census, 1);
        SeriesWalk w = series_walk(steps);
        gint64 end = series_second(end_ns), first = w.n ? w.steps[0].second : 0;
        gint64 part = (MAX(end - first, 0) + CENSUS_POINTS_MAX) / CENSUS_POINTS_MAX;

        c->points = g_array_new(FALSE, FALSE, sizeof(CensusPoint));
        /* what comes after the capture's last step of time are timers */
        while (series_walk_next(&w) && w.second - width < end) {
                c->now.second = MIN(w.second, end);
                for (guint i = 0; i < STATES; i++) {
                        c->now.count[i] = (guint64)MAX(w.count[i], 0);
                        note_peak(&c->peak[i], w.count[i], c->now.second);
                }
                note_peak(&c->held, w.count[STATE_FIN_WAIT_2] + w.count[CENSUS_FIN_WAIT_2_TIMER],
                          c->now.second);
                add_point(c, &c->now, first, part);
        }
        c->now.second = end;
        return c;
}

void census_free(Census *c) {
        if (!c)
                return;
        g_array_unref(c->points);
        g_free(c);
}

/* ── Room for so many TIME_WAITs ─────────────────────────────────────────── */

/* TIME_WAITs of one end that began in one second. */
typedef struct Arrival {
        gint64 second, n;
        guint end;
} Arrival;

static gint compare_arrivals(gconstpointer a, gconstpointer b) {
        const Arrival *x = a, *y = b;

        return x->second < y->second ? -1 : x->second > y->second;
}

static void append_arrivals(GArray *arrivals, GArray *steps, guint end, gint64 last) {
        SeriesWalk w = series_walk(steps);
        gint64 before = 0, over_before = 0;

        while (series_walk_next(&w) && w.second <= last) {
                /* what came: the change, and what the timers took meanwhile */
                gint64 over = w.count[CENSUS_TIME_WAIT_TIMER],
                       came = w.count[STATE_TIME_WAIT] - before + over - over_before;
                Arrival new = { w.second, came, end };

                before = w.count[STATE_TIME_WAIT];
                over_before = over;
                if (came > 0)
                        g_array_append_val(arrivals, new);
        }
}

void census_share_room(CensusShare *shares, guint n, gint64 time_wait_ns, guint64 room, gint64 end_ns) {
        g_autoptr(GArray) arrivals = g_array_new(FALSE, FALSE, sizeof(Arrival));
        g_autofree gint64 *held = g_new0(gint64, n);
        gint64 length = host_timer_seconds(time_wait_ns), free_places = (gint64)room;
        guint oldest = 0;

        for (guint end = 0; end < n; end++) {
                append_arrivals(arrivals, shares[end].steps, end, series_second(end_ns));
                shares[end].peak = shares[end].turned_away = 0;
        }
        g_array_sort(arrivals, compare_arrivals);
        for (guint i = 0; i < arrivals->len; i++) {
                Arrival *a = &g_array_index(arrivals, Arrival, i), *old;
                CensusShare *share = &shares[a->end];
                gint64 admitted;

                while ((old = &g_array_index(arrivals, Arrival, oldest))->second + length <= a->second) {
                        held[old->end] -= old->n;
                        free_places += old->n;
                        oldest++;
                }
                admitted = CLAMP(free_places, 0, a->n);
                share->turned_away += (guint64)(a->n - admitted);
                a->n = admitted;
                free_places -= admitted;
                held[a->end] += admitted;
                share->peak = MAX(share->peak, (guint64)held[a->end]);
        }
}
