/* SPDX-License-Identifier: BSD-3-Clause */

/* Which sockets there were at a moment: counted by host and state as netstat would have, or listed as ss
 * would have. */

#include "analyzer/hosts/hosts.h"
#include "hosts_words.h"
#include "outputs.h"
#include "units.h"
#include "words.h"

/* 100 MB. Past this they are not listed, and not counted: that is said. */
#define AT_SOCKETS_MAX (1U << 20)
/* TIME_WAITs as old as this are over under every model (Windows: at most 300 s), unless a longer time was
 * set. */
#define AT_TIME_WAIT_NS_MAX (300 * NS_PER_SECOND)

/* One end of a connection, in its state at that moment unless its timer has ended it by then. */
typedef struct Socket {
        Address local, remote;
        guint16 local_port, remote_port;
        guint8 state;
        guint8 timer;      /* as in Life */
        guint8 listens;    /* it is a server's */
        guint8 ipv6;
        gint64 timer_ns;   /* when that was started */
        guint64 flow;
} Socket;

typedef struct AtReport {
        Report report;
        Terminal *terminal;
        AtOptions options;
        gboolean resolved;
        gint64 at_ns;
        GArray *sockets;  /* of Socket */
        guint64 left_out; /* past AT_SOCKETS_MAX */
        guint64 expired;  /* in FIN_WAIT_2, ended by the model's timer only */
} AtReport;

/* ── Taking them ─────────────────────────────────────────────────────────── */

static gint64 first_frame_ns(const ReportContext *c) {
        gint64 first_ns = G_MAXINT64;

        for (guint i = 0; i < c->n_captures; i++)
                if (c->captures[i]->frames > 0)
                        first_ns = MIN(first_ns, c->captures[i]->first_ns);
        return first_ns == G_MAXINT64 ? 0 : first_ns;
}

/* The first flow comes long after the first frame. */
static void resolve(AtReport *r) {
        if (!r->resolved)
                r->at_ns = when_resolve(&r->options.when, first_frame_ns(r->report.context));
        r->resolved = TRUE;
}

static const HostEndpoint *endpoint_of(const AtReport *r, const Socket *s) {
        return hosts_find(r->report.context->hosts, &s->local, s->listens ? s->local_port : 0, s->listens);
}

static HostTimers timers_of(const AtReport *r, const Socket *s) {
        const HostEndpoint *e = endpoint_of(r, s);

        return e ? e->timers : host_timers(host_model_default(), NULL);
}

/* Returns: whether the timer that ends the socket's state had run out. */
static gboolean is_over(const AtReport *r, const Socket *s, const HostTimers *timers) {
        gint64 duration_ns = s->timer == STATE_TIME_WAIT ? timers->time_wait_ns : timers->fin_wait_2_ns;

        return s->timer != STATE_UNKNOWN && duration_ns != HOST_FOREVER &&
               r->at_ns - s->timer_ns >= duration_ns;
}

static void take_side(AtReport *r, const FlowRecord *f, guint side) {
        const SideRecord *me = &f->side[side], *peer = &f->side[!side];
        Socket s = { .local = me->address,
                     .remote = peer->address,
                     .local_port = me->port,
                     .remote_port = peer->port,
                     .listens = side == SERVER,
                     .ipv6 = !!f->ipv6,
                     .flow = f->number };
        HostTimers timers = timers_of(r, &s), longest = timers;
        Life life;
        TcpState state;

        if (r->options.has_host && !address_equal(&r->options.host, &me->address))
                return;
        longest.time_wait_ns = MAX(longest.time_wait_ns, AT_TIME_WAIT_NS_MAX);
        longest.fin_wait_2_ns = HOST_FOREVER;
        life_of(&life, f, side, &timers);
        state = life_state_at(&life, &longest, r->at_ns);
        if (state == STATES || state == STATE_CLOSED)
                return;
        if (r->sockets->len == AT_SOCKETS_MAX) {
                r->left_out++;
                return;
        }
        s.state = (guint8)state;
        s.timer = r->at_ns >= life.timer_ns ? life.timer : STATE_UNKNOWN;
        s.timer_ns = life.timer_ns;
        g_array_append_val(r->sockets, s);
}

static void at_flow(Report *report, const FlowRecord *f) {
        AtReport *r = (AtReport *)report;

        resolve(r);
        take_side(r, f, CLIENT);
        take_side(r, f, SERVER);
}

/* Now that all models are known. */
static void drop_what_is_over(AtReport *r) {
        guint kept = 0;

        for (guint i = 0; i < r->sockets->len; i++) {
                const Socket *s = &g_array_index(r->sockets, Socket, i);
                HostTimers timers = timers_of(r, s);
                gboolean over = is_over(r, s, &timers);

                r->expired += over && s->state == STATE_FIN_WAIT_2;
                if (!over)
                        g_array_index(r->sockets, Socket, kept++) = *s;
        }
        g_array_set_size(r->sockets, kept);
}

/* ── Counting them ───────────────────────────────────────────────────────── */

typedef struct Row {
        const Socket *first; /* any socket of the row: it says whose */
        guint64 total, count[STATES];
} Row;

static gint compare_places(const Socket *a, const Socket *b) {
        int order = memcmp(&a->local, &b->local, sizeof a->local);

        if (order != 0)
                return order;
        if (a->listens != b->listens)
                return a->listens ? 1 : -1;
        return a->listens ? (gint)a->local_port - (gint)b->local_port : 0;
}

static gint compare_sockets(gconstpointer a, gconstpointer b) {
        const Socket *x = a, *y = b;
        gint order = compare_places(x, y);

        if (order != 0)
                return order;
        if (x->state != y->state)
                return (gint)x->state - (gint)y->state;
        return x->flow < y->flow ? -1 : x->flow > y->flow;
}

static gint compare_rows(gconstpointer a, gconstpointer b) {
        const Row *x = a, *y = b;

        return x->total > y->total ? -1 : x->total < y->total; /* a stable sort: then by address */
}

/* Returns: (element-type Row): of the sorted sockets. */
static GArray *count_rows(const AtReport *r, guint64 *total) {
        GArray *rows = g_array_new(FALSE, TRUE, sizeof(Row));

        for (guint i = 0; i < r->sockets->len; i++) {
                const Socket *s = &g_array_index(r->sockets, Socket, i);
                Row *row;

                if (rows->len == 0 || compare_places(g_array_index(rows, Row, rows->len - 1).first, s) != 0) {
                        g_array_set_size(rows, rows->len + 1);
                        g_array_index(rows, Row, rows->len - 1).first = s;
                }
                row = &g_array_index(rows, Row, rows->len - 1);
                row->total++;
                row->count[s->state]++;
                total[s->state]++;
        }
        g_array_sort(rows, compare_rows);
        return rows;
}

#define AT_ROWS_MAX 50U
#define AT_COLUMN_GAP 2

static void put_count(Terminal *t, guint64 count, const char *title) {
        g_autoptr(GString) text = g_string_new(NULL);

        count_append(text, count);
        terminal_put(t, ROLE_PLAIN, "  ");
        terminal_put_field(t, count ? ROLE_PLAIN : ROLE_DIM, count ? text->str : "-",
                           -(gint)MAX(terminal_columns(title), 7));
}

static void put_row(const AtReport *r, const Row *row, const guint64 *total, guint width) {
        const HostEndpoint *e = endpoint_of(r, row->first);
        g_autoptr(GString) text = g_string_new(NULL);

        endpoint_append(text, &row->first->local, row->first->listens ? row->first->local_port : 0,
                        row->first->ipv6);
        terminal_put_field(r->terminal, ROLE_STRONG, text->str, (gint)width);
        for (guint state = 0; state < STATES; state++)
                if (total[state])
                        put_count(r->terminal, row->count[state], tcp_state_title(state));
        terminal_put(r->terminal, ROLE_PLAIN, "  ");
        g_string_truncate(text, 0);
        if (e && row->count[STATE_TIME_WAIT])
                words_time_wait(text, e);
        terminal_print(r->terminal, ROLE_DIM, "%s\n", text->str);
}

static void put_titles(const AtReport *r, const guint64 *total, guint width) {
        terminal_put_field(r->terminal, ROLE_DIM, "HOST", (gint)width);
        for (guint state = 0; state < STATES; state++) {
                if (!total[state])
                        continue;
                terminal_put(r->terminal, ROLE_PLAIN, "  ");
                terminal_put_field(r->terminal, ROLE_DIM, tcp_state_title(state),
                                   -(gint)MAX(terminal_columns(tcp_state_title(state)), 7));
        }
        terminal_put(r->terminal, ROLE_DIM, total[STATE_TIME_WAIT] ? "  TIME_WAIT BY\n" : "\n");
}

static void print_counts(const AtReport *r) {
        guint64 total[STATES] = { 0 };
        g_autoptr(GArray) rows = count_rows(r, total);
        g_autoptr(GString) text = g_string_new(NULL);
        guint width = 4;

        for (guint i = 0; i < MIN(rows->len, AT_ROWS_MAX); i++) {
                const Socket *s = g_array_index(rows, Row, i).first;

                endpoint_append(g_string_truncate(text, 0), &s->local, s->listens ? s->local_port : 0, s->ipv6);
                width = MAX(width, terminal_columns(text->str));
        }
        put_titles(r, total, width);
        for (guint i = 0; i < MIN(rows->len, AT_ROWS_MAX); i++)
                put_row(r, &g_array_index(rows, Row, i), total, width);
        if (rows->len > AT_ROWS_MAX) {
                counted_append(g_string_truncate(text, 0), rows->len - AT_ROWS_MAX, "more host");
                terminal_print(r->terminal, ROLE_DIM, "and %s: --host shows one\n", text->str);
        }
}

/* ── Listing them ────────────────────────────────────────────────────────── */

/* As ss writes them. */
static const char *const ss_names[STATES] = {
        [STATE_UNKNOWN] = "UNKNOWN",
        [STATE_CLOSED] = "UNCONN",
        [STATE_LISTEN] = "LISTEN",
        [STATE_SYN_SENT] = "SYN-SENT",
        [STATE_SYN_RECEIVED] = "SYN-RECV",
        [STATE_ESTABLISHED] = "ESTAB",
        [STATE_FIN_WAIT_1] = "FIN-WAIT-1",
        [STATE_FIN_WAIT_2] = "FIN-WAIT-2",
        [STATE_CLOSE_WAIT] = "CLOSE-WAIT",
        [STATE_CLOSING] = "CLOSING",
        [STATE_LAST_ACK] = "LAST-ACK",
        [STATE_TIME_WAIT] = "TIME-WAIT",
};

static void print_socket(const AtReport *r, const Socket *s) {
        HostTimers timers = timers_of(r, s);
        gint64 duration_ns = s->timer == STATE_TIME_WAIT ? timers.time_wait_ns : timers.fin_wait_2_ns;
        g_autoptr(GString) text = g_string_new(NULL);

        terminal_put_field(r->terminal, ROLE_PLAIN, ss_names[s->state], 11);
        terminal_put(r->terminal, ROLE_DIM, "     -      -  ");
        endpoint_append(text, &s->local, s->local_port, s->ipv6);
        terminal_put_field(r->terminal, ROLE_PLAIN, text->str, 26);
        endpoint_append(g_string_truncate(text, 0), &s->remote, s->remote_port, s->ipv6);
        terminal_put_field(r->terminal, ROLE_PLAIN, text->str, 26);
        terminal_print(r->terminal, ROLE_DIM, "#%" G_GUINT64_FORMAT, s->flow);
        if (s->timer != STATE_UNKNOWN && duration_ns != HOST_FOREVER) {
                duration_append(g_string_truncate(text, 0), s->timer_ns + duration_ns - r->at_ns, BOUND_EXACT);
                terminal_print(r->terminal, ROLE_DIM, " timer:(timewait,%s)", text->str);
        }
        terminal_put(r->terminal, ROLE_PLAIN, "\n");
}

static void print_sockets(const AtReport *r) {
        terminal_put(r->terminal, ROLE_DIM, "State      Recv-Q Send-Q  ");
        terminal_put_field(r->terminal, ROLE_DIM, "Local Address:Port", 26);
        terminal_put_field(r->terminal, ROLE_DIM, "Peer Address:Port", 26);
        terminal_put(r->terminal, ROLE_DIM, "Connection\n");
        for (guint i = 0; i < r->sockets->len; i++)
                print_socket(r, &g_array_index(r->sockets, Socket, i));
}

/* ── The output ──────────────────────────────────────────────────────────── */

static void print_head(const AtReport *r) {
        const ReportContext *c = r->report.context;
        g_autoptr(GString) text = g_string_new(NULL);
        gint64 first_ns = first_frame_ns(c);

        counted_append(text, r->sockets->len, "socket");
        g_string_append(text, " at ");
        time_append(text, r->at_ns, c->local_time);
        g_string_append(text, ", ");
        duration_append(text, r->at_ns < first_ns ? first_ns - r->at_ns : r->at_ns - first_ns, BOUND_EXACT);
        g_string_append(text, r->at_ns < first_ns ? " before the capture's first frame"
                                                  : " after the capture's first frame");
        terminal_print(r->terminal, ROLE_STRONG, "%s\n", text->str);
        if (hosts_end_ns(c->hosts) >= r->at_ns || hosts_flows(c->hosts) == 0)
                return;
        duration_append(g_string_truncate(text, 0), r->at_ns - hosts_end_ns(c->hosts), BOUND_EXACT);
        terminal_print(r->terminal, ROLE_WARNING,
                       "The capture ended %s before: what came then is not known.\n", text->str);
}

static void print_notes(const AtReport *r) {
        g_autoptr(GString) text = g_string_new(NULL);

        if (r->expired) {
                counted_append(text, r->expired, "more socket");
                terminal_print(
                    r->terminal, ROLE_DIM,
                    "\nIn FIN_WAIT_2: %s if processes still hold them (shutdown(), not close()).\n",
                    text->str);
        }
        if (r->left_out) {
                counted_append(g_string_truncate(text, 0), r->left_out, "socket");
                terminal_print(r->terminal, ROLE_WARNING, "\n%s more had no room here: ask for one --host.\n",
                               text->str);
        }
}

static gboolean at_end(Report *report, const Summary *s, GError **error) {
        AtReport *r = (AtReport *)report;

        resolve(r);
        drop_what_is_over(r);
        g_array_sort(r->sockets, compare_sockets);
        print_head(r);
        if (r->sockets->len > 0) {
                terminal_put(r->terminal, ROLE_PLAIN, "\n");
                (r->options.sockets ? print_sockets : print_counts)(r);
        }
        print_notes(r);
        return terminal_close(r->terminal, error);
}

static void at_free(Report *report) {
        AtReport *r = (AtReport *)report;

        g_array_unref(r->sockets);
        terminal_free(r->terminal);
        g_free(r);
}

Report *at_report_new(Terminal *t, const AtOptions *options) {
        AtReport *r = g_new0(AtReport, 1);

        r->report.flow = at_flow;
        r->report.end = at_end;
        r->report.free = at_free;
        r->terminal = t;
        r->options = *options;
        r->sockets = g_array_new(FALSE, FALSE, sizeof(Socket));
        return &r->report;
}
