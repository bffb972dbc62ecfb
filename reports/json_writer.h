/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Writes JSON as it comes, without building a document: a library's tree costs 3 µs a
 * record where this costs a tenth of it, and a report may have millions of records.
 *
 * @key is the member's name inside an object (plain ASCII, written as it is) and NULL inside an array
 * and at the top.  Keeping the nesting right is the caller's duty; it is asserted.
 */

#include <glib.h>

#include "output.h"

#define JSON_DEPTH_MAX 32

typedef struct JsonWriter JsonWriter;

/**
 * json_writer_new:
 * @out: (nullable): where it goes; NULL keeps all in memory for json_writer_text()
 * @in_html: also escape what would end a <script> element
 */
JsonWriter *json_writer_new(Output *out, gboolean in_html);
void json_writer_free(JsonWriter *w);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JsonWriter, json_writer_free)

void json_begin_object(JsonWriter *w, const char *key);
void json_begin_array(JsonWriter *w, const char *key);
void json_end(JsonWriter *w); /* of whichever of the two was begun last */

/* NULL is written as null; bytes that are not UTF-8 become U+FFFD. */
void json_put_string(JsonWriter *w, const char *key, const char *text);
void json_put_integer(JsonWriter *w, const char *key, gint64 value);
void json_put_unsigned(JsonWriter *w, const char *key, guint64 value);
/* As a string: for integers over 2^53, which many readers cannot hold. */
void json_put_integer_string(JsonWriter *w, const char *key, gint64 value);
/* With three decimals; a number that is not finite is null. */
void json_put_decimal(JsonWriter *w, const char *key, gdouble value);
void json_put_boolean(JsonWriter *w, const char *key, gboolean value);
void json_put_null(JsonWriter *w, const char *key);
/* @json: a value that another writer wrote, as it is */
void json_put_json(JsonWriter *w, const char *key, const char *json);
/* Nanoseconds since the epoch as RFC 3339 in UTC with nine digits. */
void json_put_time(JsonWriter *w, const char *key, gint64 time_ns);

/* Ends a line of NDJSON, or a document. */
void json_newline(JsonWriter *w);

/* Hands what is buffered to the output. */
void json_flush(JsonWriter *w);

/* Returns: (transfer none): what was written so far, NUL-terminated; only without an output. */
const char *json_writer_text(JsonWriter *w);
