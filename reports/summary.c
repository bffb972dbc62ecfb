/* SPDX-License-Identifier: BSD-3-Clause */

#include "summary.h"

#include <string.h>

#include "words.h"

static guint host_hash(gconstpointer key) {
        const HostTally *h = key;
        guint64 high, low;

        memcpy(&high, h->address.bytes, 8);
        memcpy(&low, h->address.bytes + 8, 8);
        return (guint)(((high ^ (low + h->port)) * 0x9e3779b97f4a7c15U) >> 32);
}

static gboolean host_equal(gconstpointer a, gconstpointer b) {
        const HostTally *x = a, *y = b;

        return memcmp(&x->address, &y->address, sizeof x->address) == 0 && x->port == y->port;
}

Summary *summary_new(void) {
        Summary *s = g_new0(Summary, 1);

        s->hosts = g_hash_table_new_full(host_hash, host_equal, g_free, NULL);
        return s;
}

void summary_free(Summary *s) {
        if (!s)
                return;
        for (guint i = 0; i < FINDINGS; i++)
                for (guint e = 0; e < s->findings[i].n_examples; e++)
                        g_free(s->findings[i].examples[e].text);
        for (guint e = 0; e < s->n_worst; e++)
                g_free(s->worst[e].text);
        g_hash_table_unref(s->hosts);
        g_free(s);
}

static gboolean is_worse(const Badness *a, const Badness *b) {
        if (a->severity != b->severity)
                return a->severity > b->severity;
        if (a->sureness != b->sureness)
                return a->sureness > b->sureness;
        if (a->amount != b->amount)
                return a->amount > b->amount;
        return a->flow < b->flow;
}

/* A duration, or bytes. */
static gboolean is_amount(const char *name) {
        static const char ns[] = "_ns", bytes[] = "_bytes";
        const char *end = name + strlen(name) + 1;

        return ((gsize)(end - name) >= sizeof ns && memcmp(end - sizeof ns, ns, sizeof ns) == 0) ||
               ((gsize)(end - name) >= sizeof bytes && memcmp(end - sizeof bytes, bytes, sizeof bytes) == 0);
}

static Badness badness_of(const FlowRecord *f, const Finding *finding) {
        Badness b = {
                .severity = finding->severity,
                .sureness = (guint8)(CERTAINTIES - finding->certainty),
                .flow = f->number,
        };

        for (guint i = 0; i < finding->n_values; i++) {
                const FindingValue *v = &finding->values[i];

                if (v->kind == VALUE_INTEGER && is_amount(v->name)) {
                        b.amount = v->integer;
                        break;
                }
        }
        return b;
}

/*
 * Makes a place for @b among the worst @n of at most @max.
 * Returns: the place, whose text is to be set; NULL if it is not among them.
 */
static Example *place_example(Example *examples, guint *n, guint max, const Badness *b) {
        guint at = *n;

        while (at > 0 && is_worse(b, &examples[at - 1].badness))
                at--;
        if (at == max)
                return NULL;
        if (*n == max)
                g_free(examples[max - 1].text);
        else
                (*n)++;
        memmove(&examples[at + 1], &examples[at], (*n - 1 - at) * sizeof *examples);
        examples[at] = (Example){ .badness = *b };
        return &examples[at];
}

static void add_finding(Summary *s, const ReportContext *c, const FlowRecord *f, const Finding *finding, const Badness *b) {
        FindingTally *t = &s->findings[finding->id];
        Example *e = place_example(t->examples, &t->n_examples, SUMMARY_EXAMPLES_MAX, b);

        t->findings++;
        t->by_certainty[finding->certainty]++;
        t->by_severity[finding->severity]++;
        if (e) {
                g_autoptr(GString) text = g_string_new(NULL);

                words_finding(text, c, f, finding);
                e->text = g_strdup(text->str);
        }
}

/* Returns: the tally of the host on @side, NULL past the limit. */
static HostTally *find_host(Summary *s, const FlowRecord *f, guint side) {
        HostTally key, *h; /* of the key its name alone is set: its counts are many */

        key.address = f->side[side].address;
        key.port = side == SERVER ? f->side[side].port : 0;
        h = g_hash_table_lookup(s->hosts, &key);
        if (h)
                return h;
        if (g_hash_table_size(s->hosts) >= SUMMARY_HOSTS_MAX) {
                s->hosts_left_out++;
                return NULL;
        }
        h = g_new0(HostTally, 1);
        h->address = key.address;
        h->port = key.port;
        h->ipv6 = f->ipv6;
        g_hash_table_add(s->hosts, h);
        return h;
}

static void add_host(Summary *s, const FlowRecord *f, guint side) {
        HostTally *h = NULL;

        for (guint i = 0; i < f->n_findings; i++) {
                const Finding *finding = &f->findings[i];

                if (finding->side != side || finding->severity < SEVERITY_WARNING)
                        continue;
                if (!h) {
                        h = find_host(s, f, side);
                        if (!h)
                                return;
                        h->flows++;
                }
                h->by_finding[finding->id]++;
        }
}

static void add_counts(Summary *s, const FlowRecord *f) {
        s->first_ns = s->flows == 0 ? f->start_ns : MIN(s->first_ns, f->start_ns);
        s->last_ns = s->flows == 0 ? f->end_ns : MAX(s->last_ns, f->end_ns);
        s->flows++;
        s->joined += !!f->joined;
        s->by_close[f->close]++;
        s->by_closed_first[f->closed_first_by]++;
        s->findings_left_out += f->findings_left_out;
        vantage_tally_add(&s->vantage, f);
        for (guint side = 0; side < SIDES; side++) {
                s->by_state[side][f->side[side].state]++;
                s->packets += f->side[side].packets;
                s->payload_bytes += f->side[side].payload_bytes;
                s->retransmitted_packets += f->side[side].retransmitted_packets;
        }
}

static void add_worst(Summary *s, const ReportContext *c, const FlowRecord *f, const Badness *b) {
        Example *e = place_example(s->worst, &s->n_worst, SUMMARY_WORST_MAX, b);

        if (e) {
                g_autoptr(GString) text = g_string_new(NULL);

                words_verdict(text, c, f);
                e->text = g_strdup(text->str);
        }
}

void summary_add(Summary *s, const ReportContext *c, const FlowRecord *f) {
        const Finding *worst = NULL;
        Badness worst_badness = { 0 };

        add_counts(s, f);
        for (guint i = 0; i < f->n_findings; i++) {
                const Finding *finding = &f->findings[i];
                Badness badness = badness_of(f, finding);
                gboolean again = FALSE;

                add_finding(s, c, f, finding, &badness);
                for (guint j = 0; j < i; j++)
                        again |= f->findings[j].id == finding->id;
                s->findings[finding->id].flows += !again;
                if (!worst || is_worse(&badness, &worst_badness)) {
                        worst = finding;
                        worst_badness = badness;
                }
        }
        s->by_worst[worst ? worst->severity : SEVERITIES]++;
        if (worst && worst->severity >= SEVERITY_WARNING) {
                add_worst(s, c, f, &worst_badness);
                add_host(s, f, CLIENT);
                add_host(s, f, SERVER);
        }
}

void summary_add_together(Summary *s, const ReportContext *c, const FlowRecord *names, const Finding *finding, guint64 flows) {
        Badness badness = badness_of(names, finding);

        add_finding(s, c, names, finding, &badness);
        s->findings[finding->id].flows += flows;
        s->together[finding->severity]++;
}

guint64 summary_flows_at_least(const Summary *s, Severity severity) {
        guint64 n = 0;

        for (guint i = severity; i < SEVERITIES; i++)
                n += s->by_worst[i];
        return n;
}

Severity finding_tally_severity(const FindingTally *t) {
        guint severity = SEVERITIES;

        while (severity > 0 && t->by_severity[severity - 1] == 0)
                severity--;
        return severity > 0 ? severity - 1 : SEVERITY_INFO;
}

/* Worst severity first, then what most flows have, then by code. */
static gint compare_kinds(gconstpointer a, gconstpointer b, gpointer data) {
        const Summary *s = data;
        const FindingId x = *(const FindingId *)a, y = *(const FindingId *)b;
        Severity sx = finding_tally_severity(&s->findings[x]), sy = finding_tally_severity(&s->findings[y]);

        if (sx != sy)
                return sx > sy ? -1 : 1;
        if (s->findings[x].flows != s->findings[y].flows)
                return s->findings[x].flows > s->findings[y].flows ? -1 : 1;
        return x < y ? -1 : x > y;
}

guint summary_finding_order(const Summary *s, FindingId *kinds) {
        guint n = 0;

        for (guint i = 0; i < FINDINGS; i++)
                if (s->findings[i].findings > 0)
                        kinds[n++] = i;
        g_qsort_with_data(kinds, (gint)n, sizeof *kinds, compare_kinds, (gpointer)s);
        return n;
}

static gint compare_hosts(gconstpointer a, gconstpointer b) {
        const HostTally *x = *(const HostTally *const *)a, *y = *(const HostTally *const *)b;
        int order;

        if (x->flows != y->flows)
                return x->flows > y->flows ? -1 : 1;
        order = memcmp(&x->address, &y->address, sizeof x->address);
        return order != 0 ? order : (int)x->port - (int)y->port;
}

GPtrArray *summary_hosts(const Summary *s) {
        GPtrArray *hosts = g_ptr_array_new();
        GHashTableIter iter;
        gpointer key;

        g_hash_table_iter_init(&iter, s->hosts);
        while (g_hash_table_iter_next(&iter, &key, NULL))
                g_ptr_array_add(hosts, key);
        g_ptr_array_sort(hosts, compare_hosts);
        if (hosts->len > SUMMARY_HOSTS_SHOWN)
                g_ptr_array_set_size(hosts, SUMMARY_HOSTS_SHOWN);
        return hosts;
}
