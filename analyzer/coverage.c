/* SPDX-License-Identifier: BSD-3-Clause */
#include "coverage.h"

#define NO_FILE G_MAXUINT

void coverage_init(Coverage *c) {
        *c = (Coverage){
                .end_ns = G_MININT64,
                .last_file = NO_FILE,
                .breaks = g_array_new(FALSE, FALSE, sizeof(gint64)),
                .known = g_array_new(FALSE, TRUE, sizeof(guint32)),
        };
}

void coverage_clear(Coverage *c) {
        g_array_unref(c->breaks);
        g_array_unref(c->known);
}

void coverage_note_file(Coverage *c, guint file, gint64 time_ns) {
        guint32 *known;

        if (file >= c->known->len)
                g_array_set_size(c->known, file + 1);
        known = &g_array_index(c->known, guint32, file);
        c->last_file = file;
        if (*known > 0) { /* it spans all gaps since it began */
                g_array_set_size(c->breaks, MIN(c->breaks->len, *known - 1));
                return;
        }
        if (c->end_ns != G_MININT64 && time_ns - c->end_ns > COVERAGE_GAP_NS)
                g_array_append_val(c->breaks, c->end_ns);
        *known = c->breaks->len + 1;
}

gint64 coverage_end(const Coverage *c, gint64 time_ns) {
        for (guint i = 0; i < c->breaks->len; i++)
                if (time_ns <= g_array_index(c->breaks, gint64, i))
                        return g_array_index(c->breaks, gint64, i);
        return c->end_ns;
}
