/* SPDX-License-Identifier: BSD-3-Clause */
#include "hosts.h"

#include <string.h>

#include "analyzer/hash.h"
#include "index.h"

#define REST_ROW 0U /* of both series */
#define STRANGERS 65536U

#define NEXT_MAX 32U

/* A flow that is going to be added: where it belongs, as far as a look without waiting tells. */
typedef struct Next {
        guint64 flow; /* number */
        guint32 tag[SIDES], place[SIDES], pair_tag, pair; /* of what may be there; INDEX_END none */
        gint64 first, last; /* seconds */
        gboolean near[SIDES]; /* the series has both at hand */
} Next;

struct Hosts {
        HostsOptions options;
        Index endpoint_index, pair_index;
        GArray *endpoints; /* of HostEndpoint; its series row is its place plus one */
        GArray *pairs;     /* of PortPair, the same */
        guint8 strangers[STRANGERS]; /* flows of endpoints and pairs without a row, by hash: several may share a count */
        Series *census, *ports;
        HostTimers timers; /* of the default model */
        HostsRest rest;
        guint32 sweeps;
        guint64 flows;
        gint64 end_ns;
        Next next[NEXT_MAX]; /* in the order in which they come */
        guint n_next, at_next;
};

static HostEndpoint *endpoint_at(const Hosts *h, guint32 i) {
        return &g_array_index(h->endpoints, HostEndpoint, i);
}

static PortPair *pair_at(const Hosts *h, guint32 i) {
        return &g_array_index(h->pairs, PortPair, i);
}

/* ── Look-up ─────────────────────────────────────────────────────────────── */

static guint32 pair_tag(guint32 client, guint32 server) {
        return (guint32)hash_mix(client ^ 0xa0761d6478bd642fULL, server ^ 0xe7037ed1a0b428dbULL);
}

static guint32 endpoint_tag(const Address *address, guint16 port) {
        return (guint32)hash_end(address, port);
}

static guint32 tag_of(const FlowRecord *f, guint side) {
        return endpoint_tag(&f->side[side].address, side == SERVER ? f->side[side].port : 0);
}

static void endpoint_init_at(const Hosts *h, guint32 place, const FlowRecord *f, guint side) {
        HostEndpoint *e = endpoint_at(h, place);

        *e = (HostEndpoint){
                .address = f->side[side].address,
                .port = side == SERVER ? f->side[side].port : 0,
                .ipv6 = f->ipv6,
                .sweep = h->sweeps + (place >= HOSTS_FAMILIAR),
                .choice = { .model = host_model_default(), .basis = "default" },
                .timers = h->timers,
                .service = side == SERVER ? g_new0(Service, 1) : NULL,
        };
        if (!h->options.choose)
                return;
        e->choice = h->options.choose(&e->address, h->options.choose_data);
        e->timers = host_timers(e->choice.model, &e->choice.settings);
}

static gboolean is_endpoint(const HostEndpoint *e, const Address *address, guint16 port, gboolean is_service) {
        return e->port == port && !e->service == !is_service && address_equal(&e->address, address);
}

static guint32 look_up(const Hosts *h, const Address *address, guint16 port, gboolean is_service, guint32 tag) {
        for (guint32 at = tag, place; (place = index_next(&h->endpoint_index, tag, &at)) != INDEX_END;)
                if (is_endpoint(endpoint_at(h, place), address, port, is_service))
                        return place;
        return HOSTS_NOWHERE;
}

static guint32 stranger(guint32 tag) {
        return (tag ^ tag >> 16) % STRANGERS;
}

/*
 * Of many that come once or twice each a row would only push out another. Returns: whether the one that @tag stands
 * for has come often enough to have one; @n: rows that there are.
 */
static gboolean is_proven(Hosts *h, guint32 tag, guint32 n) {
        guint8 *flows = &h->strangers[stranger(tag)];

        if (n < HOSTS_FAMILIAR)
                return TRUE;
        if (++*flows < HOSTS_PROVEN_FLOWS)
                return FALSE;
        *flows = 0;
        return TRUE;
}

/* Returns: the endpoint's place, HOSTS_NOWHERE while it is one of the rest. */
static guint32 find_endpoint(Hosts *h, const FlowRecord *f, guint side, const Next *next) {
        guint16 port = side == SERVER ? f->side[side].port : 0;
        guint32 tag = next->tag[side], place = next->place[side];

        if (place < h->endpoints->len && is_endpoint(endpoint_at(h, place), &f->side[side].address, port, side == SERVER))
                return place;
        place = look_up(h, &f->side[side].address, port, side == SERVER, tag);
        if (place != HOSTS_NOWHERE)
                return place;
        if (!is_proven(h, tag, h->endpoints->len)) {
                h->rest.flows_max = MAX(h->rest.flows_max, HOSTS_PROVEN_FLOWS - 1);
                return HOSTS_NOWHERE;
        }
        g_array_set_size(h->endpoints, h->endpoints->len + 1);
        endpoint_init_at(h, h->endpoints->len - 1, f, side);
        index_add(&h->endpoint_index, tag, h->endpoints->len - 1);
        return h->endpoints->len - 1;
}

static gboolean is_pair(const PortPair *p, guint32 client, guint32 server) {
        return p->client == client && p->server == server;
}

static guint32 look_up_pair(const Hosts *h, guint32 client, guint32 server, guint32 tag) {
        for (guint32 at = tag, place; (place = index_next(&h->pair_index, tag, &at)) != INDEX_END;)
                if (is_pair(pair_at(h, place), client, server))
                        return place;
        return HOSTS_NOWHERE;
}

static guint32 find_pair(Hosts *h, guint32 client, guint32 server, const Next *next) {
        guint32 place = next->pair, tag;

        if (place < h->pairs->len && is_pair(pair_at(h, place), client, server))
                return place;
        tag = pair_tag(client, server);
        place = look_up_pair(h, client, server, tag);
        if (place != HOSTS_NOWHERE || !is_proven(h, tag, h->pairs->len))
                return place;
        g_array_set_size(h->pairs, h->pairs->len + 1);
        *pair_at(h, h->pairs->len - 1) = (PortPair){
                .client = client,
                .server = server,
                .flows_lacking_max = h->rest.pair_flows_max + (h->pairs->len > HOSTS_FAMILIAR ? HOSTS_PROVEN_FLOWS - 1 : 0),
        };
        index_add(&h->pair_index, tag, h->pairs->len - 1);
        return h->pairs->len - 1;
}

/* ── Making room ─────────────────────────────────────────────────────────── */

static int compare_weights(const void *a, const void *b) {
        const guint64 *x = a, *y = b;

        return *x < *y ? -1 : *x > *y;
}

/* Returns: the weight that at least half of them do not exceed. */
static guint64 median(guint64 *weights, guint32 n) {
        qsort(weights, n, sizeof *weights, compare_weights);
        return n ? weights[n / 2] : 0;
}


/* Endpoints of at most @flows go to the rest. Returns: by old place the new one, or HOSTS_NOWHERE. */
static guint32 *sweep_endpoints(Hosts *h, guint64 flows) {
        guint32 *places = g_new(guint32, h->endpoints->len), kept = 0;
        g_autofree guint32 *rows = g_new(guint32, h->endpoints->len + 1);

        rows[REST_ROW] = REST_ROW;
        index_clear(&h->endpoint_index);
        index_init(&h->endpoint_index);
        for (guint32 i = 0; i < h->endpoints->len; i++) {
                HostEndpoint *e = endpoint_at(h, i);

                places[i] = e->flows > flows ? kept : HOSTS_NOWHERE;
                rows[i + 1] = e->flows > flows ? kept + 1 : REST_ROW;
                if (places[i] == HOSTS_NOWHERE) {
                        g_free(e->service);
                        h->rest.endpoints++;
                        continue;
                }
                *endpoint_at(h, kept) = *e;
                index_add(&h->endpoint_index, endpoint_tag(&e->address, e->port), kept++);
        }
        g_array_set_size(h->endpoints, kept);
        series_rebuild(h->census, rows, FALSE);
        return places;
}

/* Pairs of at most @flows are forgotten, and those of endpoints that are gone. @places: (nullable): by old
 * endpoint the new one */
static void sweep_pairs(Hosts *h, guint64 flows, const guint32 *places) {
        g_autofree guint32 *rows = g_new(guint32, h->pairs->len + 1);
        guint32 kept = 0;

        h->rest.pair_flows_max += flows;
        rows[REST_ROW] = SERIES_NO_ROW;
        index_clear(&h->pair_index);
        index_init(&h->pair_index);
        for (guint32 i = 0; i < h->pairs->len; i++) {
                PortPair *p = pair_at(h, i);
                guint32 client = places ? places[p->client] : p->client,
                        server = places ? places[p->server] : p->server;
                gboolean gone = p->flows <= flows || client == HOSTS_NOWHERE || server == HOSTS_NOWHERE;

                rows[i + 1] = gone ? SERIES_NO_ROW : kept + 1;
                if (gone) {
                        port_pair_clear(p);
                        h->rest.pairs++;
                        continue;
                }
                p->client = client;
                p->server = server;
                *pair_at(h, kept) = *p;
                index_add(&h->pair_index, pair_tag(client, server), kept++);
        }
        g_array_set_size(h->pairs, kept);
        series_rebuild(h->ports, rows, FALSE);
}

static guint64 median_of_endpoints(const Hosts *h) {
        g_autofree guint64 *weights = g_new(guint64, h->endpoints->len);

        for (guint32 i = 0; i < h->endpoints->len; i++)
                weights[i] = endpoint_at(h, i)->flows;
        return median(weights, h->endpoints->len);
}

static guint64 median_of_pairs(const Hosts *h) {
        g_autofree guint64 *weights = g_new(guint64, h->pairs->len);

        for (guint32 i = 0; i < h->pairs->len; i++)
                weights[i] = pair_at(h, i)->flows;
        return median(weights, h->pairs->len);
}

/* The lighter half of the endpoints goes, and their pairs with them. */
static void make_room_for_endpoints(Hosts *h) {
        guint64 flows = MAX(median_of_endpoints(h), HOSTS_PROVEN_FLOWS);
        g_autofree guint32 *places = NULL;

        h->rest.flows_max += flows;
        h->sweeps++;
        places = sweep_endpoints(h, flows);
        sweep_pairs(h, 0, places);
}

static void make_room(Hosts *h) {
        if (h->endpoints->len + SIDES > HOSTS_ENDPOINTS_MAX ||
            (series_is_full(h->census) && h->endpoints->len >= HOSTS_COARSER_BELOW))
                make_room_for_endpoints(h);
        if (series_is_full(h->census))
                series_rebuild(h->census, NULL, TRUE);
        if (h->pairs->len >= HOSTS_PAIRS_MAX ||
            (series_is_full(h->ports) && h->pairs->len >= HOSTS_COARSER_BELOW))
                sweep_pairs(h, median_of_pairs(h), NULL);
        if (series_is_full(h->ports))
                series_rebuild(h->ports, NULL, TRUE);
}

/* ── Adding ──────────────────────────────────────────────────────────────── */

Hosts *hosts_new(const HostsOptions *options) {
        Hosts *h = g_new0(Hosts, 1);

        if (options)
                h->options = *options;
        index_init(&h->endpoint_index);
        index_init(&h->pair_index);
        h->timers = host_timers(host_model_default(), NULL);
        h->endpoints = g_array_new(FALSE, FALSE, sizeof(HostEndpoint));
        h->pairs = g_array_new(FALSE, FALSE, sizeof(PortPair));
        h->census = series_new(CENSUS_COLUMNS, HOSTS_SERIES_BLOCKS_MAX);
        h->ports = series_new(PORTS_COLUMNS, HOSTS_SERIES_BLOCKS_MAX);
        return h;
}

void hosts_free(Hosts *h) {
        if (!h)
                return;
        for (guint32 i = 0; i < h->endpoints->len; i++)
                g_free(endpoint_at(h, i)->service);
        for (guint32 i = 0; i < h->pairs->len; i++)
                port_pair_clear(pair_at(h, i));
        g_array_unref(h->endpoints);
        g_array_unref(h->pairs);
        index_clear(&h->endpoint_index);
        index_clear(&h->pair_index);
        series_free(h->census);
        series_free(h->ports);
        g_free(h);
}

void hosts_take_all(Hosts *h) {
        series_take_all(h->census);
        series_take_all(h->ports);
}

static gboolean has_forged_keepalives(const FlowRecord *f) {
        for (guint i = 0; i < f->n_findings; i++)
                if (f->findings[i].id == FINDING_KEEPALIVES_HOLD_FIN_WAIT_2)
                        return TRUE;
        return FALSE;
}

static void add_aborted(Hosts *h, const FlowRecord *f, guint side, guint32 row, const HostTimers *timers, LifeSeconds *seconds) {
        Life life;

        life_of(&life, f, side, timers);
        life_abort(&life);
        census_add_life(h->census, row, &life, timers, seconds);
}

/* @place: HOSTS_NOWHERE for the rest */
static void add_end(Hosts *h, const FlowRecord *f, guint side, guint32 place, gboolean deaf, LifeSeconds *seconds) {
        HostEndpoint *e = place == HOSTS_NOWHERE ? NULL : endpoint_at(h, place);
        const HostTimers *timers = e ? &e->timers : &h->timers;
        HostTimers without_ears;

        if (e) {
                e->flows++;
                e->time_waits += f->side[side].entered[STATE_TIME_WAIT] != 0;
        }
        if (deaf) {
                without_ears = *timers;
                without_ears.deaf = TRUE;
                timers = &without_ears;
        }
        if (h->options.aborts)
                add_aborted(h, f, side, e ? place + 1 : REST_ROW, timers, seconds);
        else
                census_add(h->census, e ? place + 1 : REST_ROW, f, side, timers, seconds);
}

static void add_pair(Hosts *h, const FlowRecord *f, const guint32 *place, const Next *next, const LifeSeconds *seconds) {
        guint32 pair = find_pair(h, place[CLIENT], place[SERVER], next);

        if (pair == HOSTS_NOWHERE)
                return;
        port_pair_add(pair_at(h, pair), f);
        port_pair_use(pair_at(h, pair), h->ports, pair + 1, f, seconds);
}

/* Nobody has to say what comes. */
static const Next *next_of(Hosts *h, const FlowRecord *f) {
        if (h->at_next < h->n_next && h->next[h->at_next].flow == f->number)
                return &h->next[h->at_next++];
        h->at_next = 0;
        h->n_next = 1;
        h->next[0] = (Next){ .flow = f->number, .place = { INDEX_END, INDEX_END }, .pair = INDEX_END };
        for (guint side = 0; side < SIDES; side++)
                h->next[0].tag[side] = tag_of(f, side);
        return &h->next[h->at_next++];
}

void hosts_add(Hosts *h, const FlowRecord *f) {
        gboolean deaf = h->options.no_forged_keepalives && has_forged_keepalives(f), both;
        const Next *next = next_of(h, f);
        guint32 place[SIDES];
        LifeSeconds seconds[SIDES];

        make_room(h);
        h->flows++;
        h->end_ns = MAX(h->end_ns, f->capture_end_ns);
        for (guint side = 0; side < SIDES; side++)
                place[side] = find_endpoint(h, f, side, next);
        both = place[CLIENT] != HOSTS_NOWHERE && place[SERVER] != HOSTS_NOWHERE;
        if (place[SERVER] != HOSTS_NOWHERE)
                service_add(endpoint_at(h, place[SERVER])->service, f);
        add_end(h, f, CLIENT, place[CLIENT], deaf, &seconds[CLIENT]);
        add_end(h, f, SERVER, place[SERVER], deaf, &seconds[SERVER]);
        if (both)
                add_pair(h, f, place, next, seconds);
}

/* ── What comes next ─────────────────────────────────────────────────────── */

#define CACHE_LINE 64U

static void prefetch_lines(const void *at, gsize size) {
        for (gsize i = 0; i < size; i += CACHE_LINE)
                __builtin_prefetch((const char *)at + i, 1);
}

static void prefetch_index(const Hosts *h, const FlowRecord *f, Next *next) {
        next->flow = f->number;
        next->first = series_second(f->start_ns);
        next->last = series_second(f->end_ns);
        for (guint side = 0; side < SIDES; side++) {
                next->tag[side] = tag_of(f, side);
                index_prefetch(&h->endpoint_index, next->tag[side]);
        }
}

static void prefetch_endpoints(const Hosts *h, Next *next) {
        for (guint side = 0; side < SIDES; side++) {
                next->place[side] = index_peek(&h->endpoint_index, next->tag[side]);
                if (next->place[side] == INDEX_END)
                        continue;
                prefetch_lines(endpoint_at(h, next->place[side]), offsetof(HostEndpoint, choice));
                series_prefetch_row(h->census, next->place[side] + 1);
        }
        next->pair_tag = pair_tag(next->place[CLIENT], next->place[SERVER]);
        index_prefetch(&h->pair_index, next->pair_tag);
}

/* So many bits of a second are the same where its counts are in one cache line at least. */
#define LINE_BITS 2

static gboolean is_far_from_first(const Next *next) {
        return (next->first ^ next->last) >> LINE_BITS != 0;
}

/* Returns: whether all of it is found without a search. */
static gboolean prefetch_seconds(const Series *s, guint32 row, const Next *next) {
        gboolean near = series_prefetch(s, row, next->first);

        return is_far_from_first(next) ? series_prefetch(s, row, next->last) & near : near;
}

static void prefetch_steps(const Hosts *h, const FlowRecord *f, Next *next) {
        for (guint side = 0; side < SIDES; side++) {
                if (next->place[side] == INDEX_END)
                        continue;
                next->near[side] = prefetch_seconds(h->census, next->place[side] + 1, next);
        }
        if (next->place[SERVER] != INDEX_END && endpoint_at(h, next->place[SERVER])->service)
                service_prefetch(endpoint_at(h, next->place[SERVER])->service, f);
        next->pair = index_peek(&h->pair_index, next->pair_tag);
        if (next->pair == INDEX_END) {
                __builtin_prefetch(&h->strangers[stranger(next->pair_tag)], 1);
                return;
        }
        prefetch_lines(pair_at(h, next->pair), sizeof(PortPair));
        series_prefetch_row(h->ports, next->pair + 1);
}

static void prefetch_rest(const Hosts *h, const Next *next) {
        for (guint side = 0; side < SIDES; side++) {
                if (next->place[side] == INDEX_END || next->near[side])
                        continue;
                series_prefetch_far(h->census, next->place[side] + 1, next->first);
                if (is_far_from_first(next))
                        series_prefetch_far(h->census, next->place[side] + 1, next->last);
        }
        if (next->pair == INDEX_END)
                return;
        port_pair_prefetch(pair_at(h, next->pair));
        if (!pair_at(h, next->pair)->uses)
                prefetch_seconds(h->ports, next->pair + 1, next);
}

void hosts_expect(Hosts *h, const FlowRecord *f, guint n) {
        h->at_next = 0;
        h->n_next = MIN(n, NEXT_MAX);
        for (guint i = 0; i < h->n_next; i++)
                prefetch_index(h, &f[i], &h->next[i]);
        for (guint i = 0; i < h->n_next; i++)
                prefetch_endpoints(h, &h->next[i]);
        for (guint i = 0; i < h->n_next; i++)
                prefetch_steps(h, &f[i], &h->next[i]);
        for (guint i = 0; i < h->n_next; i++)
                prefetch_rest(h, &h->next[i]);
}

void hosts_assume_at(Hosts *h, guint32 endpoint, const HostChoice *choice) {
        HostEndpoint *e = endpoint_at(h, endpoint);

        e->choice = *choice;
        e->timers = host_timers(choice->model, &choice->settings);
}

void hosts_assume(Hosts *h, const Address *address, const HostChoice *choice) {
        for (guint32 i = 0; i < h->endpoints->len; i++)
                if (address_equal(&endpoint_at(h, i)->address, address))
                        hosts_assume_at(h, i, choice);
}

void hosts_choice(const Hosts *h, const Address *address, HostChoice *choice) {
        if (h->options.choose)
                *choice = h->options.choose(address, h->options.choose_data);
}

/* ── Results ─────────────────────────────────────────────────────────────── */

guint64 hosts_flows(const Hosts *h) {
        return h->flows;
}

gint64 hosts_end_ns(const Hosts *h) {
        return h->end_ns;
}

gint64 hosts_moment_ns(const Hosts *h, gint64 second) {
        return second < series_second(h->end_ns) ? (second + 1) * G_GINT64_CONSTANT(1000000000) : h->end_ns;
}

gint64 hosts_width(const Hosts *h) {
        return series_width(h->census);
}

HostsRest hosts_rest(const Hosts *h) {
        return h->rest;
}

guint32 hosts_endpoints(const Hosts *h) {
        return h->endpoints->len;
}

const HostEndpoint *hosts_endpoint(const Hosts *h, guint32 i) {
        return endpoint_at(h, i);
}

static gint compare_endpoints(const HostEndpoint *a, const HostEndpoint *b) {
        int order = memcmp(&a->address, &b->address, sizeof a->address);

        if (order != 0)
                return order;
        if (a->port != b->port)
                return (gint)a->port - (gint)b->port;
        return !!a->service - !!b->service;
}

guint32 hosts_find_place(const Hosts *h, const Address *address, guint16 port, gboolean is_service) {
        return look_up(h, address, port, is_service, endpoint_tag(address, port));
}

const HostEndpoint *hosts_find(const Hosts *h, const Address *address, guint16 port, gboolean is_service) {
        guint32 place = hosts_find_place(h, address, port, is_service);

        return place == HOSTS_NOWHERE ? NULL : endpoint_at(h, place);
}

typedef struct Ordering {
        const Hosts *hosts;
        HostsOrder order;
} Ordering;

static guint64 weight(const HostEndpoint *e, HostsOrder order) {
        switch (order) {
        case HOSTS_BY_FLOWS:
                return e->flows;
        case HOSTS_BY_TIME_WAITS:
                return e->time_waits;
        case HOSTS_BY_ADDRESS:
                break;
        }
        return 0; /* all are the same: what is left is the address */
}

static gint by_weight(gconstpointer a, gconstpointer b, gpointer data) {
        const Ordering *o = data;
        const HostEndpoint *x = endpoint_at(o->hosts, *(const guint32 *)a),
                           *y = endpoint_at(o->hosts, *(const guint32 *)b);
        guint64 wx = weight(x, o->order), wy = weight(y, o->order);

        if (wx != wy)
                return wx > wy ? -1 : 1;
        return compare_endpoints(x, y);
}

GArray *hosts_order(const Hosts *h, HostsOrder order, gboolean services_only) {
        GArray *places = g_array_new(FALSE, FALSE, sizeof(guint32));
        Ordering o = { h, order };

        for (guint32 i = 0; i < h->endpoints->len; i++)
                if (!services_only || endpoint_at(h, i)->service)
                        g_array_append_val(places, i);
        g_array_sort_with_data(places, by_weight, &o);
        return places;
}

GArray *hosts_same_address(const Hosts *h, guint32 i) {
        GArray *places = g_array_new(FALSE, FALSE, sizeof(guint32));

        for (guint32 j = 0; j < h->endpoints->len; j++)
                if (address_equal(&endpoint_at(h, j)->address, &endpoint_at(h, i)->address))
                        g_array_append_val(places, j);
        return places;
}

void hosts_read(const Hosts *h, guint32 endpoint, GArray *steps) {
        census_read(h->census, endpoint + 1, &endpoint_at(h, endpoint)->timers, steps);
}

Census *hosts_census(const Hosts *h, const GArray *endpoints) {
        g_autoptr(GArray) steps = g_array_new(FALSE, FALSE, sizeof(SeriesStep));

        if (!endpoints)
                census_read(h->census, REST_ROW, &h->timers, steps);
        for (guint i = 0; endpoints && i < endpoints->len; i++)
                hosts_read(h, g_array_index(endpoints, guint32, i), steps);
        return census_new(steps, hosts_width(h), h->end_ns);
}

guint32 hosts_pairs(const Hosts *h) {
        return h->pairs->len;
}

static guint64 reuses(const PortPair *p) {
        guint64 n = p->recycled;

        for (guint i = 0; i < REUSE_ANSWERS; i++)
                n += p->reused[i];
        return n;
}

/* What is likeliest to be short, as far as that shows without a look at its series. */
static gint by_ports(const Hosts *h, guint32 a, guint32 b) {
        const PortPair *x = pair_at(h, a), *y = pair_at(h, b);
        guint64 x_reuses = reuses(x), y_reuses = reuses(y);
        gint order;

        if (x_reuses != y_reuses)
                return x_reuses > y_reuses ? -1 : 1;
        if (x->flows != y->flows)
                return x->flows > y->flows ? -1 : 1;
        order = compare_endpoints(endpoint_at(h, x->client), endpoint_at(h, y->client));
        return order != 0 ? order : compare_endpoints(endpoint_at(h, x->server), endpoint_at(h, y->server));
}

#define REUSE_AFTER_NS G_GINT64_CONSTANT(1000000000) /* Linux tcp_twsk_unique() */

void hosts_budget(const Hosts *h, guint32 pair, PortBudget *b) {
        const PortPair *p = pair_at(h, pair);
        const HostEndpoint *client = endpoint_at(h, p->client), *server = endpoint_at(h, p->server);
        PortBudgetInput in = {
                .pair = p,
                .client_model = client->choice.model,
                .client_settings = &client->choice.settings,
                .timers = { [CLIENT] = client->timers, [SERVER] = server->timers },
                .series = h->ports,
                .row = pair + 1,
                .end_ns = h->end_ns,
        };

        if (client->choice.reuses && p->timestamps)
                in.timers[CLIENT].time_wait_ns = MIN(in.timers[CLIENT].time_wait_ns, REUSE_AFTER_NS);
        port_budget_init(b, &in);
}

gboolean hosts_budget_of(const Hosts *h, const HostEndpoint *client, const HostEndpoint *server,
                         PortBudget *b) {
        guint32 from = hosts_find_place(h, &client->address, client->port, client->service != NULL);
        guint32 to = hosts_find_place(h, &server->address, server->port, server->service != NULL);
        guint32 pair = from == HOSTS_NOWHERE || to == HOSTS_NOWHERE ? HOSTS_NOWHERE : look_up_pair(h, from, to, pair_tag(from, to));

        if (pair == HOSTS_NOWHERE)
                return FALSE;
        hosts_budget(h, pair, b);
        return TRUE;
}

/* The first pairs of all in the order of by_ports(). */
typedef struct FirstPairs {
        guint32 place[HOSTS_BUDGETS_MAX];
        guint n;
} FirstPairs;

static void add_to_first(FirstPairs *first, const Hosts *h, guint32 pair) {
        guint at = 0, end = first->n;

        if (first->n == HOSTS_BUDGETS_MAX && by_ports(h, pair, first->place[first->n - 1]) >= 0)
                return;
        while (at < end) {
                guint middle = (at + end) / 2;

                if (by_ports(h, pair, first->place[middle]) < 0)
                        end = middle;
                else
                        at = middle + 1;
        }
        first->n = MIN(first->n + 1, HOSTS_BUDGETS_MAX);
        memmove(&first->place[at + 1], &first->place[at], (first->n - 1 - at) * sizeof first->place[0]);
        first->place[at] = pair;
}

/* g_array_sort() is stable: what is equal stays in the order of by_ports(). */
static gint by_shortage(gconstpointer a, gconstpointer b) {
        const PortBudget *x = a, *y = b;
        guint64 wx = x->taken.count * y->ports, wy = y->taken.count * x->ports;

        if (port_budget_is_short(x) != port_budget_is_short(y))
                return port_budget_is_short(x) ? -1 : 1;
        return wx > wy ? -1 : wx < wy;
}

GArray *hosts_budgets(const Hosts *h) {
        GArray *budgets = g_array_new(FALSE, FALSE, sizeof(PortBudget));
        FirstPairs first = { .n = 0 };

        for (guint32 i = 0; i < h->pairs->len; i++)
                add_to_first(&first, h, i);
        for (guint i = 0; i < first.n; i++) {
                PortBudget b;

                hosts_budget(h, first.place[i], &b);
                g_array_append_val(budgets, b);
        }
        g_array_sort(budgets, by_shortage);
        return budgets;
}
