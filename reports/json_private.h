/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What the files that write JSON records share. */

#include "analyzer/endpoint.h"
#include "json.h"
#include "state_cursor.h"

#define JSON_REPORT_SCHEMA "lastack-report/1"

/* The words of most members, by their values. */
typedef struct JsonWords {
        JsonWord close[CLOSE_KINDS];
        JsonWord closed_first_by[CLOSED_FIRST_VALUES];
        JsonWord roles[ROLES_BASES];
        JsonWord vantage[VANTAGES];
        JsonWord state[STATES];
        JsonWord basis[BASES];
        JsonWord event[EVENTS];
} JsonWords;

struct JsonRecords {
        JsonWriter *writer;
        GString *scratch;
        JsonWords words;
};

/* Returns: the scratch string, emptied. */
static inline GString *json_scratch(JsonRecords *j) {
        return g_string_truncate(j->scratch, 0);
}

/* A frame number, null when there is none; its file beside it where there are several. */
G_ALWAYS_INLINE static inline void json_put_frame(JsonWriter *w, const ReportContext *c, const char *key,
                                                  const char *file_key, FrameRef frame) {
        if (frame == 0) {
                json_put_null(w, key);
                return;
        }
        json_put_unsigned(w, key, frame_ref_number(frame));
        if (c->n_captures > 1)
                json_put_unsigned(w, file_key, frame_ref_file(frame));
}

/* @f: the flow, or at least its addresses */
void json_put_finding(JsonRecords *j, const char *key, const ReportContext *c, const FlowRecord *f, const Finding *finding);
