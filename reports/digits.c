/* SPDX-License-Identifier: BSD-3-Clause */

#include "digits.h"

#include <string.h>

#define EIGHT_DIGITS 100000000
#define ZEROS G_GUINT64_CONSTANT(0x3030303030303030) /* "00000000" */

/*
 * Returns: the eight digits of a value below 10^8, a byte each, the first one lowest. A word is divided as if it were two,
 * four and then eight numbers: x * 10486 >> 20 is x / 100 below 10000, x * 103 >> 10 is x / 10 below 100.
 */
static guint64 eight_digits(guint32 value) {
        guint64 x = value / 10000 | (guint64)(value % 10000) << 32, quotient;

        quotient = x * 10486 >> 20 & G_GUINT64_CONSTANT(0x0000007f0000007f);
        x = quotient | (x - quotient * 100) << 16;
        quotient = x * 103 >> 10 & G_GUINT64_CONSTANT(0x000f000f000f000f);
        return quotient | (x - quotient * 10) << 8;
}

static char *put_bytes(char *at, guint64 bytes, guint n) {
        bytes = GUINT64_TO_LE(bytes);
        memcpy(at, &bytes, sizeof bytes);
        return at + n;
}

char *digits_put_several(char *at, guint64 value) {
        guint64 digits;
        guint zeros;

        if (value >= EIGHT_DIGITS) {
                at = digits_put(at, value / EIGHT_DIGITS);
                return put_bytes(at, eight_digits((guint32)(value % EIGHT_DIGITS)) | ZEROS, 8);
        }
        digits = eight_digits((guint32)value);
        zeros = (guint)__builtin_ctzll(digits) / 8; /* that lead */
        return put_bytes(at, (digits | ZEROS) >> 8 * zeros, 8 - zeros);
}

char *digits_put_nine(char *at, guint32 value) {
        *at = (char)('0' + value / EIGHT_DIGITS % 10);
        return put_bytes(at + 1, eight_digits(value % EIGHT_DIGITS) | ZEROS, 8);
}

char *digits_put_fixed(char *at, guint32 value, guint n) {
        for (guint i = n; i > 0; value /= 10)
                at[--i] = (char)('0' + value % 10);
        return at + n;
}
