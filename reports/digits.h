/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Decimal digits: a record has some hundred numbers, and printf() would be its dearest part. */

#include <glib.h>
#include <string.h>

#define DIGITS_MAX 20 /* of 2^64 - 1 */

/* "000" to "999". */
extern const char digits_three[1000][4];

/* digits_put() below 1000. */
static inline char *digits_put_few(char *at, guint32 value) {
        const guint zeros = (value < 100) + (value < 10); /* that lead */
        guint32 digits;

        memcpy(&digits, digits_three[value], sizeof digits);
        digits = GUINT32_TO_LE(GUINT32_FROM_LE(digits) >> 8 * zeros);
        memcpy(at, &digits, sizeof digits);
        return at + 3 - zeros;
}

/* digits_put() for 10 and more. */
char *digits_put_several(char *at, guint64 value);

/* @at: room for DIGITS_MAX and one more, whatever @value. Returns: where its digits end. */
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
