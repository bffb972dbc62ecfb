/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A sub-command: a file of this folder, and a row in main.c. */

#include <glib.h>

/* What the program's exit status says. */
typedef enum ExitCode {
        EXIT_DONE,
        EXIT_FINDINGS, /* at or above --fail-on */
        EXIT_DAMAGED,  /* a capture could not be read to its end; what could be was reported */
        EXIT_USAGE,    /* a wrong command line; nothing that could be read; a report that could not be written */
} ExitCode;

typedef struct Command {
        const char *name;       /* "flows"; NULL for the one that needs no name */
        const char *parameters; /* as in "lastack flows CAPTURE..." */
        const char *help;       /* what stands above the options in --help */
        const char *examples;   /* what stands below them */
        ExitCode (*run)(const struct Command *c, int argc, char **argv);
} Command;

ExitCode command_report(const Command *c, int argc, char **argv);
ExitCode command_flows(const Command *c, int argc, char **argv);
ExitCode command_show(const Command *c, int argc, char **argv);
ExitCode command_at(const Command *c, int argc, char **argv);
ExitCode command_whatif(const Command *c, int argc, char **argv);
ExitCode command_explain(const Command *c, int argc, char **argv);
ExitCode command_models(const Command *c, int argc, char **argv);
