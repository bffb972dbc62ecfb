/* SPDX-License-Identifier: BSD-3-Clause */

#include "report.h"

void report_begin(Report *r, const ReportContext *context) {
        r->context = context;
        if (r->begin)
                r->begin(r);
}

void report_flows(Report *r, const FlowRecord *f, guint n) {
        if (r->expect)
                r->expect(r, f, n);
        for (guint i = 0; i < n; i++)
                r->flow(r, &f[i]);
        if (r->context->at_once && r->flush)
                r->flush(r);
}

gboolean report_end(Report *r, const Summary *s, GError **error) {
        return r->end(r, s, error);
}

void report_free(Report *r) {
        if (r)
                r->free(r);
}

gint64 report_first_ns(const ReportContext *c) {
        gint64 first_ns = G_MAXINT64;

        for (guint i = 0; i < c->n_captures; i++)
                if (c->captures[i]->frames > 0)
                        first_ns = MIN(first_ns, c->captures[i]->first_ns);
        return first_ns == G_MAXINT64 ? 0 : first_ns;
}
