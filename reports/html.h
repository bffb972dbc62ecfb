/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The report as one self-contained page.  What it looks like stands in html/ (page, style, script); this
 * file joins those with the report document that the script draws.
 */

#include "report.h"

/* Flows that a page holds, the worst first: some 20 MB, which a browser still opens at once. */
#define HTML_FLOWS_MAX 2000

/**
 * html_report_new:
 * @path: as output_open() takes it
 * @error: as output_open() sets it
 */
Report *html_report_new(const char *path, GError **error);
