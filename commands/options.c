/* SPDX-License-Identifier: BSD-3-Clause */

#include "options.h"
#include "workers.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "config.h"
#include "host_options.h"

#define LINGER_SECONDS_MAX 1e9
#define WITH_VALUE "fj" /* short options that have one */

static const struct {
        const char *option;
        const char *description;
        Report *(*new)(const char *path, GError **error);
} outputs[] = {
        [OUTPUT_JSON] = { "json", "Write one JSON document ('-' is standard output)", json_report_new },
        [OUTPUT_NDJSON] = { "ndjson", "Write a JSON line per flow, capture and summary", ndjson_report_new },
        [OUTPUT_HTML] = { "html", "Write one self-contained page", html_report_new },
};
G_STATIC_ASSERT(G_N_ELEMENTS(outputs) == OUTPUT_KINDS);

/* ── Words to values ─────────────────────────────────────────────────────── */

static gboolean set_word_error(GError **error, const char *option, const char *value, const char *choices) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: '%s' is not one of %s", option, value, choices);
        return FALSE;
}

static gboolean parse_fail_on(const char *option, const char *value, gpointer data, GError **error) {
        Options *o = data;

        o->fail_on = severity_parse(value);
        return o->fail_on < SEVERITIES || set_word_error(error, option, value, "info, notice, warning, error");
}

static gboolean parse_color(const char *option, const char *value, gpointer data, GError **error) {
        static const char *const words[] = { "auto", "always", "never" };
        Options *o = data;

        for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
                if (g_strcmp0(value, words[i]) == 0) {
                        o->color = i;
                        return TRUE;
                }
        }
        return set_word_error(error, option, value, "auto, always, never");
}

/* Below this not even the fixed tables have room. */
#define MEMORY_MIN (64 * G_GUINT64_CONSTANT(1048576))

static gboolean parse_memory(const char *option, const char *value, gpointer data, GError **error) {
        static const char units[] = "KMGT";
        Options *o = data;
        char *end;
        guint64 n = g_ascii_strtoull(value, &end, 10);
        const char *unit = *end ? strchr(units, g_ascii_toupper(*end)) : NULL;
        guint shift = unit ? 10 * (guint)(unit - units + 1) : 0;

        if (end == value || (*end && (!unit || end[1])) || n > G_MAXUINT64 >> shift || n << shift < MEMORY_MIN) {
                g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: '%s' is no size from 64M on, as 512M or 4G", option, value);
                return FALSE;
        }
        o->memory_bytes = n << shift;
        o->memory_given = TRUE;
        return TRUE;
}

static gboolean parse_reader(const char *option, const char *value, gpointer data, GError **error) {
        Options *o = data;

        o->use_libpcap = g_strcmp0(value, "libpcap") == 0;
        return o->use_libpcap || g_strcmp0(value, "own") == 0 || set_word_error(error, option, value, "own, libpcap");
}

/* ── Parsing ─────────────────────────────────────────────────────────────── */

static void add_output_entries(GOptionGroup *group, Options *o) {
        for (guint i = 0; i < OUTPUT_KINDS; i++) {
                GOptionEntry entries[] = {
                        { outputs[i].option, 0, 0, G_OPTION_ARG_FILENAME, &o->output_paths[i], outputs[i].description, "FILE" },
                        G_OPTION_ENTRY_NULL,
                };

                g_option_group_add_entries(group, entries);
        }
}

static GOptionContext *make_context(const Command *c, Options *o) {
        GOptionContext *context = g_option_context_new(c->parameters);
        GOptionGroup *group = g_option_group_new(NULL, NULL, NULL, o, NULL);
        const GOptionEntry entries[] = {
                { "filter", 'f', 0, G_OPTION_ARG_STRING, &o->filter, "Read only what matches, as tcpdump does: 'port 80'", "FILTER" },
                { "linger", 0, 0, G_OPTION_ARG_DOUBLE, &o->linger_seconds, "A FIN_WAIT_2 this long is a finding (60)", "SECONDS" },
                { "fail-on", 0, 0, G_OPTION_ARG_CALLBACK, OPTION_CALLBACK(parse_fail_on),
                  "Exit with 1 if a finding is that bad: info, notice, warning, error", "SEVERITY" },
                { "quiet", 'q', 0, G_OPTION_ARG_NONE, &o->quiet, "Print nothing but errors", NULL },
                { "local-time", 0, 0, G_OPTION_ARG_NONE, &o->local_time, "Times in the local zone, not in UTC", NULL },
                { "color", 0, 0, G_OPTION_ARG_CALLBACK, OPTION_CALLBACK(parse_color), "auto, always or never", "WHEN" },
                { "jobs", 'j', 0, G_OPTION_ARG_INT, &o->jobs, "Threads to run (as many as there are cores)", "N" },
                { "memory", 0, 0, G_OPTION_ARG_CALLBACK, OPTION_CALLBACK(parse_memory),
                  "Hold no more than this, as 512M (a quarter of the machine's)", "SIZE" },
                { "stats", 0, 0, G_OPTION_ARG_NONE, &o->stats, "Say on standard error where time and memory went", NULL },
                { "reader", 0, 0, G_OPTION_ARG_CALLBACK, OPTION_CALLBACK(parse_reader), "Read captures by 'own' code or 'libpcap'", "READER" },
                { "host", 0, 0, G_OPTION_ARG_STRING, &o->host, "at: only this address", "ADDRESS" },
                { "sockets", 0, 0, G_OPTION_ARG_NONE, &o->sockets, "at: list the sockets, as ss does", NULL },
                { "set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->set, "whatif: tcp_fin_timeout=30; can be repeated", "NAME=VALUE" },
                { "help", 'h', 0, G_OPTION_ARG_NONE, &o->help, "Print this", NULL },
                { "version", 0, 0, G_OPTION_ARG_NONE, &o->version, "Print the version", NULL },
                { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->arguments, NULL, NULL },
                G_OPTION_ENTRY_NULL,
        };

        add_output_entries(group, o);
        g_option_group_add_entries(group, entries);
        host_options_add(group);
        g_option_context_set_main_group(context, group);
        g_option_context_set_help_enabled(context, FALSE); /* GLib's own is printed before the rest is parsed */
        g_option_context_set_summary(context, c->help);
        g_option_context_set_description(context, c->examples);
        return context;
}

static Options *options_new(void) {
        Options *o = g_new0(Options, 1);

        o->fail_on = SEVERITIES;
        o->linger_seconds = 60;
        o->memory_bytes = MAX((guint64)sysconf(_SC_PHYS_PAGES) * (guint64)sysconf(_SC_PAGESIZE) / 4, MEMORY_MIN);
        o->jobs = (int)MIN(g_get_num_processors(), WORKERS_MAX);
        o->hosts = g_array_new(FALSE, FALSE, sizeof(HostGiven));
        return o;
}

/* Returns: whether at most one output goes to standard output. */
static gboolean one_on_stdout(const Options *o) {
        guint n = 0;

        for (guint i = 0; i < OUTPUT_KINDS; i++)
                n += g_strcmp0(o->output_paths[i], "-") == 0;
        return n <= 1;
}

char **options_words(int argc, char **argv) {
        GPtrArray *words = g_ptr_array_new();
        gboolean options = TRUE;

        for (int i = 0; i < argc; i++) {
                const char *word = argv[i];

                options &= strcmp(word, "--") != 0;
                if (options && i > 0 && word[0] == '-' && word[1] && word[2] && strchr(WITH_VALUE, word[1])) {
                        g_ptr_array_add(words, g_strndup(word, 2));
                        word += 2;
                }
                g_ptr_array_add(words, g_strdup(word));
        }
        g_ptr_array_add(words, NULL);
        return (char **)g_ptr_array_free(words, FALSE);
}

int options_find_command(const Command *c, int argc, char **argv) {
        g_autoptr(Options) o = options_new();
        g_autoptr(GOptionContext) context = make_context(c, o);
        g_auto(GStrv) copy = g_strdupv(argv);
        int at;

        g_option_context_set_strict_posix(context, TRUE); /* options end at the first word that is none */
        if (!g_option_context_parse_strv(context, &copy, NULL) || !o->arguments)
                return 0;
        at = argc - (int)g_strv_length(o->arguments);
        return strcmp(argv[at - 1], "--") == 0 ? 0 : at;
}

Options *options_parse(const Command *c, int argc, char **argv, ExitCode *code) {
        g_autoptr(Options) o = options_new();
        g_autoptr(GOptionContext) context = make_context(c, o);
        g_autoptr(GError) error = NULL;

        *code = EXIT_USAGE;
        if (!g_option_context_parse(context, &argc, &argv, &error)) {
                options_complain(c, "%s", error->message);
                return NULL;
        }
        if (o->help || o->version) {
                if (o->help)
                        options_print_help(c);
                else
                        g_print("lastack %s\n", LASTACK_VERSION);
                *code = EXIT_DONE;
                return NULL;
        }
        if (!(o->linger_seconds >= 0 && o->linger_seconds <= LINGER_SECONDS_MAX)) {
                options_complain(c, "--linger: not a number of seconds from 0 to %.0f", LINGER_SECONDS_MAX);
                return NULL;
        }
        if (o->jobs < 1 || o->jobs > (int)WORKERS_MAX) {
                options_complain(c, "--jobs: not a number of threads from 1 to %u", WORKERS_MAX);
                return NULL;
        }
        if (!one_on_stdout(o)) {
                options_complain(c, "only one output can go to standard output");
                return NULL;
        }
        o->linger_ns = (gint64)(o->linger_seconds * 1e9);
        if (!o->arguments)
                o->arguments = g_new0(char *, 1);
        return g_steal_pointer(&o);
}

void options_print_help(const Command *c) {
        g_autoptr(Options) o = options_new();
        g_autoptr(GOptionContext) context = make_context(c, o);
        g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
        g_auto(GStrv) parts = g_strsplit(help, "[OPTION…]", 2); /* not ASCII, and without the command */

        g_print("%slastack%s%s [OPTION...]%s", "Usage:\n  ", c->name ? " " : "", c->name ? c->name : "", parts[1]);
}

ExitCode options_complain(const Command *c, const char *format, ...) {
        g_autofree char *message = NULL;
        va_list arguments;

        va_start(arguments, format);
        message = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        g_printerr("lastack: %s\nTry: lastack%s%s --help\n", message, c->name ? " " : "", c->name ? c->name : "");
        return EXIT_USAGE;
}

/* ── Where output goes ───────────────────────────────────────────────────── */

static gboolean wants_color(const Options *o) {
        const char *no_color = g_getenv("NO_COLOR"); /* no-color.org: set and not empty */

        if (o->color != COLOR_AUTO)
                return o->color == COLOR_ALWAYS;
        return isatty(STDOUT_FILENO) && !(no_color && *no_color) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
}

static guint output_width(void) {
        struct winsize size;
        const char *columns = g_getenv("COLUMNS");

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
                return size.ws_col;
        return columns && atoi(columns) > 0 ? (guint)atoi(columns) : TERMINAL_WIDTH_DEFAULT;
}

Terminal *options_terminal(const Options *o) {
        for (guint i = 0; i < OUTPUT_KINDS; i++)
                if (g_strcmp0(o->output_paths[i], "-") == 0)
                        return NULL;
        return o->quiet ? NULL : terminal_new(output_open("-", NULL), wants_color(o), output_width());
}

GPtrArray *options_reports(const Options *o, GError **error) {
        g_autoptr(GPtrArray) reports = g_ptr_array_new_with_free_func((GDestroyNotify)report_free);

        for (guint i = 0; i < OUTPUT_KINDS; i++) {
                Report *r;

                if (!o->output_paths[i])
                        continue;
                r = outputs[i].new(o->output_paths[i], error);
                if (!r)
                        return NULL;
                g_ptr_array_add(reports, r);
        }
        return g_steal_pointer(&reports);
}

void options_free(Options *o) {
        if (!o)
                return;
        for (guint i = 0; i < OUTPUT_KINDS; i++)
                g_free(o->output_paths[i]);
        g_array_unref(o->hosts);
        g_free(o->filter);
        g_free(o->host);
        g_strfreev(o->set);
        whatif_free(o->whatif);
        moment_free(o->moment);
        g_strfreev(o->arguments);
        g_free(o);
}
