/* SPDX-License-Identifier: BSD-3-Clause */

#include "digits.h"

#include <string.h>

#define MILLION 1000000
#define BILLION 1000000000

#define ONES(tens) tens "0", tens "1", tens "2", tens "3", tens "4", tens "5", tens "6", tens "7", tens "8", tens "9",
#define TENS(hundreds)                                                                                                 \
        ONES(hundreds "0") ONES(hundreds "1") ONES(hundreds "2") ONES(hundreds "3") ONES(hundreds "4")                 \
        ONES(hundreds "5") ONES(hundreds "6") ONES(hundreds "7") ONES(hundreds "8") ONES(hundreds "9")

const char digits_three[1000][4] = {
        TENS("0") TENS("1") TENS("2") TENS("3") TENS("4") TENS("5") TENS("6") TENS("7") TENS("8") TENS("9")
};

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

        if (value < 1000)
                return digits_put_few(at, low);
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
