/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Decimal digits: a record has some hundred numbers, and printf() would be its dearest part. */

#include <glib.h>

#define DIGITS_MAX 20 /* of 2^64 - 1 */

/* digits_put() for 10 and more. */
char *digits_put_several(char *at, guint64 value);

/* @at: room for DIGITS_MAX, whatever @value. Returns: where its digits end. */
static inline char *digits_put(char *at, guint64 value) {
        if (value >= 10)
                return digits_put_several(at, value);
        *at = (char)('0' + value);
        return at + 1;
}

/* Returns: where the last @n digits of @value end; zeros lead. */
char *digits_put_fixed(char *at, guint32 value, guint n);

/* digits_put_fixed() of nine. */
char *digits_put_nine(char *at, guint32 value);
