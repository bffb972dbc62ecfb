/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The command line, which all sub-commands share. */

#include "analyzer/hosts/moment.h"
#include "analyzer/hosts/whatif.h"
#include "analyzer/findings.h"
#include "command.h"
#include "reports/outputs.h"
#include "reports/when.h"

/* Outputs to a file, each with its own option; more are added in options.c. */
typedef enum OutputKind {
        OUTPUT_JSON,
        OUTPUT_NDJSON,
        OUTPUT_HTML,
        OUTPUT_KINDS
} OutputKind;

/* GLib keeps a function in an object pointer here: POSIX allows that, ISO C does not. */
#define OPTION_CALLBACK(function) (__extension__(gpointer)(function))

typedef enum ColorMode {
        COLOR_AUTO, /* where standard output is a terminal and NO_COLOR is not set */
        COLOR_ALWAYS,
        COLOR_NEVER,
} ColorMode;

typedef struct Options {
        char *filter; /* BPF, or NULL */
        char *output_paths[OUTPUT_KINDS];
        gint64 linger_ns;
        guint fail_on; /* Severity; SEVERITIES for never */
        ColorMode color;
        gboolean quiet;
        gboolean local_time;
        gboolean use_libpcap;
        gboolean stats;
        guint64 memory_bytes; /* budget of the whole program */
        gboolean memory_given; /* it is the user's */
        int jobs; /* 1 to WORKERS_MAX */
        gboolean help, version;
        gdouble linger_seconds;
        char *host;       /* of lastack at, or NULL */
        gboolean sockets; /* of lastack at */
        When when;        /* of lastack at */
        Moment *moment;   /* at @when; set by that command, NULL in all others */
        char **set;       /* of lastack whatif, or NULL */
        WhatIf *whatif;   /* what @set says; set by that command, NULL in all others */
        GArray *hosts;    /* of HostGiven: what was said of hosts, in its order */
        char **arguments; /* what is not an option; never NULL */
} Options;

/* Returns: (transfer full): the arguments with "-j8" as "-j" and "8", which GLib wants apart. */
char **options_words(int argc, char **argv);

/**
 * options_find_command:
 * @c: any command: all have the same options
 *
 * Returns: the index of the first argument that is neither an option nor an option's value; 0 if there is none, if it
 * stands behind "--", or if the options are wrong (options_parse() says how).
 */
int options_find_command(const Command *c, int argc, char **argv);

/**
 * options_parse:
 * Errors, --help and --version are dealt with and printed here.
 *
 * Returns: NULL if the program shall end with @code.
 */
Options *options_parse(const Command *c, int argc, char **argv, ExitCode *code);

/* Prints what --help prints. */
void options_print_help(const Command *c);

/* Says on standard error what is wrong with the command line. Returns: EXIT_USAGE */
ExitCode options_complain(const Command *c, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Returns: where text for a person goes; NULL with --quiet, and where another output has standard output. */
Terminal *options_terminal(const Options *o);

/* Returns: (transfer full): the reports to files; NULL with @error set if one cannot be written. */
GPtrArray *options_reports(const Options *o, GError **error);

void options_free(Options *o);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Options, options_free)
