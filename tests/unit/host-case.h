/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A packet script through the whole pipeline, and what was learned of its hosts. */

#include "analyzer/hosts/settings.h"
#include "tests/script.h"

/* @text: a script without its first comment. */
Settings *host_case_run(const char *text);
/* The same; @each gets every flow, too. */
Settings *host_case_run_each(const char *text, void (*each)(const FlowRecord *f, gpointer data), gpointer data);
Settings *host_case_load(const char *path);
