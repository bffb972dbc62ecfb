/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The page of the HTML report: the files under html/, which are compiled in (html/embed.py). NUL-terminated. */

extern const char html_page_html[];
extern const char html_style_css[];
extern const char html_script_js[];
