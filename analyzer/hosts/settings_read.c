/* SPDX-License-Identifier: BSD-3-Clause */

/* From the evidence of a host to what was set there and which TCP it runs. */

#include "settings.h"

#include "life.h"

#define SECOND_NS G_GINT64_CONSTANT(1000000000)

/* ── Scores ──────────────────────────────────────────────────────────────── */

static void score_add(HostScore *s, gboolean consistent, const HostCount *c, const char *why) {
        if (c->flows == 0)
                return;
        /* what contradicts is what decides */
        if (!s->why || (!consistent && s->verdict != VERDICT_INCONSISTENT)) {
                s->flow = c->flow;
                s->why = why;
        }
        if (consistent)
                s->consistent += c->flows;
        else
                s->inconsistent += c->flows;
        if (s->verdict != VERDICT_INCONSISTENT)
                s->verdict = consistent ? VERDICT_CONSISTENT : VERDICT_INCONSISTENT;
}

static void score_syns(HostScore *s, const HostModel *m, const HostEvidence *e) {
        for (guint event = 0; event < HOST_SYN_EVENTS; event++)
                for (guint r = 0; r < REACTIONS && m->reaction[event] != REACTION_UNKNOWN; r++)
                        score_add(s, m->reaction[event] == r, &e->syn_answer[event][r], host_event_title(event));
}

static const char hop_limit[] = "hop limit";

static void score_ttls(HostScore *s, const HostModel *m, const HostEvidence *e) {
        static const guint8 ttls[HOST_TTLS] = { 64, 128, 255 };

        guint most = 0;

        /* several hosts behind one address: what most of them are */
        for (guint i = 1; i < HOST_TTLS; i++)
                if (e->ttl[i].flows > e->ttl[most].flows)
                        most = i;
        if (m->ttl)
                score_add(s, m->ttl == ttls[most], &e->ttl[most], hop_limit);
}

/* How late its timer can be is asked only of what lasted longer than it is set to. */
static gboolean explains_time_wait(const HostEvidence *e, const HostModel *m) {
        gint64 at_least_ns = e->duration[DURATION_TIME_WAIT].at_least.ns;

        return at_least_ns <= host_model_time_wait_ns(m, NULL) || at_least_ns <= host_model_time_wait(m, NULL).at_most_ns;
}

/* What no setting of the model explains. */
static void score_durations(HostScore *s, const HostModel *m, const HostEvidence *e) {
        const HostBound *time_wait = &e->duration[DURATION_TIME_WAIT].at_least;
        const HostBound *expired = &e->duration[DURATION_FIN_WAIT_2].at_most;
        HostCount longer = { .flows = time_wait->flow != 0, .flow = time_wait->flow };
        HostCount forgotten = { .flows = expired->flow != 0, .flow = expired->flow };

        if (host_model_is_linux(m) && !explains_time_wait(e, m))
                score_add(s, FALSE, &longer, "TIME_WAIT lasted longer");
        if (m->fin_wait_2 == FIN_WAIT_2_FOREVER)
                score_add(s, FALSE, &forgotten, "FIN_WAIT_2 ended");
        score_add(s, host_model_is_linux(m), &e->recycled_signature, "ISN 65537 above the old connection's");
        score_add(s, host_model_is_linux(m), &e->accepted_signature, "ISN 65537 above the old connection's");
}

static void score_all(const HostEvidence *e, HostLearned *learned) {
        for (guint i = 0; i < host_models(); i++) {
                score_syns(&learned->score[i], host_model(i), e);
                score_durations(&learned->score[i], host_model(i), e);
                score_ttls(&learned->score[i], host_model(i), e);
        }
}

/* Returns: the first model after the default with such a verdict; 0 if there is none. */
static guint find_model(const HostEvidence *e, const HostLearned *learned, Verdict verdict, gboolean explains) {
        for (guint i = 1; i < host_models(); i++)
                if (learned->score[i].verdict == verdict && (!explains || explains_time_wait(e, host_model(i))))
                        return i;
        return 0;
}

/*
 * The default unless something speaks against it; then the first model of which nothing but good is known,
 * or at least nothing bad, and best one that keeps TIME_WAIT for as long as was seen.
 */
static guint choose(const HostEvidence *e, const HostLearned *learned) {
        guint chosen;

        if (learned->score[0].verdict != VERDICT_INCONSISTENT)
                return 0;
        chosen = find_model(e, learned, VERDICT_CONSISTENT, TRUE);
        if (!chosen)
                chosen = find_model(e, learned, VERDICT_UNKNOWN, TRUE);
        return chosen ? chosen : find_model(e, learned, VERDICT_CONSISTENT, FALSE);
}

static void infer_model(const HostEvidence *e, HostLearned *learned) {
        guint chosen = choose(e, learned);

        learned->model = host_model(chosen);
        /* too many hosts share a hop limit for that alone to be a conclusion */
        if (chosen || (learned->score[0].verdict == VERDICT_CONSISTENT && learned->score[0].why != hop_limit))
                learned->basis = MODEL_INFERRED;
}

/* ── tcp_fin_timeout ─────────────────────────────────────────────────────── */

static void explain(const HostEvidence *e, HostLearned *learned) {
        const HostDuration *life = &e->duration[DURATION_FIN_WAIT_2];
        HostLife all = { life->at_least, e->duration[DURATION_FIN_WAIT_2_ORPHAN].at_least, life->at_most };
        const HostModel *m = learned->model;

        learned->has_fin_timeout = all.at_least.flow || all.orphan_at_least.flow || all.at_most.flow;
        if (!learned->has_fin_timeout)
                return;
        learned->n_fin_timeout = host_model_explain_fin_wait_2(m, host_life_interval(&all, m, FALSE), learned->fin_timeout);
        learned->n_fin_timeout_closed =
                host_model_explain_fin_wait_2(m, host_life_interval(&all, m, TRUE), learned->fin_timeout_closed);
}

static void find_contradictions(const HostEvidence *e, HostLearned *learned) {
        for (guint i = 0; i < DURATIONS; i++) {
                const HostDuration *d = &e->duration[i];

                learned->contradiction[i] = d->at_least.flow && d->at_most.flow && d->at_least.ns > d->at_most.ns;
        }
        /* lives differ by the timer's lateness: only what no setting explains is contradictory */
        learned->contradiction[DURATION_FIN_WAIT_2] = learned->has_fin_timeout && learned->n_fin_timeout_closed == 0;
        learned->contradiction[DURATION_FIN_WAIT_2_ORPHAN] = learned->has_fin_timeout && learned->n_fin_timeout == 0;
        learned->contradiction[DURATION_LONE_FIN] = FALSE; /* each connection has its own round trip */
}

static gboolean is_in(const HostRange *ranges, guint n, guint32 t) {
        for (guint i = 0; i < n; i++)
                if (ranges[i].from_s <= t && t <= ranges[i].to_s)
                        return TRUE;
        return FALSE;
}

/* All candidates make much the same lifetime: one will do, the longest of the first range. */
static void assume_fin_timeout(HostLearned *learned) {
        const HostRange *ranges = learned->n_fin_timeout_closed ? learned->fin_timeout_closed : learned->fin_timeout;
        guint n = learned->n_fin_timeout_closed ? learned->n_fin_timeout_closed : learned->n_fin_timeout;

        if (learned->settings.fin_timeout_s || n == 0 || is_in(ranges, n, learned->model->fin_timeout_s))
                return;
        learned->settings.fin_timeout_s = ranges[0].to_s == G_MAXUINT32 ? ranges[0].from_s : ranges[0].to_s;
}

/* One that lasts longer than the model's was set so; for how long is not known. */
static void assume_time_wait(const HostEvidence *e, HostLearned *learned) {
        gint64 least_ns = e->duration[DURATION_TIME_WAIT].at_least.ns;

        if (!learned->settings.time_wait_s && !explains_time_wait(e, learned->model))
                learned->settings.time_wait_s = (guint32)MIN((least_ns + SECOND_NS - 1) / SECOND_NS, G_MAXUINT32);
}

void host_evidence_read(const HostEvidence *e, const HostGiven *given, HostLearned *learned) {
        *learned = (HostLearned){ .model = host_model_default() };
        if (e) {
                score_all(e, learned);
                infer_model(e, learned);
        }
        if (given && given->model) {
                learned->model = given->model;
                learned->basis = MODEL_OPTION;
        }
        if (given)
                learned->settings = given->settings;
        if (!e)
                return;
        explain(e, learned);
        find_contradictions(e, learned);
        assume_fin_timeout(learned);
        assume_time_wait(e, learned);
}

/* ── Boxes on the path ───────────────────────────────────────────────────── */

const PathTimer *path_timer(const HostDuration *path, guint i) {
        static const PathTimer timers[] = {
                { 60, "conntrack CLOSE_WAIT" },
                { 120, "conntrack FIN_WAIT" },
                { 300, "ipfw dyn_ack_lifetime" },
                { 900, "pf tcp.closing" },
        };

        for (guint t = 0; t < G_N_ELEMENTS(timers); t++) {
                gint64 ns = timers[t].seconds * SECOND_NS;

                if (path->at_most.flow && ns <= path->at_most.ns && ns >= path->at_least.ns && i-- == 0)
                        return &timers[t];
        }
        return NULL;
}

const char *verdict_name(Verdict verdict) {
        static const char *const names[VERDICTS] = { "unknown", "consistent", "inconsistent" };

        return names[verdict];
}

const char *model_basis_name(ModelBasis basis) {
        static const char *const names[] = { "default", "inferred", "option" };

        return names[basis];
}

const char *duration_kind_name(DurationKind kind) {
        static const char *const names[DURATIONS] = {
                "fin_wait_2", "fin_wait_2_orphan", "time_wait", "lone_fin", "path",
        };

        return names[kind];
}
