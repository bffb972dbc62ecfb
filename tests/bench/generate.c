/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Writes a capture of made-up connections and, beside it, what is in it.  The
 * same options make the same bytes, on any machine.
 *
 * Connections overlap as they do on a busy link: a heap holds those that have
 * packets left by the time of their next one.  Memory is that of the connections
 * under way, whatever the length of the capture.
 */

#include "connection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define START_NS (G_GINT64_CONSTANT(1704067200) * 1000000000) /* 2024-01-01T00:00:00Z */
#define ARP_EVERY 1000
#define CLOSES_MAX 16
#define SNAPLEN_IPV6 86U /* Ethernet, IPv6, TCP with timestamps */

typedef struct Entry {
        gint64 time_ns;
        Connection *connection;
} Entry;

typedef struct Count {
        const char *close;
        guint64 n;
} Count;

typedef struct Run {
        Plan plan;
        guint64 connections_max; /* G_MAXUINT64 when only the packets end it */
        guint64 random;
        Writer *writer;
        GArray *heap;     /* Entry, the earliest first */
        GPtrArray *spare; /* connections to be used again */
        gint64 next_start_ns, last_ns;
        guint64 numbers;  /* of 4-tuples handed out */
        guint64 begun;    /* connections that are in the capture, or will be */
        guint64 packets, tcp_packets, connections, reused, open_max;
        Count closes[CLOSES_MAX];
} Run;

/* ── The connections under way ───────────────────────────────────────────── */

static void heap_sift_down(GArray *heap) {
        Entry *e = (Entry *)(void *)heap->data, moved = e[0];
        guint at = 0, child;

        while ((child = 2 * at + 1) < heap->len) {
                if (child + 1 < heap->len && e[child + 1].time_ns < e[child].time_ns)
                        child++;
                if (moved.time_ns <= e[child].time_ns)
                        break;
                e[at] = e[child];
                at = child;
        }
        e[at] = moved;
}

static void heap_push(GArray *heap, Entry pushed) {
        g_array_append_val(heap, pushed);

        Entry *e = (Entry *)(void *)heap->data;
        guint at = heap->len - 1;
        for (; at > 0 && pushed.time_ns < e[(at - 1) / 2].time_ns; at = (at - 1) / 2)
                e[at] = e[(at - 1) / 2];
        e[at] = pushed;
}

static void heap_pop(GArray *heap) {
        g_array_index(heap, Entry, 0) = g_array_index(heap, Entry, heap->len - 1);
        g_array_set_size(heap, heap->len - 1);
        if (heap->len > 0)
                heap_sift_down(heap);
}

static void begin_connection(Run *run) {
        Connection *c = run->spare->len ? g_ptr_array_steal_index_fast(run->spare, run->spare->len - 1)
                                        : g_new(Connection, 1);
        gint64 interval_ns = run->plan.duration_ns / (gint64)run->plan.connections;

        connection_init(c, &run->plan, run->numbers++, run->next_start_ns, &run->random);
        heap_push(run->heap, (Entry){connection_peek(c)->time_ns, c});
        run->begun++;
        run->open_max = MAX(run->open_max, run->heap->len);
        run->next_start_ns += (gint64)((random_next(&run->random) >> 32) * (guint64)(2 * interval_ns + 1) >> 32);
}

static void count_close(Run *run, const char *close) {
        Count *count = run->closes;

        if (close == NULL)
                return;
        while (count->close && strcmp(count->close, close) != 0)
                count++;
        g_assert(count < run->closes + CLOSES_MAX);
        count->close = close;
        count->n++;
}

/* Writes the earliest packet. */
static void write_packet(Run *run) {
        Entry *top = &g_array_index(run->heap, Entry, 0);
        Connection *c = top->connection;
        const Packet *p = connection_peek(c);

        if (!c->counted) {
                c->counted = TRUE;
                run->connections++;
        }
        run->last_ns = p->time_ns;
        writer_put(run->writer, &c->ends, p);
        run->packets++;
        run->tcp_packets++;
        c->next_packet++;

        p = connection_peek(c);
        if (p == NULL) {
                count_close(run, connection_close(c));
                if (run->begun < run->connections_max && connection_reuse(c)) {
                        run->begun++;
                        run->reused++;
                        p = connection_peek(c);
                }
        }
        if (p) {
                top->time_ns = p->time_ns;
                heap_sift_down(run->heap);
        } else {
                heap_pop(run->heap);
                g_ptr_array_add(run->spare, c);
        }
}

static void generate(Run *run) {
        guint64 packets_max = run->plan.packets ? run->plan.packets : G_MAXUINT64;

        while (run->packets < packets_max) {
                gboolean more = run->begun < run->connections_max;

                if (run->heap->len == 0 && !more)
                        break;
                if (more && (run->heap->len == 0
                             || run->next_start_ns <= g_array_index(run->heap, Entry, 0).time_ns)) {
                        begin_connection(run);
                        continue;
                }
                if (run->packets % ARP_EVERY == ARP_EVERY - 1) {
                        writer_put_arp(run->writer, g_array_index(run->heap, Entry, 0).time_ns);
                        run->packets++;
                        continue;
                }
                write_packet(run);
        }
}

/* ── What is in the capture ──────────────────────────────────────────────── */

static char *expectation(const Run *run, guint64 bytes) {
        GString *s = g_string_new(NULL);
        guint64 certain = 0;

        g_string_append_printf(s, "{\"packets\":%" G_GUINT64_FORMAT ",\"tcp_packets\":%" G_GUINT64_FORMAT
                               ",\"connections\":%" G_GUINT64_FORMAT ",\"reused\":%" G_GUINT64_FORMAT
                               ",\"open_at_once\":%" G_GUINT64_FORMAT ",\"bytes\":%" G_GUINT64_FORMAT
                               ",\"duration_ns\":%" G_GINT64_FORMAT ",\n \"close\":{",
                               run->packets, run->tcp_packets, run->connections, run->reused, run->open_max,
                               bytes, run->last_ns - START_NS);
        for (const Count *count = run->closes; count->close; count++) {
                g_string_append_printf(s, "%s\"%s\":%" G_GUINT64_FORMAT, count == run->closes ? "" : ",",
                                       count->close, count->n);
                certain += count->n;
        }
        /* Cut by the end of the capture, or of a kind that no capture settles: they may count anywhere. */
        g_string_append_printf(s, "},\n \"close_uncertain\":%" G_GUINT64_FORMAT "}\n", run->connections - certain);
        return g_string_free(s, FALSE);
}

/* ── The command line ────────────────────────────────────────────────────── */

typedef struct Options {
        char *kind, *format, *output, *expect;
        gint64 connections, packets, seed;
        int snaplen;
        double hours;
} Options;

static const char *const kind_names[KINDS] = {
        [KIND_WEB] = "web", [KIND_SHORT] = "short", [KIND_BULK] = "bulk", [KIND_FLOOD] = "flood",
};

/* As much as fits the kind: headers only for what is about connections, whole packets for what is about data. */
static const guint kind_snaplens[KINDS] = {
        [KIND_WEB] = 262144, [KIND_SHORT] = 66, [KIND_BULK] = 262144, [KIND_FLOOD] = 262144,
};

static gboolean options_parse(Options *o, int *argc, char ***argv, GError **error) {
        const GOptionEntry entries[] = {
                {"kind", 'k', 0, G_OPTION_ARG_STRING, &o->kind, "web, short, bulk or flood", "KIND"},
                {"connections", 'n', 0, G_OPTION_ARG_INT64, &o->connections, "end after so many", "N"},
                {"packets", 'p', 0, G_OPTION_ARG_INT64, &o->packets, "end after so many", "N"},
                {"hours", 0, 0, G_OPTION_ARG_DOUBLE, &o->hours, "over which connections start (1)", "H"},
                {"seed", 0, 0, G_OPTION_ARG_INT64, &o->seed, "of all that is by chance", "N"},
                {"snaplen", 0, 0, G_OPTION_ARG_INT, &o->snaplen, "cut frames to so many bytes", "N"},
                {"format", 0, 0, G_OPTION_ARG_STRING, &o->format, "pcap or pcapng", "FORMAT"},
                {"output", 'o', 0, G_OPTION_ARG_FILENAME, &o->output, "else standard output", "FILE"},
                {"expect", 0, 0, G_OPTION_ARG_FILENAME, &o->expect, "what is in it (OUTPUT.json)", "FILE"},
                {0},
        };
        g_autoptr(GOptionContext) context = g_option_context_new("- writes a made-up capture");

        g_option_context_add_main_entries(context, entries, NULL);
        if (!g_option_context_parse(context, argc, argv, error))
                return FALSE;
        o->kind = o->kind ? o->kind : g_strdup("web");
        o->format = o->format ? o->format : g_strdup("pcap");
        return TRUE;
}

static gboolean run_init(Run *run, const Options *o, GError **error) {
        guint kind = 0;

        while (kind < KINDS && g_strcmp0(o->kind, kind_names[kind]) != 0)
                kind++;
        gboolean format_known = g_str_equal(o->format, "pcap") || g_str_equal(o->format, "pcapng");
        if (kind == KINDS || !format_known || o->connections < 0 || o->packets < 0 || o->hours < 0
            || (o->snaplen && o->snaplen < 54)) {
                g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                            "--kind and --format must be known words, numbers not negative, --snaplen at least 54");
                return FALSE;
        }
        guint snaplen = o->snaplen ? (guint)o->snaplen : kind_snaplens[kind];
        *run = (Run){
                .plan = {
                        .kind = (Kind)kind,
                        .connections = (guint64)o->connections,
                        .packets = (guint64)o->packets,
                        .duration_ns = (gint64)(o->hours * 3600e9),
                        .ipv6 = snaplen >= SNAPLEN_IPV6,
                },
                .random = (guint64)o->seed,
                .next_start_ns = START_NS,
                .last_ns = START_NS,
                .heap = g_array_new(FALSE, FALSE, sizeof(Entry)),
                .spare = g_ptr_array_new_with_free_func(g_free),
        };
        Plan *plan = &run->plan;
        if (kind == KIND_BULK && plan->packets == 0)
                plan->packets = 100000;
        if (plan->connections == 0 && kind == KIND_BULK)
                plan->connections = 24;
        run->connections_max = plan->connections;
        if (plan->connections == 0) {
                run->connections_max = plan->packets ? G_MAXUINT64 : 10000;
                plan->connections = plan->packets ? plan->packets / connection_packets_mean(plan->kind) + 1 : 10000;
        }
        return TRUE;
}

static void run_clear(Run *run) {
        for (guint i = 0; i < run->heap->len; i++)
                g_free(g_array_index(run->heap, Entry, i).connection);
        g_array_unref(run->heap);
        g_ptr_array_unref(run->spare);
}

static gboolean run_write(Run *run, const Options *o, GError **error) {
        guint snaplen = o->snaplen ? (guint)o->snaplen : kind_snaplens[run->plan.kind];
        g_autofree char *expect = o->expect ? g_strdup(o->expect)
                                : o->output ? g_strconcat(o->output, ".json", NULL) : NULL;
        int fd = o->output ? open(o->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : STDOUT_FILENO;

        if (fd < 0) {
                g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", o->output, g_strerror(errno));
                return FALSE;
        }
        g_autoptr(Writer) writer = writer_new(fd, g_str_equal(o->format, "pcapng"), snaplen);
        run->writer = writer;
        generate(run);
        g_autofree char *text = expectation(run, writer_flush(writer));
        if (o->output)
                close(fd);
        return expect == NULL || g_file_set_contents(expect, text, -1, error);
}

int main(int argc, char **argv) {
        Options o = {.seed = 1, .hours = 1};
        g_autoptr(GError) error = NULL;
        Run run = {0};
        gboolean ok = options_parse(&o, &argc, &argv, &error) && run_init(&run, &o, &error);

        if (ok) {
                ok = run_write(&run, &o, &error);
                run_clear(&run);
        }
        if (!ok)
                g_printerr("%s: %s\n", g_get_prgname(), error->message);
        g_free(o.kind);
        g_free(o.format);
        g_free(o.output);
        g_free(o.expect);
        return ok ? 0 : 3;
}
