/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What the files that write JSON records share. */

#include "json.h"
#include "state_cursor.h"

#define JSON_REPORT_SCHEMA "lastack-report/1"

struct JsonRecords {
        JsonWriter *writer;
        GString *scratch;
        GChecksum *sha1;
};

/* Returns: the scratch string, emptied. */
static inline GString *json_scratch(JsonRecords *j) {
        return g_string_truncate(j->scratch, 0);
}

/* A frame number, null when there is none; its file beside it where there are several. */
void json_put_frame(JsonWriter *w, const ReportContext *c, const char *key, const char *file_key, FrameRef frame);

/* @f: the flow, or at least its addresses */
void json_put_finding(JsonRecords *j, const char *key, const ReportContext *c, const FlowRecord *f, const Finding *finding);
