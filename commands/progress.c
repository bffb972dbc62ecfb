/* SPDX-License-Identifier: BSD-3-Clause */

#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#include "reports/units.h"

#define PROGRESS_FIRST_US 1000000
#define PROGRESS_EVERY_US 200000

Progress progress_new(gboolean quiet) {
        gint64 now_us = g_get_monotonic_time();

        return (Progress){
                .wanted = !quiet && isatty(STDERR_FILENO),
                .started_us = now_us,
                .next_us = now_us + PROGRESS_FIRST_US,
        };
}

void progress_describe(GString *text, guint64 offset, guint64 bytes, guint64 frames, gint64 elapsed_us) {
        double us = (double)MAX(elapsed_us, 1), rate = (double)offset / us;

        if (bytes > 0)
                g_string_append_printf(text, "%3u %%  ", (guint)MIN(100, (double)offset * 100 / (double)bytes));
        bytes_append(text, offset);
        g_string_append(text, " read, ");
        counted_append(text, frames, "frame");
        g_string_append(text, ", ");
        bytes_append(text, (guint64)(rate * 1e6));
        g_string_append(text, "/s");
        if (bytes <= offset || offset == 0)
                return;
        g_string_append(text, ", ");
        duration_append(text, (gint64)((double)(bytes - offset) / rate / 1e6 + 1) * NS_PER_SECOND, BOUND_EXACT);
        g_string_append(text, " left");
}

static void show(const Merge *m, gint64 elapsed_us) {
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
        progress_describe(text, offset, sized ? bytes : 0, frames, elapsed_us);
        g_string_append(text, "\033[K");
        fputs(text->str, stderr);
}

void progress_update(Progress *p, const Merge *m) {
        gint64 now_us;

        if (!p->wanted || (now_us = g_get_monotonic_time()) < p->next_us)
                return;
        show(m, now_us - p->started_us);
        p->shown = TRUE;
        p->next_us = now_us + PROGRESS_EVERY_US;
}

void progress_end(Progress *p) {
        if (p->shown)
                fputs("\r\033[K", stderr);
}
