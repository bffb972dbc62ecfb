/* SPDX-License-Identifier: BSD-3-Clause */

#include "report.h"

void report_begin(Report *r, const ReportContext *context) {
        r->context = context;
        if (r->begin)
                r->begin(r);
}

void report_flow(Report *r, const FlowRecord *f) {
        r->flow(r, f);
}

gboolean report_end(Report *r, const Summary *s, GError **error) {
        return r->end(r, s, error);
}

void report_free(Report *r) {
        if (r)
                r->free(r);
}
