/* SPDX-License-Identifier: BSD-3-Clause */

#include "digits.h"

#include <string.h>

#define MILLION 1000000
#define BILLION 1000000000

/* Ten strings each, and @rest behind them. */
#define ONES(tens, rest)                                                                                               \
        tens "0" rest, tens "1" rest, tens "2" rest, tens "3" rest, tens "4" rest,                                     \
        tens "5" rest, tens "6" rest, tens "7" rest, tens "8" rest, tens "9" rest
#define TENS(hundreds, rest)                                                                                           \
        ONES(hundreds "1", rest), ONES(hundreds "2", rest), ONES(hundreds "3", rest), ONES(hundreds "4", rest),        \
        ONES(hundreds "5", rest), ONES(hundreds "6", rest), ONES(hundreds "7", rest), ONES(hundreds "8", rest),        \
        ONES(hundreds "9", rest)
#define HUNDREDS(hundreds, rest) ONES(hundreds "0", rest), TENS(hundreds, rest)
#define FROM_HUNDRED(rest)                                                                                             \
        HUNDREDS("1", rest), HUNDREDS("2", rest), HUNDREDS("3", rest), HUNDREDS("4", rest), HUNDREDS("5", rest),       \
        HUNDREDS("6", rest), HUNDREDS("7", rest), HUNDREDS("8", rest), HUNDREDS("9", rest)

const char digits_three[1000][4] = { HUNDREDS("0", ""), FROM_HUNDRED("") };
const char digits_few[1000][4] = { ONES("", "\0\0\1"), TENS("", "\0\2"), FROM_HUNDRED("\3") };

static inline char *put_three(char *at, guint32 value) {
        memcpy(at, digits_three[value], sizeof digits_three[0]);
        return at + 3;
}

static inline char *put_six(char *at, guint32 value) {
        return put_three(put_three(at, value / 1000), value % 1000);
}

char *digits_put_nine(char *at, guint32 value) {
        at = put_three(at, value / MILLION);
        at = put_three(at, value / 1000 % 1000);
        memcpy(at, digits_three[value % 1000], 3); /* what is behind stays */
        return at + 3;
}

char *digits_put_several(char *at, guint64 value) {
        const guint32 low = (guint32)value;

        if (value < MILLION)
                return put_three(digits_put_few(at, low / 1000), low % 1000);
        if (value < BILLION)
                return put_six(digits_put_few(at, low / MILLION), low % MILLION);
        return digits_put_nine(digits_put(at, value / BILLION), (guint32)(value % BILLION));
}

char *digits_put_fixed(char *at, guint32 value, guint n) {
        for (guint i = n; i > 0; value /= 10)
                at[--i] = (char)('0' + value % 10);
        return at + n;
}
