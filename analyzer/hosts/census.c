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

/*
 * The way of one end through its states. Either all of its moves are kept, or they are counted, which needs none of them in
 * memory: what came and went within a second is not counted.
 */
typedef struct Walk {
        Life *life;     /* NULL: they are counted */
        Series *series;
        guint32 row;
        guint counted;  /* column that the end is counted in; SERIES_COLUMNS_MAX none yet */
        gint64 time_ns, second; /* of the latest move */
        guint64 second_ns;      /* when its second begins: compared unsigned, as any time may be */
        gint64 begun;   /* second of the first move */
        gint64 over;    /* second of the first move to CLOSED or TIME_WAIT, HOST_FOREVER */
        guint n;        /* moves */
        guint8 state;   /* after the latest one */
        guint time_wait_at; /* moves up to the latest one to TIME_WAIT; 0 none */
        gint64 time_wait;   /* second of that */
        guint8 timer;   /* as in Life, like what follows */
        gint64 timer_ns, timer_second;
} Walk;

static G_ALWAYS_INLINE inline void count_state(Walk *w) {
        series_move(w->series, w->row, w->second, w->counted, w->state);
        w->counted = w->state;
}

static G_ALWAYS_INLINE inline void move_to(Walk *w, gint64 time_ns, guint8 state) {
        w->time_ns = MAX(w->time_ns, time_ns);
        if ((guint64)w->time_ns - w->second_ns >= SECOND_NS) {
                if (!w->life)
                        count_state(w);
                w->second = series_second(w->time_ns);
                w->second_ns = (guint64)w->second * SECOND_NS;
        }
        w->state = state;
        if (w->life) {
                w->life->move[w->n].time_ns = w->time_ns;
                w->life->move[w->n].second = w->second;
                w->life->move[w->n].state = state;
        }
        w->n++;
}

/* After a move to one of those that are told apart. */
static G_ALWAYS_INLINE inline void note_over(Walk *w) {
        if (w->over == HOST_FOREVER)
                w->over = w->second;
        if (w->state != STATE_TIME_WAIT)
                return;
        w->time_wait_at = w->n;
        w->time_wait = w->second;
}

static G_ALWAYS_INLINE inline void begin(Walk *w, gint64 time_ns, guint8 state) {
        w->time_ns = time_ns;
        w->begun = w->second = series_second(time_ns);
        w->second_ns = (guint64)w->second * SECOND_NS;
        w->state = state;
        w->over = HOST_FOREVER;
        w->counted = SERIES_COLUMNS_MAX;
        w->timer = STATE_UNKNOWN;
        w->n = 1;
        if (!w->life)
                return;
        w->life->move[0].time_ns = w->time_ns;
        w->life->move[0].second = w->second;
        w->life->move[0].state = state;
}

static G_ALWAYS_INLINE inline void end_by_timer(Walk *w, gint64 time_ns) {
        w->timer = w->state;
        w->timer_ns = MAX(time_ns, w->time_ns);
        /* mostly within the same second */
        w->timer_second = (guint64)w->timer_ns - w->second_ns < SECOND_NS ? w->second : series_second(w->timer_ns);
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
static G_ALWAYS_INLINE inline void end_fin_wait_2(Walk *w, const FlowRecord *f, guint side, const StateEntry *entry, const HostTimers *timers) {
        gint64 start_ns =
            timers->idle && !timers->deaf ? MAX(entry->time_ns, f->side[!side].last_ns) : entry->time_ns;
        gint64 over_ns = later(start_ns, timers->fin_wait_2_ns);

        if (over_ns != HOST_FOREVER && (timers->deaf || f->side[side].last_ns <= over_ns))
                end_by_timer(w, start_ns);
}

/* Returns: whether the timer ends it, and not the packet that ended it on the wire. */
static G_ALWAYS_INLINE inline gboolean end_time_wait(Walk *w, const FlowRecord *f, guint side, const StateEntry *entry, const StateEntry *next,
                              const HostTimers *timers) {
        gint64 end_ns = next && next->basis != BASIS_TIMER ? next->time_ns : HOST_FOREVER;
        gint64 start_ns = time_wait_start(f, side, entry, end_ns);

        if (end_ns != HOST_FOREVER && end_ns - start_ns <= timers->time_wait_ns)
                return FALSE;
        end_by_timer(w, start_ns);
        return TRUE;
}

/* After a move to a state that a timer can end. Returns: whether what comes after it on the wire is too late. */
static G_ALWAYS_INLINE inline gboolean end_timed_state(Walk *w, const FlowRecord *f, guint side, const StateEntry *e,
                                                       const StateEntry *next, const HostTimers *timers) {
        if (e->state == STATE_TIME_WAIT)
                return end_time_wait(w, f, side, e, next, timers);
        if (!next)
                end_fin_wait_2(w, f, side, e, timers);
        if (!was_gone(e, next, timers))
                return FALSE;
        move_to(w, later(e->time_ns, timers->fin_wait_2_ns), STATE_CLOSED);
        note_over(w);
        return TRUE;
}

static gint64 timer_end(guint8 timer, gint64 timer_ns, const HostTimers *timers) {
        if (timer == STATE_UNKNOWN)
                return HOST_FOREVER;
        return later(timer_ns, timer == STATE_TIME_WAIT ? timers->time_wait_ns : timers->fin_wait_2_ns);
}

#define HAS_TIMER (1U << STATE_TIME_WAIT | 1U << STATE_FIN_WAIT_2)
#define IS_OVER (1U << STATE_CLOSED | 1U << STATE_TIME_WAIT)

static G_ALWAYS_INLINE inline void walk(Walk *w, const FlowRecord *f, guint side, const HostTimers *timers) {
        const SideRecord *s = &f->side[side];
        const StateEntry *e = s->states, *end = e + s->n_states;

        begin(w, f->start_ns, s->n_states == 0 ? s->state : f->joined ? STATE_UNKNOWN : STATE_CLOSED);
        for (; e < end; e++) {
                move_to(w, e->time_ns, e->state);
                if (G_LIKELY(!((HAS_TIMER | IS_OVER) >> w->state & 1)))
                        continue;
                if (w->state != STATE_FIN_WAIT_2)
                        note_over(w);
                if (w->state != STATE_CLOSED && end_timed_state(w, f, side, e, e + 1 < end ? e + 1 : NULL, timers))
                        break;
        }
        if (f->taken_over_ns && w->state != STATE_CLOSED && f->taken_over_ns < timer_end(w->timer, w->timer_ns, timers)) {
                w->timer = STATE_UNKNOWN;
                move_to(w, f->taken_over_ns, STATE_CLOSED);
                note_over(w);
        }
}

void life_of(Life *life, const FlowRecord *f, guint side, const HostTimers *timers) {
        Walk w = { .life = life };

        walk(&w, f, side, timers);
        life->n = w.n;
        life->timer = w.timer;
        life->timer_ns = w.timer_ns;
        life->timer_second = w.timer_second;
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
        return timer_end(life->timer, life->timer_ns, timers);
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

static G_ALWAYS_INLINE inline void note_seconds(const Walk *w, const HostTimers *timers, LifeSeconds *seconds) {
        *seconds = (LifeSeconds){
                .begun = w->begun,
                .over = w->over,
                .time_wait = HOST_FOREVER,
                .time_wait_over = HOST_FOREVER,
                .by_timer = w->timer == STATE_TIME_WAIT,
        };
        if (w->over == HOST_FOREVER && w->timer == STATE_FIN_WAIT_2)
                seconds->over = series_second(timer_end(w->timer, w->timer_ns, timers));
        if (w->n > w->time_wait_at + 1 || w->time_wait_at == 0)
                return;
        seconds->time_wait = w->time_wait;
        if (w->n > w->time_wait_at)
                seconds->time_wait_over = w->second;
        else if (seconds->by_timer)
                seconds->time_wait_over = w->timer_second;
}

/* The last state, and the timer that ends it. */
static G_ALWAYS_INLINE inline void count_end(Walk *w) {
        count_state(w);
        if (w->timer == STATE_TIME_WAIT)
                series_add(w->series, w->row, w->timer_second, CENSUS_TIME_WAIT_TIMER, 1);
        else if (w->timer == STATE_FIN_WAIT_2)
                series_add(w->series, w->row, w->timer_second, CENSUS_FIN_WAIT_2_TIMER, 1);
}

void census_add(Series *s, guint32 row, const FlowRecord *f, guint side, const HostTimers *timers, LifeSeconds *seconds) {
        Walk w = { .series = s, .row = row };

        walk(&w, f, side, timers);
        count_end(&w);
        note_seconds(&w, timers, seconds);
}

void census_add_life(Series *s, guint32 row, const Life *life, const HostTimers *timers, LifeSeconds *seconds) {
        Walk w = { .series = s, .row = row };

        begin(&w, life->move[0].time_ns, life->move[0].state);
        for (guint i = 1; i < life->n; i++) {
                move_to(&w, life->move[i].time_ns, life->move[i].state);
                if (IS_OVER >> w.state & 1)
                        note_over(&w);
        }
        w.timer = life->timer;
        w.timer_ns = life->timer_ns;
        w.timer_second = life->timer_second;
        count_end(&w);
        note_seconds(&w, timers, seconds);
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
