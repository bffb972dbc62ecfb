/* SPDX-License-Identifier: BSD-3-Clause */
#include "whatif.h"

#include <string.h>

#include "analyzer/sequence.h"

typedef enum Family {
        FAMILY_ANY,
        FAMILY_LINUX,
        FAMILY_WINDOWS,
} Family;

static const char *const family_names[] = {
        [FAMILY_ANY] = "", [FAMILY_LINUX] = "linux", [FAMILY_WINDOWS] = "windows"
};

static const struct {
        const char *name;
        Family family;
        guint32 least, greatest;
        const char *does, *does_not;
} knobs[] = {
#define KNOB(ID, name, family, least, greatest, does, does_not)                                              \
        { name, FAMILY_##family, least, greatest, does, does_not },
#include "knobs.def"
#undef KNOB
};

struct WhatIf {
        char *text[KNOBS];   /* NULL: not set */
        guint32 value[KNOBS];
        guint16 port_first, port_last;
        Hosts *then;
        const Hosts *today;  /* while flows are added */
        WhatIfCounts counts_today, counts_then;
        guint64 applies[KNOBS];
        guint64 *time_waits_max; /* by endpoint of @then; NULL unless there is a limit */
};

const char *knob_name(Knob k) {
        return knobs[k].name;
}

const char *knob_does(Knob k) {
        return knobs[k].does;
}

const char *knob_does_not(Knob k) {
        return knobs[k].does_not;
}

/* ── Settings ────────────────────────────────────────────────────────────── */

WhatIf *whatif_new(void) {
        return g_new0(WhatIf, 1);
}

void whatif_free(WhatIf *w) {
        if (!w)
                return;
        for (guint k = 0; k < KNOBS; k++)
                g_free(w->text[k]);
        g_free(w->time_waits_max);
        hosts_free(w->then);
        g_free(w);
}

static gboolean parse_number(const char *word, guint32 least, guint32 greatest, guint32 *number) {
        guint64 n;

        if (!g_ascii_string_to_unsigned(word, 10, least, greatest, &n, NULL))
                return FALSE;
        *number = (guint32)n;
        return TRUE;
}

static gboolean parse_range(WhatIf *w, const char *word) {
        g_auto(GStrv) ports = g_strsplit_set(word, ":- ", 2);
        guint32 first, last;

        if (g_strv_length(ports) != 2 || !parse_number(ports[0], 1, G_MAXUINT16, &first) ||
            !parse_number(ports[1], first, G_MAXUINT16, &last))
                return FALSE;
        w->port_first = (guint16)first;
        w->port_last = (guint16)last;
        return TRUE;
}

/* "net.ipv4.tcp_tw_reuse" is tcp_tw_reuse. */
static guint find_knob(const char *name) {
        const char *dot = strrchr(name, '.');

        for (guint k = 0; k < KNOBS; k++)
                if (g_ascii_strcasecmp(dot ? dot + 1 : name, knobs[k].name) == 0)
                        return k;
        return KNOBS;
}

gboolean whatif_set(WhatIf *w, const char *assignment, const char **wrong) {
        g_auto(GStrv) parts = g_strsplit(assignment, "=", 2);
        guint k = parts[0] ? find_knob(parts[0]) : KNOBS;

        *wrong = "is no setting that is known";
        if (k == KNOBS)
                return FALSE;
        *wrong = "has no value that the setting can have";
        if (!parts[1] ||
            !(k == KNOB_PORT_RANGE ? parse_range(w, parts[1])
                                   : parse_number(parts[1], knobs[k].least, knobs[k].greatest, &w->value[k])))
                return FALSE;
        g_free(w->text[k]);
        w->text[k] = g_strdup(parts[1]);
        return TRUE;
}

gboolean whatif_is_set(const WhatIf *w, Knob k) {
        return w->text[k] != NULL;
}

const char *whatif_value(const WhatIf *w, Knob k) {
        return w->text[k];
}

/* Does the host have the setting, and is it set? */
static gboolean turns(const WhatIf *w, Knob k, const HostChoice *choice) {
        return w->text[k] && g_str_has_prefix(choice->model->name, family_names[knobs[k].family]);
}

static HostChoice turned(const WhatIf *w, const HostChoice *today) {
        HostChoice choice = *today;

        if (turns(w, KNOB_FIN_TIMEOUT, today))
                choice.settings.fin_timeout_s = w->value[KNOB_FIN_TIMEOUT];
        if (turns(w, KNOB_TIMED_WAIT_DELAY, today))
                choice.settings.time_wait_s = w->value[KNOB_TIMED_WAIT_DELAY];
        if (turns(w, KNOB_PORT_RANGE, today)) {
                choice.settings.port_first = w->port_first;
                choice.settings.port_last = w->port_last;
        }
        if (turns(w, KNOB_TW_REUSE, today))
                choice.reuses = w->value[KNOB_TW_REUSE] == 1;
        return choice;
}

/* ── Flow by flow ────────────────────────────────────────────────────────── */

static HostChoice choose(const Address *address, gpointer data) {
        const WhatIf *w = data;
        HostChoice today = { .model = host_model_default(), .basis = "default" };

        hosts_choice(w->today, address, &today);
        return turned(w, &today);
}

static Hosts *hosts_of(WhatIf *w) {
        HostsOptions options = {
                .choose = choose,
                .choose_data = w,
                .aborts = w->text[KNOB_LINGER] != NULL,
                .no_forged_keepalives = w->text[KNOB_DYN_KEEPALIVE] && w->value[KNOB_DYN_KEEPALIVE] == 0,
        };

        return hosts_new(&options);
}

static const HostEndpoint *endpoint_of(const Hosts *h, const FlowRecord *f, guint side) {
        return hosts_find(h, &f->side[side].address, side == SERVER ? f->side[side].port : 0, side == SERVER);
}

static gint64 finding_number(const Finding *f, const char *name) {
        const FindingValue *v = finding_value(f, name);

        return v ? v->integer : 0;
}

/* Ports in turn over another range come again later, or sooner. */
static gint64 gap_then(const WhatIf *w, const FlowRecord *f, gint64 gap_ns) {
        const HostEndpoint *today = endpoint_of(w->today, f, CLIENT), *then = endpoint_of(w->then, f, CLIENT);
        guint16 first, last;
        gdouble before, after;

        if (!today || !then || !w->text[KNOB_PORT_RANGE])
                return gap_ns;
        before = host_model_ports(today->choice.model, &today->choice.settings, &first, &last);
        after = host_model_ports(then->choice.model, &then->choice.settings, &first, &last);
        return (gint64)((gdouble)gap_ns / before * after);
}

static void add_refused(WhatIf *w, const FlowRecord *f, const Finding *finding) {
        const FindingValue *answer = finding_value(finding, "answer");
        const HostEndpoint *holder = endpoint_of(w->then, f, finding->side < SIDES ? finding->side : SERVER);
        gint64 gap_ns = finding_number(finding, "gap_ns"), cost_ns = finding_number(finding, "cost_ns");

        if (!answer || g_str_equal(answer->text, "accepted"))
                return;
        w->counts_today.refused++;
        w->counts_today.refused_ns += cost_ns;
        if (w->text[KNOB_LINGER] || (holder && gap_then(w, f, gap_ns) > holder->timers.time_wait_ns))
                return;
        w->counts_then.refused++;
        w->counts_then.refused_ns += cost_ns;
}

/* A FIN_WAIT_2 that ended by a packet: would its timer have been sooner? */
static gboolean is_cut(const FlowRecord *f, guint side, gint64 fin_wait_2_ns) {
        const SideRecord *s = &f->side[side];
        guint at = s->entered[STATE_FIN_WAIT_2];

        if (!at || at == s->n_states || fin_wait_2_ns == HOST_FOREVER)
                return FALSE;
        return s->states[at].time_ns - s->states[at - 1].time_ns > fin_wait_2_ns;
}

/* FINs that come again restart TIME_WAIT as they are answered: only the gaps count. */
static gboolean has_late_fin(const FlowRecord *f, guint side, gint64 time_wait_ns) {
        guint at = f->side[side].entered[STATE_TIME_WAIT];
        gint64 last_ns = at ? f->side[side].states[at - 1].time_ns : 0;

        for (guint i = 0; at && i < f->n_timeline; i++) {
                const TimelineEntry *e = &f->timeline[i];

                if (!entry_is_ordinary(e) || entry_side(e) == side || !(e->flags & TCP_FIN) ||
                    e->time_ns <= last_ns)
                        continue;
                if (e->time_ns - last_ns > time_wait_ns)
                        return TRUE;
                last_ns = e->time_ns;
        }
        return FALSE;
}

static gboolean has_finding(const FlowRecord *f, FindingId id, guint side) {
        for (guint i = 0; i < f->n_findings; i++)
                if (f->findings[i].id == id && (side == FINDING_NO_SIDE || f->findings[i].side == side))
                        return TRUE;
        return FALSE;
}

static void add_side(WhatIf *w, const FlowRecord *f, guint side) {
        const HostEndpoint *then = endpoint_of(w->then, f, side);
        gboolean cut = has_finding(f, FINDING_FIN_WAIT_2_EXPIRED, side),
                 late = has_finding(f, FINDING_TIME_WAIT_CUT_SHORT, side);

        w->counts_today.cut += (guint)cut;
        w->counts_today.late_fins += (guint)late;
        if (!then || w->text[KNOB_LINGER])
                return;
        w->counts_then.cut += (guint)is_cut(f, side, then->timers.fin_wait_2_ns);
        w->counts_then.late_fins += (guint)(late || has_late_fin(f, side, then->timers.time_wait_ns));
}

/* What whoever closed first had sent and the other end had not acknowledged, and what that sent afterwards. */
static guint64 bytes_at_risk(const FlowRecord *f, guint side) {
        const TimelineEntry *fin = NULL;
        guint32 acked = f->side[side].isn + 1;
        guint64 bytes = 0;

        for (guint i = 0; i < f->n_timeline; i++) {
                const TimelineEntry *e = &f->timeline[i];

                if (!entry_is_ordinary(e))
                        continue;
                if (!fin && entry_side(e) != side && e->flags & TCP_ACK && seq_after(e->ack, acked))
                        acked = e->ack;
                else if (fin && entry_side(e) != side && !(e->marks & (ENTRY_RETRANSMISSION | ENTRY_KEEPALIVE)))
                        bytes += e->payload_bytes;
                if (e->frame == f->side[side].fin_frame && !fin) {
                        fin = e;
                        bytes += seq_after(entry_end(e) - 1, acked) ? entry_end(e) - 1 - acked : 0;
                }
        }
        return bytes;
}

void whatif_add(WhatIf *w, const Hosts *today, const FlowRecord *f) {
        gboolean by_fin = f->closed_first_by < SIDES && f->side[f->closed_first_by].fin_frame;

        w->today = today;
        if (!w->then)
                w->then = hosts_of(w);
        hosts_add(w->then, f);
        for (guint i = 0; i < f->n_findings; i++)
                if (f->findings[i].id == FINDING_TIME_WAIT_REUSE_UP ||
                    f->findings[i].id == FINDING_TIME_WAIT_REUSE_DOWN)
                        add_refused(w, f, &f->findings[i]);
        add_side(w, f, CLIENT);
        add_side(w, f, SERVER);
        if (has_finding(f, FINDING_KEEPALIVES_HOLD_FIN_WAIT_2, FINDING_NO_SIDE)) {
                w->counts_today.kept_by_box++;
                w->counts_then.kept_by_box +=
                    !(w->text[KNOB_DYN_KEEPALIVE] && w->value[KNOB_DYN_KEEPALIVE] == 0);
        }
        if (w->text[KNOB_LINGER] && by_fin) {
                w->counts_then.aborted++;
                w->counts_then.risk_bytes += bytes_at_risk(f, f->closed_first_by);
        }
}

/* ── At the end ──────────────────────────────────────────────────────────── */

/* The limit is a host's, for all that it listens on and connects to. @places: its endpoints */
static void limit_host(WhatIf *w, const guint32 *places, guint n) {
        const HostEndpoint *first = hosts_endpoint(w->then, places[0]);
        g_autofree CensusShare *shares = g_new0(CensusShare, n);
        guint64 time_waits = 0;

        for (guint i = 0; i < n; i++)
                time_waits += hosts_endpoint(w->then, places[i])->time_waits;
        if (time_waits <= w->value[KNOB_MAX_TW_BUCKETS] || !turns(w, KNOB_MAX_TW_BUCKETS, &first->choice))
                return;
        for (guint i = 0; i < n; i++) {
                shares[i].steps = g_array_new(FALSE, FALSE, sizeof(SeriesStep));
                hosts_read(w->then, places[i], shares[i].steps);
        }
        census_share_room(shares, n, first->timers.time_wait_ns, w->value[KNOB_MAX_TW_BUCKETS], hosts_end_ns(w->then));
        for (guint i = 0; i < n; i++) {
                w->time_waits_max[places[i]] = shares[i].peak;
                w->counts_then.overflow += shares[i].turned_away;
                g_array_unref(shares[i].steps);
        }
}

static void limit_hosts(WhatIf *w) {
        g_autoptr(GArray) order = hosts_order(w->then, HOSTS_BY_ADDRESS, FALSE);
        const guint32 *places = (const guint32 *)(const void *)order->data;

        w->time_waits_max = g_new(guint64, hosts_endpoints(w->then) + 1);
        for (guint i = 0; i < order->len; i++)
                w->time_waits_max[i] = G_MAXUINT64;
        for (guint i = 0, n; i < order->len; i += n) {
                for (n = 1; i + n < order->len && address_equal(&hosts_endpoint(w->then, places[i])->address,
                                                                &hosts_endpoint(w->then, places[i + n])->address);)
                        n++;
                limit_host(w, places + i, n);
        }
}

void whatif_end(WhatIf *w, const Hosts *today) {
        if (!w->then)
                w->then = hosts_of(w);
        w->today = today;
        for (guint32 i = 0; i < hosts_endpoints(today); i++) {
                const HostEndpoint *e = hosts_endpoint(today, i);
                guint32 place = hosts_find_place(w->then, &e->address, e->port, e->service != NULL);
                HostChoice choice = turned(w, &e->choice);

                if (place != HOSTS_NOWHERE)
                        hosts_assume_at(w->then, place, &choice);
                for (guint k = 0; k < KNOBS; k++)
                        w->applies[k] += turns(w, k, &e->choice);
        }
        if (w->text[KNOB_MAX_TW_BUCKETS])
                limit_hosts(w);
}

const Hosts *whatif_hosts(const WhatIf *w) {
        return w->then;
}

const WhatIfCounts *whatif_today(const WhatIf *w) {
        return &w->counts_today;
}

const WhatIfCounts *whatif_then(const WhatIf *w) {
        return &w->counts_then;
}

guint64 whatif_applies_to(const WhatIf *w, Knob k) {
        return w->applies[k];
}

Census *whatif_census(const WhatIf *w, guint32 endpoint) {
        g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(guint32));
        Census *c;

        g_array_append_val(one, endpoint);
        c = hosts_census(w->then, one);
        if (w->time_waits_max)
                c->peak[STATE_TIME_WAIT].count =
                    MIN(c->peak[STATE_TIME_WAIT].count, w->time_waits_max[endpoint]);
        return c;
}
