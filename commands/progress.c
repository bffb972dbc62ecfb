/* SPDX-License-Identifier: BSD-3-Clause */

#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#include "reports/units.h"

#define PROGRESS_FIRST_US 1000000
#define PROGRESS_EVERY_US 200000

Progress progress_new(gboolean quiet) {
        return (Progress){
                .wanted = !quiet && isatty(STDERR_FILENO),
                .next_us = g_get_monotonic_time() + PROGRESS_FIRST_US,
        };
}

static void show(const Merge *m) {
        g_autoptr(GString) text = g_string_new("\r");
        guint64 frames = 0, offset = 0, bytes = 0;
        gboolean sized = TRUE;

        for (guint i = 0; i < merge_captures(m); i++) {
                const CaptureInfo *info = merge_info(m, i);

                frames += info->frames;
                offset += info->file_offset;
                bytes += info->file_bytes;
                sized &= info->file_bytes > 0;
        }
        if (sized)
                g_string_append_printf(text, "%3u %%  ", (guint)MIN(100, offset * 100.0 / (double)bytes));
        bytes_append(text, offset);
        g_string_append(text, " read, ");
        counted_append(text, frames, "frame");
        g_string_append(text, "\033[K");
        fputs(text->str, stderr);
}

void progress_update(Progress *p, const Merge *m) {
        if (!p->wanted || g_get_monotonic_time() < p->next_us)
                return;
        show(m);
        p->shown = TRUE;
        p->next_us = g_get_monotonic_time() + PROGRESS_EVERY_US;
}

void progress_end(Progress *p) {
        if (p->shown)
                fputs("\r\033[K", stderr);
}
