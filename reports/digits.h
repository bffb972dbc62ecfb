/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Decimal digits: a record has some hundred numbers, and printf() would be its dearest part. */

#include <glib.h>
#include <string.h>

#define DIGITS_MAX 20 /* of 2^64 - 1 */

/* "000" to "999". */
extern const char digits_three[1000][4];

/* "0" to "999", and in the last byte how many digits that is. */
extern const char digits_few[1000][4];

/* digits_put() below 1000. */
static inline char *digits_put_few(char *at, guint32 value) {
        memcpy(at, digits_few[value], sizeof digits_few[0]);
        return at + digits_few[value][3];
}

/* digits_put() for 1000 and more. */
char *digits_put_several(char *at, guint64 value);

/* @at: room for DIGITS_MAX and one more, whatever @value. Returns: where its digits end. */
static inline char *digits_put(char *at, guint64 value) {
        return value < 1000 ? digits_put_few(at, (guint32)value) : digits_put_several(at, value);
}

/* "-1234567" */
static inline char *integer_put(char *at, gint64 value) {
        if (value >= 0)
                return digits_put(at, (guint64)value);
        *at = '-';
        return digits_put(at + 1, 0 - (guint64)value);
}

/* Returns: where the last @n digits of @value end; zeros lead. */
char *digits_put_fixed(char *at, guint32 value, guint n);

/* digits_put_fixed() of nine. */
char *digits_put_nine(char *at, guint32 value);
