/* SPDX-License-Identifier: BSD-3-Clause */
#include "analyzer/hosts/life.h"
#include "rule.h"

/*
 * Adds to what the other rules found which TCPs it fits, model by model (hosts/model.def): no one's timer is the law.
 * And whose a socket in FIN_WAIT_2 was: an orphan has a timer, one that a process holds has none.
 */

typedef struct Seen {
        HostInterval lasted;      /* FIN_WAIT_2 since it began... */
        HostInterval lasted_idle; /* ...and since the last segment that came: some count from there */
        HostEvent event;
        const char *answer;
} Seen;

typedef gboolean (*Fits)(const HostModel *m, const Seen *seen);

/* Adds the names of the models that fit, "none" if it is no model; kept for the life of the program, as values are. */
static void add_models(Finding *f, const char *name, Fits fits, const Seen *seen) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (guint i = 0; i < host_models(); i++)
                if (fits(host_model(i), seen))
                        g_string_append(g_string_append(text, text->len ? ", " : ""), host_model(i)->name);
        finding_text(f, name, text->len ? g_intern_string(text->str) : "none");
}

static gint64 integer_of(const Finding *f, const char *name) {
        const FindingValue *v = finding_value(f, name);

        return v ? v->integer : 0;
}

/* ── FIN_WAIT_2 ── */

/* The last packet that came to @side before @until_ns, while it was in FIN_WAIT_2 since @since_ns. */
static gint64 last_came(const Case *c, guint side, gint64 since_ns, gint64 until_ns) {
        gint64 came_ns = since_ns;

        FOR_ENTRIES(c->hindsight, i, other(side), ENTRIES_ANY, 0)
                if (c->hindsight->entries[i].time_ns < until_ns)
                        came_ns = MAX(came_ns, c->hindsight->entries[i].time_ns);
        return came_ns;
}

static HostInterval observed(const HostModel *m, const Seen *seen) {
        return m->fin_wait_2 == FIN_WAIT_2_IDLE ? seen->lasted_idle : seen->lasted;
}

static gboolean orphan_lasts(const HostModel *m, const Seen *seen) {
        HostInterval model = host_model_fin_wait_2(m, NULL, TRUE), wire = observed(m, seen);

        return model.at_least_ns <= wire.at_most_ns && model.at_most_ns >= wire.at_least_ns;
}

/* All settings that explain it: 20 s is a tcp_fin_timeout of 20 or of 70. Without "from" it is "to" alone. */
static void add_settings(Finding *f, HostInterval lasted, const char *const names[HOST_RANGES_MAX][2]) {
        HostRange ranges[HOST_RANGES_MAX];
        guint n = host_model_explain_fin_wait_2(host_model_default(), lasted, ranges);

        for (guint i = 0; i < n && ranges[i].to_s != G_MAXUINT32; i++) {
                if (ranges[i].from_s < ranges[i].to_s)
                        finding_integer(f, names[i][0], ranges[i].from_s * SECOND_NS, BOUND_EXACT);
                finding_integer(f, names[i][1], ranges[i].to_s * SECOND_NS, BOUND_EXACT);
        }
}

/* What always holds, and the fewer settings that it can be if the process closed when it sent the FIN. */
static void add_all_settings(Finding *f, const HostLife *life) {
        static const char *const always[HOST_RANGES_MAX][2] = {
                { "fin_timeout_from_ns", "fin_timeout_to_ns" },
                { "or_fin_timeout_from_ns", "or_fin_timeout_to_ns" },
        };
        static const char *const closed[HOST_RANGES_MAX][2] = {
                { "closed_from_ns", "closed_to_ns" },
                { "or_closed_from_ns", "or_closed_to_ns" },
        };
        const HostModel *m = host_model_default();
        HostInterval whenever = host_life_interval(life, m, FALSE), at_once = host_life_interval(life, m, TRUE);

        if (!life->at_most.flow)
                return;
        add_settings(f, whenever, always);
        if (at_once.at_least_ns > whenever.at_least_ns)
                add_settings(f, at_once, closed);
}

static void expired(const Case *c, Finding *f) {
        const StateEntry *entry = record_state(c->record, f->side, STATE_FIN_WAIT_2);
        gint64 gone_ns = entry->time_ns + integer_of(f, "lifetime_ns");
        Seen seen = { .answer = NULL };
        HostLife life;

        host_life(c->record, f->side, &life);
        seen.lasted.at_least_ns = life.orphan_at_least.ns;
        seen.lasted.at_most_ns = MAX(life.at_most.ns, integer_of(f, "lifetime_ns"));
        seen.lasted_idle.at_most_ns =
                gone_ns - last_came(c, f->side, entry->time_ns, gone_ns - c->hindsight->side[f->side].reaction_ns);
        add_models(f, "models", orphan_lasts, &seen);
        add_all_settings(f, &life);
}

/* Whose the socket was: what it did says so, or the IP ID of what it answered (hindsight.h). */
static const char *holder(const Case *c, guint side) {
        if (record_finding(c->record, FINDING_HALF_CLOSE, side))
                return "process";
        if (record_finding(c->record, FINDING_FIN_WAIT_2_EXPIRED, side) || record_finding(c->record, FINDING_RST_DATA_AFTER_CLOSE, side) ||
            hindsight_answers_fin_from_mini_socket(c->hindsight, side))
                return "nobody";
        return "cannot_tell";
}

static void lingering(const Case *c, Finding *f) {
        const StateEntry *entry = record_state(c->record, f->side, STATE_FIN_WAIT_2);
        gint64 duration_ns = integer_of(f, "duration_ns");
        Seen seen = { .lasted = { duration_ns, HOST_FOREVER }, .lasted_idle = { 0, HOST_FOREVER } };

        finding_text(f, "holder", holder(c, f->side));
        if (g_strcmp0(finding_value(f, "ended")->text, "fin") != 0)
                return;
        seen.lasted_idle.at_least_ns =
                entry->time_ns + duration_ns - last_came(c, f->side, entry->time_ns, entry->time_ns + duration_ns);
        add_models(f, "orphan_models", orphan_lasts, &seen);
}

/* ── Keepalives ── */

static gboolean is_kept_alive(const HostModel *m, const Seen *seen) {
        return m->reaction[HOST_FIN_WAIT_2_KEEPALIVE] == REACTION_ACK_RESTART;
}

static void kept_alive(const Case *c, Finding *f) {
        add_models(f, "kept_by", is_kept_alive, NULL);
}

/* ── A SYN in TIME_WAIT ── */

static gboolean reacts_so(const HostModel *m, const Seen *seen) {
        switch ((Reaction)m->reaction[seen->event]) {
        case REACTION_ACCEPT:
                return g_str_equal(seen->answer, "accepted");
        case REACTION_CHALLENGE:
        case REACTION_ACK_RESTART:
                return g_str_equal(seen->answer, "challenged");
        case REACTION_SILENT:
                return g_str_equal(seen->answer, "silent");
        case REACTION_RESET:
        case REACTION_RESET_GONE:
                return g_str_equal(seen->answer, "reset");
        default:
                return FALSE;
        }
}

static void reused(const Case *c, Finding *f) {
        Seen seen = { .answer = finding_value(f, "answer")->text };

        if (finding_value(f, "refused_by"))
                return; /* by what every TCP with timestamps does (RFC 7323 5) */
        if (f->id == FINDING_TIME_WAIT_REUSE_UP)
                seen.event = HOST_TIME_WAIT_SYN_UP;
        else
                seen.event = integer_of(f, "timestamp_delta") > 0 ? HOST_TIME_WAIT_SYN_NEWER : HOST_TIME_WAIT_SYN_DOWN;
        add_models(f, "models", reacts_so, &seen);
}

static const struct {
        FindingId id;
        void (*add)(const Case *c, Finding *f);
} additions[] = {
        { FINDING_LINGERING_FIN_WAIT_2, lingering },
        { FINDING_FIN_WAIT_2_EXPIRED, expired },
        { FINDING_KEEPALIVES_HOLD_FIN_WAIT_2, kept_alive },
        { FINDING_TIME_WAIT_REUSE_UP, reused },
        { FINDING_TIME_WAIT_REUSE_DOWN, reused },
};

void rule_host_models(const Case *c) {
        for (guint i = 0; i < c->record->n_findings; i++)
                for (guint a = 0; a < G_N_ELEMENTS(additions); a++)
                        if (c->record->findings[i].id == additions[a].id)
                                additions[a].add(c, &c->record->findings[i]);
}
