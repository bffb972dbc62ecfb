/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What the files that write JSON records share. */

#include "analyzer/endpoint.h"
#include "community_id.h"
#include "json.h"
#include "state_cursor.h"
#include "units.h"

#define JSON_REPORT_SCHEMA "lastack-report/1"

/* Most members that are words, by their values. */
typedef struct JsonTexts {
        JsonText close[CLOSE_KINDS];
        JsonText closed_first_by[CLOSED_FIRST_VALUES];
        JsonText roles[ROLES_BASES];
        JsonText vantage[VANTAGES];
        JsonText state[STATES];
        JsonText severity[SEVERITIES];
        JsonText certainty[CERTAINTIES];
        JsonText kind[FINDINGS];        /* of a finding: code and id */
        JsonText entry[STATES];         /* how a state's entry begins... */
        JsonText reason[BASES][EVENTS]; /* ...and how it ends */
} JsonTexts;

#define JSON_MOMENTS 32
#define JSON_MOMENT_USUAL 64 /* so many bytes are copied in any case */
#define JSON_EXPECTED 32

/* A frame and its time: one packet is told of by the states of both ends, and as SYN or FIN. */
typedef struct JsonMoment {
        FrameRef frame;
        gint64 time_ns;
        const char *text; /* where it was written first */
        guint32 run;      /* which of the records' runs that is in: another one may lie over it */
        guint32 n;        /* its length */
} JsonMoment;

struct JsonRecords {
        JsonWriter *writer;
        GString *scratch;
        const JsonTexts *texts;
        struct {
                const FlowRecord *next; /* of those that were said to come; NULL none */
                guint n, at;
                CommunityId ids[JSON_EXPECTED]; /* of these: the one of @next is at @at */
        } expected;
        guint32 run;
        JsonMoment moments[JSON_MOMENTS]; /* the last ones written, each at its frame's remainder */
};

/* Returns: the scratch string, emptied. */
static inline GString *json_scratch(JsonRecords *j) {
        string_end(j->scratch, j->scratch->str);
        return j->scratch;
}

/* A frame number, null when there is none; its file beside it where there are several. */
G_ALWAYS_INLINE static inline char *member_frame(char *at, const ReportContext *c, const char *key, const char *file_key,
                                                 FrameRef frame) {
        if (frame == 0)
                return member_null(at, key);
        at = member_unsigned(at, key, frame_ref_number(frame));
        return c->n_captures > 1 ? member_unsigned(at, file_key, frame_ref_file(frame)) : at;
}

static inline void json_put_frame(JsonWriter *w, const ReportContext *c, const char *key, const char *file_key, FrameRef frame) {
        json_run_end(w, member_frame(json_run_begin(w), c, key, file_key, frame));
}

/* @f: the flow, or at least its addresses */
void json_put_finding(JsonRecords *j, const char *key, const ReportContext *c, const FlowRecord *f, const Finding *finding);
