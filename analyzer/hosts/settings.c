/* SPDX-License-Identifier: BSD-3-Clause */
#include "settings.h"

#include <string.h>

#include "analyzer/close.h"
#include "analyzer/endpoint.h"
#include "analyzer/hash.h"
#include "analyzer/keepalive.h"
#include "index.h"
#include "life.h"

#define SECOND_NS G_GINT64_CONSTANT(1000000000)

struct Settings {
        GPtrArray *hosts; /* of HostEvidence */
        Index index;      /* of these, by address */
        GArray *given;     /* of HostGiven */
        guint64 forgotten;
        gboolean odd_ttls; /* a host's hop limit is not that of most: now all count */
        Keepers keepers;
};

/* One end of one flow, as all questions see it. */
typedef struct End {
        Settings *settings;
        HostEvidence *evidence; /* NULL until it told something */
        const FlowRecord *f;
        guint side;
} End;

/* ── The table ───────────────────────────────────────────────────────────── */

Settings *settings_new(void) {
        Settings *s = g_new0(Settings, 1);

        s->hosts = g_ptr_array_new();
        index_init(&s->index);
        s->given = g_array_new(FALSE, FALSE, sizeof(HostGiven));
        return s;
}

void settings_free(Settings *s) {
        if (!s)
                return;
        g_ptr_array_set_free_func(s->hosts, g_free);
        g_ptr_array_unref(s->hosts);
        index_clear(&s->index);
        g_array_unref(s->given);
        g_free(s);
}

static gint by_flows(gconstpointer a, gconstpointer b) {
        const guint64 *x = a, *y = b;

        return *x < *y ? -1 : *x > *y;
}

static guint32 tag_of(const Address *address) {
        return (guint32)hash_end(address, 0);
}

static void add_host(Settings *s, HostEvidence *e) {
        index_add(&s->index, tag_of(&e->address), s->hosts->len);
        g_ptr_array_add(s->hosts, e);
}

/* All up to the median go. */
static void make_room(Settings *s) {
        g_autoptr(GArray) flows = g_array_new(FALSE, FALSE, sizeof(guint64));
        g_autoptr(GPtrArray) old = s->hosts;
        guint64 median;

        for (guint i = 0; i < old->len; i++)
                g_array_append_val(flows, ((const HostEvidence *)old->pdata[i])->flows);
        g_array_sort(flows, by_flows);
        median = g_array_index(flows, guint64, flows->len / 2);
        s->hosts = g_ptr_array_new();
        index_clear(&s->index);
        index_init(&s->index);
        for (guint i = 0; i < old->len; i++) {
                HostEvidence *e = old->pdata[i];

                if (e->flows > median)
                        add_host(s, e);
                else
                        g_free(e);
        }
        s->forgotten += old->len - s->hosts->len;
}

static HostEvidence *find(const Settings *s, const Address *address) {
        guint32 tag = tag_of(address);

        for (guint32 at = tag, place; (place = index_next(&s->index, tag, &at)) != INDEX_END;) {
                HostEvidence *e = s->hosts->pdata[place];

                if (address_equal(&e->address, address))
                        return e;
        }
        return NULL;
}

static HostEvidence *find_or_add(Settings *s, const FlowRecord *f, guint side) {
        HostEvidence *e = find(s, &f->side[side].address);

        if (e)
                return e;
        if (s->hosts->len >= SETTINGS_HOSTS_MAX)
                make_room(s);
        e = g_new0(HostEvidence, 1);
        e->address = f->side[side].address;
        e->ipv6 = f->ipv6;
        add_host(s, e);
        return e;
}

const HostEvidence *settings_of(const Settings *s, const Address *address) {
        return find(s, address);
}

static gint by_address(gconstpointer a, gconstpointer b) {
        const HostEvidence *x = *(HostEvidence *const *)a, *y = *(HostEvidence *const *)b;

        return memcmp(&x->address, &y->address, sizeof x->address);
}

GPtrArray *settings_hosts(const Settings *s) {
        GPtrArray *hosts = g_ptr_array_copy(s->hosts, NULL, NULL);

        g_ptr_array_sort(hosts, by_address);
        return hosts;
}

void settings_give(Settings *s, const HostGiven *given) {
        g_array_append_val(s->given, *given);
}

static void add_given(HostGiven *to, const HostGiven *given) {
        to->model = given->model ? given->model : to->model;
        if (given->settings.fin_timeout_s)
                to->settings.fin_timeout_s = given->settings.fin_timeout_s;
        if (given->settings.time_wait_s)
                to->settings.time_wait_s = given->settings.time_wait_s;
        if (!given->settings.port_last)
                return;
        to->settings.port_first = given->settings.port_first;
        to->settings.port_last = given->settings.port_last;
}

void settings_learn(const Settings *s, const Address *address, HostLearned *learned) {
        HostGiven all = { .model = NULL };

        for (guint everywhere = TRUE; everywhere <= TRUE; everywhere--)
                for (guint i = 0; i < s->given->len; i++) {
                        const HostGiven *given = &g_array_index(s->given, HostGiven, i);

                        if (given->everywhere == (gboolean)everywhere &&
                            (given->everywhere || address_equal(&given->address, address)))
                                add_given(&all, given);
                }
        host_evidence_read(settings_of(s, address), &all, learned);
}

const Keepers *settings_keepers(const Settings *s) {
        return &s->keepers;
}

guint64 settings_forgotten(const Settings *s) {
        return s->forgotten;
}

/* ── What is kept ────────────────────────────────────────────────────────── */

static HostEvidence *keep(End *end) {
        if (!end->evidence)
                end->evidence = find_or_add(end->settings, end->f, end->side);
        if (end->evidence->last_flow != end->f->number) {
                end->evidence->last_flow = end->f->number;
                end->evidence->flows++;
        }
        return end->evidence;
}

static void count(End *end, HostCount *c) {
        if (!c->flows++)
                c->flow = end->f->number;
}

static HostBound bound(End *end, gint64 ns, FrameRef from, FrameRef to) {
        return (HostBound){ .ns = MAX(ns, 0), .flow = end->f->number, .from = from, .to = to };
}

static void at_least(End *end, DurationKind kind, gint64 ns, FrameRef from, FrameRef to) {
        HostBound b = bound(end, ns, from, to);

        if (ns > 0)
                host_bound_raise(&keep(end)->duration[kind].at_least, &b);
}

static void at_most(End *end, DurationKind kind, gint64 ns, FrameRef from, FrameRef to) {
        HostBound b = bound(end, ns, from, to);

        host_bound_lower(&keep(end)->duration[kind].at_most, &b);
}

/* ── Of a record ─────────────────────────────────────────────────────────── */

static gboolean has_finding(const FlowRecord *f, FindingId id) {
        for (guint i = 0; i < f->n_findings; i++)
                if (f->findings[i].id == id)
                        return TRUE;
        return FALSE;
}

static gint64 value_of(const Finding *finding, const char *name, gint64 otherwise) {
        const FindingValue *v = finding_value(finding, name);

        return v && v->kind == VALUE_INTEGER ? v->integer : otherwise;
}

static gboolean is_word(const Finding *finding, const char *name, const char *word) {
        const FindingValue *v = finding_value(finding, name);

        return v && v->kind == VALUE_TEXT && g_str_equal(v->text, word);
}

static gboolean is_plain_ack(const TimelineEntry *e) {
        return (e->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) == TCP_ACK;
}

/* ── FIN_WAIT_2 ──────────────────────────────────────────────────────────── */

/* A wait this short, which most are, says nothing that a longer one would not. */
#define TELLING_NS SECOND_NS

static void take_fin_wait_2(End *end) {
        const FlowRecord *f = end->f;
        const StateEntry *waits = record_state(f, end->side, STATE_FIN_WAIT_2);
        HostLife life;

        if (f->end_ns - waits->time_ns < TELLING_NS || waits->basis == BASIS_INFERRED)
                return;
        if (record_finding(f, FINDING_HALF_CLOSE, end->side)) {
                count(end, &keep(end)->held_fin_wait_2);
                return;
        }
        host_life(f, end->side, &life);
        if (life.at_least.flow)
                host_bound_raise(&keep(end)->duration[DURATION_FIN_WAIT_2].at_least, &life.at_least);
        if (life.orphan_at_least.flow)
                host_bound_raise(&keep(end)->duration[DURATION_FIN_WAIT_2_ORPHAN].at_least, &life.orphan_at_least);
        if (life.at_most.flow)
                host_bound_lower(&keep(end)->duration[DURATION_FIN_WAIT_2].at_most, &life.at_most);
}

/* ── TIME_WAIT ───────────────────────────────────────────────────────────── */

#define ANSWER_NS_MAX SECOND_NS

/*
 * What comes to TIME_WAIT may restart it, answered or not, so that only the time between two packets that
 * came counts: the second one was answered by an ACK, so the state was there.
 */
static void take_time_wait(End *end) {
        const FlowRecord *f = end->f;
        const StateEntry *waits = record_state(f, end->side, STATE_TIME_WAIT);
        const Finding *cut = record_finding(f, FINDING_TIME_WAIT_CUT_SHORT, end->side);
        const TimelineEntry *asks = NULL;
        gint64 touched_ns, gap_ns = 0;
        FrameRef touched;

        if (cut) {
                count(end, &keep(end)->time_wait_cut_short);
                at_most(end, DURATION_TIME_WAIT, value_of(cut, "duration_ns", 0) + HOST_JITTER_NS, waits->frame,
                        (FrameRef)value_of(cut, "rst_frame", 0));
        }
        /* what the capture lacks may have restarted it */
        if (f->end_ns - waits->time_ns < TELLING_NS || waits->basis == BASIS_INFERRED ||
            has_finding(f, FINDING_CAPTURE_LOSS))
                return;
        touched_ns = waits->time_ns;
        touched = waits->frame;
        for (guint i = 0; i < f->n_timeline; i++) {
                const TimelineEntry *e = &f->timeline[i];

                if (!entry_is_ordinary(e) || e->time_ns <= waits->time_ns)
                        continue;
                if (e->flags & (TCP_RST | TCP_SYN))
                        return;
                if (entry_side(e) != end->side) {
                        asks = e->marks & ENTRY_GAP_BEFORE ? NULL : e;
                        gap_ns = e->time_ns - touched_ns;
                        touched_ns = e->time_ns;
                        continue;
                }
                if (asks && is_plain_ack(e) && !(e->marks & ENTRY_KEEPALIVE) &&
                    e->time_ns - asks->time_ns < ANSWER_NS_MAX && gap_ns > TELLING_NS)
                        at_least(end, DURATION_TIME_WAIT, gap_ns - host_slack_ns(f), touched, e->frame);
                asks = NULL;
                touched = e->frame;
        }
}

/* ── A FIN that nobody acknowledges ──────────────────────────────────────── */

#define LONE_FINS_MIN 3
#define LONE_FIN_RTO_NS_MAX (120 * SECOND_NS) /* Linux TCP_RTO_MAX */
#define LONE_FIN_ORPHAN_NS (103 * SECOND_NS)  /* as in findings/fin_repeats.c */

typedef struct Repeats {
        const TimelineEntry *second, *before_last, *last;
        guint n;
} Repeats;

/* Returns: FALSE if the other end said anything meanwhile: that would start the count again. */
static gboolean find_repeats(End *end, Repeats *r) {
        const FlowRecord *f = end->f;

        *r = (Repeats){ .n = 0 };
        for (guint i = 0; i < f->n_timeline; i++) {
                const TimelineEntry *e = &f->timeline[i];

                if (!entry_is_ordinary(e))
                        continue;
                if (entry_side(e) != end->side) {
                        if (r->n > 1)
                                return FALSE;
                        continue;
                }
                if (!(e->flags & TCP_FIN))
                        continue;
                r->n++;
                r->before_last = r->last;
                r->last = e;
                if (r->n == 2)
                        r->second = e;
        }
        return r->n >= LONE_FINS_MIN;
}

static void take_lone_fin(End *end) {
        const SideRecord *me = &end->f->side[end->side];
        gint64 next_ns;
        Repeats r;

        if (me->fin_acked_frame || !find_repeats(end, &r))
                return;
        at_least(end, DURATION_LONE_FIN, r.last->time_ns - r.second->time_ns, r.second->frame, r.last->frame);
        if (r.last->time_ns - r.second->time_ns > LONE_FIN_ORPHAN_NS)
                count(end, &keep(end)->held_lone_fin);
        /*
         * the next one was due after twice the time, an eighth late at the most, and would have been its
         * last chance
         */
        next_ns = 2 * MIN(r.last->time_ns - r.before_last->time_ns, LONE_FIN_RTO_NS_MAX / 2);
        next_ns += next_ns / 8 + HOST_JITTER_NS;
        if (end->f->capture_end_ns > r.last->time_ns + next_ns)
                at_most(end, DURATION_LONE_FIN, r.last->time_ns + next_ns - r.second->time_ns, r.second->frame,
                        r.last->frame);
}

/* ── Keepalives ──────────────────────────────────────────────────────────── */

/* No host is set to send them sooner. */
#define KEEPALIVE_NS_MIN SECOND_NS

/*
 * A connection is idle since the last packet that came, and only if all that was sent was acknowledged
 * (Linux tcp_keepalive_timer(), keepalive_time_elapsed()). The other end's probes have old numbers: they are
 * answered and do not count (tcp_validate_incoming()).
 */
static void take_keepalives(End *end) {
        const FlowRecord *f = end->f;
        const TimelineEntry *own = NULL, *before = NULL;
        guint unanswered = 0;
        gboolean any = FALSE, busy = FALSE, after_idleness = FALSE;

        for (guint i = 0; i < f->n_timeline; i++) {
                const TimelineEntry *e = &f->timeline[i];

                if (!entry_is_ordinary(e) || e->flags & (TCP_SYN | TCP_RST))
                        continue;
                if (entry_side(e) != end->side) {
                        if (e->marks & ENTRY_KEEPALIVE)
                                continue;
                        busy = e->window == 0;
                        unanswered = 0;
                        before = e;
                        continue;
                }
                if (!(e->marks & ENTRY_KEEPALIVE)) {
                        own = e;
                        busy |= entry_end(e) != e->seq;
                        unanswered = 0;
                        continue;
                }
                if (!busy && before && !keepalive_is_forged(e, own)) {
                        HostBound b = bound(end, e->time_ns - before->time_ns, before->frame, e->frame);

                        /* what begins sooner repeats a single byte, however far apart the repeats get */
                        if (!unanswered)
                                after_idleness = b.ns >= KEEPALIVE_NS_MIN && !(e->marks & ENTRY_GAP_BEFORE);
                        if (after_idleness && b.ns >= KEEPALIVE_NS_MIN && !(e->marks & ENTRY_GAP_BEFORE)) {
                                any = TRUE;
                                host_spread_add(unanswered ? &keep(end)->keepalive_interval : &keep(end)->keepalive_idle, &b);
                        }
                        unanswered++;
                        if (any)
                                keep(end)->keepalive_probes_max = MAX(keep(end)->keepalive_probes_max, unanswered);
                        before = e;
                }
        }
        if (any)
                count(end, &keep(end)->keepalives);
}

/* ── The path ────────────────────────────────────────────────────────────── */

#define PATH_IDLE_NS_MIN (30 * SECOND_NS)
#define PATH_REPEATS_MIN 3

/* Does @side say anything from entry @i on? @packets: how many the other end sends until then. */
static gboolean is_answered(const FlowRecord *f, guint i, guint side, guint *packets) {
        for (*packets = 0; i < f->n_timeline; i++) {
                const TimelineEntry *e = &f->timeline[i];

                if (!entry_is_ordinary(e))
                        continue;
                if (entry_side(e) == side)
                        return TRUE;
                (*packets)++;
        }
        return FALSE;
}

/* What comes to this end of a half-closed connection after a long silence: is it answered? */
static void take_path(End *end, guint closer, gint64 half_closed_ns) {
        const FlowRecord *f = end->f;
        const TimelineEntry *before = NULL;

        for (guint i = 0; i < f->n_timeline; i++) {
                const TimelineEntry *e = &f->timeline[i];
                gint64 idle_ns;
                guint packets;

                if (!entry_is_ordinary(e))
                        continue;
                idle_ns = before ? e->time_ns - before->time_ns : 0;
                if (before && before->time_ns >= half_closed_ns && entry_side(e) != end->side &&
                    idle_ns >= PATH_IDLE_NS_MIN && !(e->marks & ENTRY_GAP_BEFORE)) {
                        if (is_answered(f, i + 1, end->side, &packets))
                                at_least(end, DURATION_PATH, idle_ns, before->frame, e->frame);
                        else if (packets + 1 >= PATH_REPEATS_MIN)
                                at_most(end, DURATION_PATH, idle_ns, before->frame, e->frame);
                }
                /* with the second FIN it is half-closed no more */
                if (e->flags & TCP_FIN && e->time_ns > half_closed_ns && entry_side(e) != closer)
                        return;
                before = e;
        }
}

static void take_paths(End *end) {
        const FlowRecord *f = end->f;
        const StateEntry *first = NULL;
        guint closer = CLIENT;

        if (f->joined)
                return;
        for (guint s = 0; s < SIDES; s++) {
                const StateEntry *waits = record_state(f, s, STATE_CLOSE_WAIT);

                if (!waits || (first && first->time_ns <= waits->time_ns))
                        continue;
                first = waits;
                closer = !s;
        }
        if (first && f->end_ns - first->time_ns >= PATH_IDLE_NS_MIN)
                take_path(end, closer, first->time_ns);
}

/* ── SYNs ────────────────────────────────────────────────────────────────── */

static const struct {
        const char *word;
        Reaction reaction;
} answers[] = {
        { "accepted", REACTION_ACCEPT },
        { "challenged", REACTION_CHALLENGE },
        { "silent", REACTION_SILENT },
        { "reset", REACTION_RESET },
};

/*
 * One SYN that nothing answers may have been lost; and where the host is not heard at all on the connection, the path
 * or a dead host may have been silent.
 */
#define SILENT_SYNS_MIN 3

static gboolean was_silent(const FlowRecord *f, guint side) {
        return f->side[!side].syn_count >= SILENT_SYNS_MIN && f->side[side].packets > 0;
}

/* What its TIME_WAIT did with a SYN (TD301, TD302). */
static void take_answer(End *end, const Finding *finding) {
        gint64 newer = value_of(finding, "timestamp_delta", 0);
        HostEvent event = finding->id == FINDING_TIME_WAIT_REUSE_UP ? HOST_TIME_WAIT_SYN_UP
                          : newer > 0                               ? HOST_TIME_WAIT_SYN_NEWER
                                                                    : HOST_TIME_WAIT_SYN_DOWN;

        /*
         * an acceptable SYN is challenged, too, where PAWS refuses it or where nobody listens any more
         * (Linux)
         */
        if (event == HOST_TIME_WAIT_SYN_UP && (newer < 0 || is_word(finding, "answer", "challenged")))
                return;
        if (is_word(finding, "signature", "linux"))
                count(end, &keep(end)->accepted_signature);
        for (guint i = 0; i < G_N_ELEMENTS(answers); i++)
                if (is_word(finding, "answer", answers[i].word) &&
                    (answers[i].reaction != REACTION_SILENT || was_silent(end->f, end->side)))
                        count(end, &keep(end)->syn_answer[event][answers[i].reaction]);
}

static void take_recycling(End *end, const Finding *finding) {
        HostBound after = bound(end, value_of(finding, "gap_ns", 0), finding->frames[0],
                                finding->frames[finding->n_frames - 1]);
        HostEvidence *e = keep(end);

        count(end, &e->recycled);
        host_bound_lower(&e->recycled_after, &after);
        if (is_word(finding, "signature", "linux"))
                count(end, &e->recycled_signature);
}

static void take_findings(End *end) {
        for (guint i = 0; i < end->f->n_findings; i++) {
                const Finding *finding = &end->f->findings[i];

                if (finding->side != end->side)
                        continue;
                if (finding->id == FINDING_TIME_WAIT_REUSE_UP || finding->id == FINDING_TIME_WAIT_REUSE_DOWN)
                        take_answer(end, finding);
                if (finding->id == FINDING_TIME_WAIT_RECYCLED)
                        take_recycling(end, finding);
        }
}

/* ── The first packet's hop limit ────────────────────────────────────────── */

static const guint8 ttls[HOST_TTLS] = { 64, 128, 255 };

/* Hosts start with one of few and no path is that long. 64 alone is no reason to keep a host. */
static void take_ttl(End *end) {
        const FlowRecord *f = end->f;

        for (guint i = 0; i < f->n_timeline; i++) {
                const TimelineEntry *e = &f->timeline[i];
                guint t = 0;

                if (entry_side(e) != end->side || !entry_is_ordinary(e))
                        continue;
                while (t < HOST_TTLS - 1 && e->ttl > ttls[t])
                        t++;
                end->settings->odd_ttls |= t > 0;
                if (t > 0)
                        keep(end);
                else if (end->settings->odd_ttls && !end->evidence)
                        end->evidence = find(end->settings, &f->side[end->side].address);
                if (end->evidence)
                        count(end, &end->evidence->ttl[t]);
                return;
        }
}

static void take_end(Settings *s, const FlowRecord *f, guint side, gboolean probes) {
        End end = { .settings = s, .f = f, .side = side };
        const SideRecord *me = &f->side[side];

        take_findings(&end); /* of an end, too, that did not answer */
        if (!me->packets)
                return;
        if (me->entered[STATE_FIN_WAIT_2])
                take_fin_wait_2(&end);
        if (me->entered[STATE_TIME_WAIT])
                take_time_wait(&end);
        if (me->fin_count >= LONE_FINS_MIN)
                take_lone_fin(&end);
        if (f->end_ns - f->start_ns >= PATH_IDLE_NS_MIN)
                take_paths(&end);
        if (probes)
                take_keepalives(&end);
        take_ttl(&end);
}

static gboolean has_probes(const FlowRecord *f) {
        guint marks = 0;

        if (f->end_ns - f->start_ns < KEEPALIVE_NS_MIN)
                return FALSE;
        for (guint i = 0; i < f->n_timeline; i++)
                marks |= f->timeline[i].marks;
        return !!(marks & ENTRY_KEEPALIVE);
}

static gboolean is_short_since(const FlowRecord *f, guint side, TcpState state) {
        const StateEntry *e = record_state(f, side, state);

        return !e || f->end_ns - e->time_ns < TELLING_NS;
}

/* Its first packets came from one end each, with a hop limit that most hosts start with. */
static gboolean begins_as_most(const FlowRecord *f) {
        const TimelineEntry *e = f->timeline;

        return f->n_timeline > 1 && entry_is_ordinary(&e[0]) && entry_is_ordinary(&e[1]) && entry_side(&e[0]) != entry_side(&e[1]) &&
               MAX(e[0].ttl, e[1].ttl) <= ttls[0];
}

/* Whether none of the questions that take_end() asks of either end has an answer. */
static gboolean tells_nothing(const Settings *s, const FlowRecord *f, gboolean probes) {
        if (f->n_findings || s->odd_ttls || probes || f->end_ns - f->start_ns >= PATH_IDLE_NS_MIN || !begins_as_most(f))
                return FALSE;
        for (guint side = 0; side < SIDES; side++)
                if (f->side[side].fin_count >= LONE_FINS_MIN || !is_short_since(f, side, STATE_FIN_WAIT_2) ||
                    !is_short_since(f, side, STATE_TIME_WAIT))
                        return FALSE;
        return TRUE;
}

void settings_add(Settings *s, const FlowRecord *f) {
        gboolean probes = has_probes(f);

        if (tells_nothing(s, f, probes) || has_finding(f, FINDING_CAPTURE_CLOCK_SET_BACK))
                return; /* or no time of it can be trusted */
        keepers_add(&s->keepers, f);
        take_end(s, f, CLIENT, probes);
        take_end(s, f, SERVER, probes);
}

#define PREFETCHED_MAX 32U

void settings_prefetch(const Settings *s, const FlowRecord *f, guint n) {
        guint32 place[PREFETCHED_MAX][SIDES];

        if (!s->odd_ttls)
                return;
        n = MIN(n, PREFETCHED_MAX);
        for (guint i = 0; i < n; i++)
                for (guint side = 0; side < SIDES; side++)
                        index_prefetch(&s->index, tag_of(&f[i].side[side].address));
        for (guint i = 0; i < n; i++)
                for (guint side = 0; side < SIDES; side++) {
                        place[i][side] = index_peek(&s->index, tag_of(&f[i].side[side].address));
                        if (place[i][side] != INDEX_END)
                                __builtin_prefetch(&s->hosts->pdata[place[i][side]]);
                }
        for (guint i = 0; i < n; i++)
                for (guint side = 0; side < SIDES; side++) {
                        const HostEvidence *e = place[i][side] == INDEX_END ? NULL : s->hosts->pdata[place[i][side]];

                        if (!e)
                                continue;
                        __builtin_prefetch(e, 1);
                        __builtin_prefetch(e->ttl, 1);
                }
}
