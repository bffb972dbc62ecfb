/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Numbers as people read them: times, durations, counts, bytes, addresses. */

#include <string.h>

#include "analyzer/record.h"

#define NS_PER_SECOND G_GINT64_CONSTANT(1000000000)

/* Returns: text->str + text->len, with room for @n bytes and a NUL there. */
char *string_grow(GString *text, gsize n);

/* Returns: where @n bytes may be appended; string_end() says where they ended. */
static inline char *string_room(GString *text, gsize n) {
        return G_LIKELY(text->allocated_len - text->len > n) ? text->str + text->len : string_grow(text, n);
}

static inline void string_end(GString *text, char *at) {
        *at = '\0';
        text->len = (gsize)(at - text->str);
}

/* g_string_append_len() is a call and a move; most of what a sentence is made of are a few bytes that fit. */
G_ALWAYS_INLINE static inline void string_append_len(GString *text, const char *part, gsize n) {
        char *at = string_room(text, n);

        memcpy(at, part, n);
        string_end(text, at + n);
}

/* @at: where there is room for @part, a literal. Returns: where it ends. */
G_ALWAYS_INLINE static inline char *literal_put(char *at, const char *part) {
        memcpy(at, part, strlen(part));
        return at + strlen(part);
}

/* The same of any text. */
static inline char *text_put(char *at, const char *part) {
        const gsize n = strlen(part);

        memcpy(at, part, n);
        return at + n;
}

/* Best with literals. */
G_ALWAYS_INLINE static inline void string_append(GString *text, const char *part) {
        string_append_len(text, part, strlen(part));
}

/* "2024-05-01T10:00:00.000000000Z" and its NUL. */
#define TIME_TEXT_BYTES 32

/**
 * time_format_utc:
 * @text: TIME_TEXT_BYTES
 * @time_ns: any value; before 1970 too
 *
 * Returns: the length written.
 */
gsize time_format_utc(char *text, gint64 time_ns);

/* Appends "2024-05-01 10:00:00.000" in UTC, or in the local zone with its offset. */
void time_append(GString *text, gint64 time_ns, gboolean local);

/* Appends only the time of day of that. */
void time_append_clock(GString *text, gint64 time_ns, gboolean local);

/*
 * Each of the following writes to @at, where there is room for NUMBER_TEXT_BYTES (and @noun), and returns where that ends, without
 * a NUL; or appends the same.
 */
#define NUMBER_TEXT_BYTES 64

/**
 * duration_put:
 * "850 ns", "83 ms", "20.2 s", "187.2 s", "28 m 20 s", "2 h 5 m", "3 d 4 h". Seconds are kept to 1000,
 * because TCP's timers are told in seconds (60, 120, 240, 675 s).
 * @bound: BOUND_AT_LEAST rounds down and writes ">= " before it, BOUND_AT_MOST rounds up and writes "<= "
 */
char *duration_put(char *at, gint64 duration_ns, Bound bound);
void duration_append(GString *text, gint64 duration_ns, Bound bound);

/* "1234567" and "-1234567"; to put them see digits.h. */
void number_append(GString *text, guint64 number);
void integer_append(GString *text, gint64 number);

/* "1,234,567" */
char *count_put(char *at, guint64 count);
void count_append(GString *text, guint64 count);

/* "1 byte", "1,234 bytes", and from 100,000 on "1.2 MB" (powers of ten) */
char *bytes_put(char *at, guint64 bytes);
void bytes_append(GString *text, guint64 bytes);

/* "1 flow", "1,234 flows" */
char *counted_put(char *at, guint64 count, const char *noun);
void counted_append(GString *text, guint64 count, const char *noun);

/* INET6_ADDRSTRLEN and some. */
#define ADDRESS_TEXT_BYTES 48

/* @at: room for ADDRESS_TEXT_BYTES. Returns: where the address ends; no NUL. */
char *address_put(char *at, const Address *address, gboolean ipv6);

/* Returns: the length written. */
gsize address_format(char *text, const Address *address, gboolean ipv6);

/* Appends "10.0.0.1:80" or "[2001:db8::1]:80"; without the port (and brackets) if @port is 0. */
void endpoint_append(GString *text, const Address *address, guint16 port, gboolean ipv6);
