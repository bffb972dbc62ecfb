/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The records of lastack as JSON; the words are those of schema/lines.schema.json and never change. */

#include "json_writer.h"
#include "summary.h"

#define JSON_SCHEMA "lastack/1" /* of everything but the report document */

/* Scratch space for writing many records; one per output. */
typedef struct JsonRecords JsonRecords;

typedef enum JsonFlowOptions {
        JSON_FLOW_PLAIN = 0,
        JSON_FLOW_PACKETS = 1 << 0, /* with the packets of its timeline */
} JsonFlowOptions;

/* @w: stays the caller's */
JsonRecords *json_records_new(JsonWriter *w);
void json_records_free(JsonRecords *j);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JsonRecords, json_records_free)

/* The next flows are these, in one piece of memory. */
void json_records_expect(JsonRecords *j, const FlowRecord *f, guint n);

/* Each writes one object; @key as in json_writer.h. */
void json_records_flow(JsonRecords *j, const char *key, const ReportContext *c, const FlowRecord *f,
                       JsonFlowOptions options);
void json_records_capture(JsonRecords *j, const char *key, const ReportContext *c, guint file);
void json_records_summary(JsonRecords *j, const char *key, const ReportContext *c, const Summary *s);

/*
 * The members of the report document that follow its flows: captures, summary, findings by kind with the
 * catalogue's words, hosts.
 */
void json_records_rest(JsonRecords *j, const ReportContext *c, const Summary *s);
