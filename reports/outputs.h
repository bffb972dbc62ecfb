/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The constructors of all outputs. */

#include "html.h"
#include "report.h"
#include "terminal.h"

/* @path: as output_open() takes it */
Report *json_report_new(const char *path, GError **error);
Report *ndjson_report_new(const char *path, GError **error);

/* Outputs for people. @t: (transfer full) */
Report *text_report_new(Terminal *t);
Report *flows_report_new(Terminal *t);
/* @number: of the one flow to show */
Report *ladder_report_new(Terminal *t, guint64 number);

Report *whatif_report_new(Terminal *t);
Report *at_report_new(Terminal *t);
