/* SPDX-License-Identifier: BSD-3-Clause */
#include "model.h"

#define SECOND_NS G_GINT64_CONSTANT(1000000000)

#define IN_TIME_WAIT(up, newer, down, rst, keepalive) \
        [HOST_TIME_WAIT_SYN_UP] = REACTION_##up, [HOST_TIME_WAIT_SYN_NEWER] = REACTION_##newer, \
        [HOST_TIME_WAIT_SYN_DOWN] = REACTION_##down, [HOST_TIME_WAIT_RST] = REACTION_##rst, \
        [HOST_TIME_WAIT_KEEPALIVE] = REACTION_##keepalive
#define IN_FIN_WAIT_2(syn, rst, keepalive, data) \
        [HOST_FIN_WAIT_2_SYN] = REACTION_##syn, [HOST_FIN_WAIT_2_RST] = REACTION_##rst, \
        [HOST_FIN_WAIT_2_KEEPALIVE] = REACTION_##keepalive, [HOST_FIN_WAIT_2_DATA] = REACTION_##data
/* Two macros' worth of commas in one argument each: the row is taken apart only after they are expanded. */
#define MODEL(name_, title_, time_wait, rule, timeout, first, last, orphan, ttl_, time_wait_reactions, \
              fin_wait_2_reactions, source_) \
        { \
                .name = name_, .title = title_, .time_wait_s = time_wait, .fin_timeout_s = timeout, \
                .fin_wait_2 = FIN_WAIT_2_##rule, .port_first = first, .port_last = last, .orphan_s = orphan, \
                .ttl = ttl_, .reaction = { time_wait_reactions, fin_wait_2_reactions }, .source = source_, \
        },

static const HostModel models[] = {
#include "model.def"
};
G_STATIC_ASSERT(G_N_ELEMENTS(models) <= HOST_MODELS_MAX);

static const struct {
        const char *name, *title;
} reactions[] = {
        [REACTION_UNKNOWN] = { "unknown", "not known" },
        [REACTION_SILENT] = { "silent", "dropped in silence" },
        [REACTION_CHALLENGE] = { "challenge", "ACK" },
        [REACTION_ACK_RESTART] = { "ack-restart", "ACK, the timer starts again" },
        [REACTION_ACCEPT] = { "accept", "accepted" },
        [REACTION_RESET] = { "reset", "RST, the state stays" },
        [REACTION_RESET_GONE] = { "reset-gone", "RST, the state is gone" },
        [REACTION_GONE] = { "gone", "the state is gone" },
};
G_STATIC_ASSERT(G_N_ELEMENTS(reactions) == REACTIONS);

static const struct {
        const char *name, *title;
} events[] = {
        [HOST_TIME_WAIT_SYN_UP] = { "syn_up", "SYN with a higher ISN" },
        [HOST_TIME_WAIT_SYN_NEWER] = { "syn_newer", "with a lower ISN and a newer timestamp" },
        [HOST_TIME_WAIT_SYN_DOWN] = { "syn_down", "any other SYN" },
        [HOST_TIME_WAIT_RST] = { "rst", "RST" },
        [HOST_TIME_WAIT_KEEPALIVE] = { "keepalive", "keepalive or duplicate" },
        [HOST_FIN_WAIT_2_SYN] = { "syn", "SYN" },
        [HOST_FIN_WAIT_2_RST] = { "rst", "RST" },
        [HOST_FIN_WAIT_2_KEEPALIVE] = { "keepalive", "keepalive" },
        [HOST_FIN_WAIT_2_DATA] = { "data", "data" },
};
G_STATIC_ASSERT(G_N_ELEMENTS(events) == HOST_EVENTS);

/* ── Timers that are late ────────────────────────────────────────────────── */

/*
 * Linux's timer wheel since 4.8 (kernel/time/timer.c): each level has 64 buckets and steps eight times as
 * long as the one below. A timer is late by up to one step of its level, never early. The step in seconds
 * depends on HZ, which the wire doesn't show: the longest counts.
 */
static gint64 wheel_step_ns(gint64 duration_ns) {
        static const gint64 tick_ns[] = { SECOND_NS / 100, SECOND_NS / 250, SECOND_NS / 300, SECOND_NS / 1000 };
        gint64 longest_ns = 0;

        for (guint i = 0; i < G_N_ELEMENTS(tick_ns); i++) {
                gint64 step_ns = tick_ns[i];

                while (duration_ns >= 63 * step_ns)
                        step_ns *= 8;
                longest_ns = MAX(longest_ns, step_ns);
        }
        return longest_ns + tick_ns[0]; /* and the tick that is already running */
}

static HostInterval on_wheel(gint64 duration_ns) {
        return (HostInterval){ duration_ns, duration_ns + wheel_step_ns(duration_ns) };
}

/*
 * Linux 3.0, inet_twsk_schedule(): up to 32 steps of about 1/8 s have a wheel of their own. What is longer
 * waits in one of 8 slots of 7.5 s, of which the first to end has run for an unknown time. 60 s and more is
 * the last slot and can be 7.5 s short.
 */
#define COARSE_SLOT_NS (15 * SECOND_NS / 2)
#define COARSE_SLOTS 8
#define FINE_STEP_NS (16 * SECOND_NS / 100)
#define FINE_NS_MAX (3 * SECOND_NS)

static HostInterval on_slots(gint64 duration_ns) {
        gint64 slot = MIN((duration_ns + COARSE_SLOT_NS - 1) / COARSE_SLOT_NS, COARSE_SLOTS - 1);
        gint64 ends_ns = (slot + 1) * COARSE_SLOT_NS;

        if (duration_ns <= FINE_NS_MAX)
                return (HostInterval){ MAX(duration_ns - FINE_STEP_NS, 0), duration_ns + FINE_STEP_NS };
        return (HostInterval){ MIN(duration_ns - FINE_STEP_NS, ends_ns - COARSE_SLOT_NS),
                               MAX(duration_ns + FINE_STEP_NS, ends_ns) };
}

static HostInterval on_timer(const HostModel *m, gint64 duration_ns) {
        return m->fin_wait_2 == FIN_WAIT_2_LINUX_3 ? on_slots(duration_ns) : on_wheel(duration_ns);
}

/* ── FIN_WAIT_2 ──────────────────────────────────────────────────────────── */

/*
 * Linux keeps what is longer than TCP_TIMEWAIT_LEN in the full socket first, and what is left then in the
 * mini-socket: twice.
 */
#define MINI_SOCKET_S 60

static HostInterval lifetime(const HostModel *m, guint32 fin_timeout_s) {
        gint64 t_ns = fin_timeout_s * SECOND_NS, rest_ns = t_ns - MINI_SOCKET_S * SECOND_NS;
        HostInterval full, mini;

        if (m->fin_wait_2 == FIN_WAIT_2_FOREVER)
                return (HostInterval){ HOST_FOREVER, HOST_FOREVER };
        if (!host_model_is_linux(m) || rest_ns <= 0)
                return on_timer(m, t_ns);
        full = on_wheel(rest_ns);
        mini = on_timer(m, rest_ns);
        return (HostInterval){ full.at_least_ns + mini.at_least_ns, full.at_most_ns + mini.at_most_ns };
}

HostInterval host_model_fin_wait_2(const HostModel *m, const HostSettings *settings, gboolean orphan) {
        if (!orphan)
                return (HostInterval){ HOST_FOREVER, HOST_FOREVER };
        return lifetime(m, settings && settings->fin_timeout_s ? settings->fin_timeout_s : m->fin_timeout_s);
}

gint64 host_model_fin_wait_2_ns(const HostModel *m, const HostSettings *settings, gboolean orphan) {
        return host_model_fin_wait_2(m, settings, orphan).at_least_ns;
}

/* The longest setting that is tried: a day. What explains that explains more. */
#define FIN_TIMEOUT_S_MAX 86400U

/* lifetime()'s least: how late a timer can be, which takes much longer, is not in it. */
static gint64 shortest_lifetime(const HostModel *m, guint32 fin_timeout_s) {
        gint64 t_ns = fin_timeout_s * SECOND_NS, rest_ns = t_ns - MINI_SOCKET_S * SECOND_NS;

        if (m->fin_wait_2 == FIN_WAIT_2_FOREVER || m->fin_wait_2 == FIN_WAIT_2_LINUX_3)
                return lifetime(m, fin_timeout_s).at_least_ns;
        return !host_model_is_linux(m) || rest_ns <= 0 ? t_ns : 2 * rest_ns;
}

/* Whether this setting lives too short for what was seen, or can live short enough. */
static gboolean is_too_short(const HostModel *m, HostInterval observed, guint32 fin_timeout_s) {
        return shortest_lifetime(m, fin_timeout_s) < observed.at_least_ns && lifetime(m, fin_timeout_s).at_most_ns < observed.at_least_ns;
}

static gboolean is_not_too_long(const HostModel *m, HostInterval observed, guint32 fin_timeout_s) {
        return shortest_lifetime(m, fin_timeout_s) <= observed.at_most_ns;
}

/*
 * Returns: the first setting from @from_s on of which @holds does not hold, @to_s + 1 if it does of all;
 * lifetimes grow with T.
 */
static guint32 find_first(const HostModel *m, HostInterval observed, guint32 from_s, guint32 to_s,
                          gboolean (*holds)(const HostModel *m, HostInterval observed, guint32 fin_timeout_s)) {
        guint32 end_s = to_s + 1;

        while (from_s < end_s) {
                guint32 middle_s = from_s + (end_s - from_s) / 2;

                if (holds(m, observed, middle_s))
                        from_s = middle_s + 1;
                else
                        end_s = middle_s;
        }
        return from_s;
}

/*
 * Adds the settings from @from_s to @to_s that explain @observed, if there are any. Returns: how many
 * ranges.
 */
static guint add_range(const HostModel *m, HostInterval observed, guint32 from_s, guint32 to_s, HostRange *range) {
        guint32 first_s = find_first(m, observed, from_s, to_s, is_too_short);
        guint32 end_s = find_first(m, observed, from_s, to_s, is_not_too_long);

        if (first_s >= end_s)
                return 0;
        range->from_s = first_s;
        range->to_s = end_s > FIN_TIMEOUT_S_MAX ? G_MAXUINT32 : end_s - 1;
        return 1;
}

guint host_model_explain_fin_wait_2(const HostModel *m, HostInterval observed, HostRange *ranges) {
        guint n;

        switch ((FinWait2Rule)m->fin_wait_2) {
        case FIN_WAIT_2_FOREVER:
                return 0;
        case FIN_WAIT_2_LINUX:
        case FIN_WAIT_2_LINUX_3:
                n = add_range(m, observed, 1, MINI_SOCKET_S, ranges);
                return n + add_range(m, observed, MINI_SOCKET_S + 1, FIN_TIMEOUT_S_MAX, ranges + n);
        case FIN_WAIT_2_FIXED:
        case FIN_WAIT_2_IDLE:
                break;
        }
        return add_range(m, observed, 1, FIN_TIMEOUT_S_MAX, ranges);
}

/* ── TIME_WAIT and the rest ──────────────────────────────────────────────── */

gint64 host_model_time_wait_ns(const HostModel *m, const HostSettings *settings) {
        return (settings && settings->time_wait_s ? settings->time_wait_s : m->time_wait_s) * SECOND_NS;
}

HostInterval host_model_time_wait(const HostModel *m, const HostSettings *settings) {
        return on_timer(m, host_model_time_wait_ns(m, settings));
}

gboolean host_model_is_linux(const HostModel *m) {
        return m->fin_wait_2 == FIN_WAIT_2_LINUX || m->fin_wait_2 == FIN_WAIT_2_LINUX_3;
}

guint32 host_model_ports(const HostModel *m, const HostSettings *settings, guint16 *first, guint16 *last) {
        gboolean set = settings && settings->port_last;

        *first = set ? settings->port_first : m->port_first;
        *last = set ? settings->port_last : m->port_last;
        return *last - *first + 1U;
}

guint host_models(void) {
        return G_N_ELEMENTS(models);
}

const HostModel *host_model(guint i) {
        return &models[i];
}

const HostModel *host_model_parse(const char *word) {
        for (guint i = 0; i < G_N_ELEMENTS(models); i++)
                if (g_ascii_strcasecmp(word, models[i].name) == 0)
                        return &models[i];
        return NULL;
}

const HostModel *host_model_default(void) {
        return &models[0];
}

const char *reaction_name(Reaction reaction) {
        return reactions[reaction].name;
}

const char *reaction_title(Reaction reaction) {
        return reactions[reaction].title;
}

const char *host_event_name(HostEvent event) {
        return events[event].name;
}

const char *host_event_title(HostEvent event) {
        return events[event].title;
}

const char *fin_wait_2_rule_title(FinWait2Rule rule) {
        static const char *const titles[] = {
                [FIN_WAIT_2_FIXED] = "T",
                [FIN_WAIT_2_LINUX] = "T up to 60 s, then 2 (T - 60)",
                [FIN_WAIT_2_LINUX_3] = "T up to 3 s, T and up to 14 s to 60 s, then 2 (T - 60) and up to 14 s",
                [FIN_WAIT_2_IDLE] = "T without a segment",
                [FIN_WAIT_2_FOREVER] = "without limit",
        };

        return titles[rule];
}
