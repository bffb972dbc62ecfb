/* SPDX-License-Identifier: BSD-3-Clause */
#include "due.h"
#include "pages.h"

#include <string.h>

#define ROOM_FIRST 256U

void due_list_reserve(DueList *l, guint room) {
        Due *grown;

        if (room <= l->room)
                return;
        grown = pages_reserve(room * sizeof(Due));
        if (l->due)
                memcpy(grown, l->due, l->n * sizeof(Due));
        pages_release(l->due, l->room * sizeof(Due));
        l->due = grown;
        l->room = room;
}

void due_list_add(DueList *l, Due due) {
        if (l->n == l->room)
                due_list_reserve(l, l->room ? 2 * l->room : ROOM_FIRST);
        l->due[l->n++] = due;
}

void due_list_clear(DueList *l) {
        pages_release(l->due, l->room * sizeof(Due));
        *l = (DueList){ .due = NULL };
}

/* ── Order ───────────────────────────────────────────────────────────────── */

static int by_completion(gconstpointer a, gconstpointer b, G_GNUC_UNUSED gpointer data) {
        const Due *x = a, *y = b;

        if (x->end_ns != y->end_ns)
                return x->end_ns < y->end_ns ? -1 : 1;
        return due_is_older(y, x) - due_is_older(x, y);
}

static void sort_by_comparing(Due *due, guint n) {
        if (n > 1)
                g_qsort_with_data(due, (gint)n, sizeof(Due), by_completion, NULL);
}

/* At the end of the input hundreds of thousands may be left: those are put in order digit by digit of their time. */
#define FEW 1024U
#define DIGIT_BITS 11
#define DIGITS (1U << DIGIT_BITS)

static guint digit_of(const Due *due, gint64 first_ns, guint shift) {
        return (guint)(((guint64)due->end_ns - (guint64)first_ns) >> shift) & (DIGITS - 1);
}

/* Those of one digit stay in the order in which they are. */
static void sort_by_digit(const Due *from, Due *to, guint n, gint64 first_ns, guint shift) {
        guint place[DIGITS] = { 0 }, before = 0;

        for (guint i = 0; i < n; i++)
                place[digit_of(&from[i], first_ns, shift)]++;
        for (guint i = 0; i < DIGITS; i++) {
                guint count = place[i];

                place[i] = before;
                before += count;
        }
        for (guint i = 0; i < n; i++)
                to[place[digit_of(&from[i], first_ns, shift)]++] = from[i];
}

static void sort_the_same_time(Due *due, guint n) {
        for (guint begin = 0, end; begin < n; begin = end) {
                for (end = begin + 1; end < n && due[end].end_ns == due[begin].end_ns;)
                        end++;
                sort_by_comparing(due + begin, end - begin);
        }
}

void due_list_sort(DueList *l) {
        gint64 first_ns = G_MAXINT64, last_ns = G_MININT64;
        Due *other;

        if (l->n < FEW) {
                sort_by_comparing(l->due, l->n);
                return;
        }
        for (guint i = 0; i < l->n; i++) {
                first_ns = MIN(first_ns, l->due[i].end_ns);
                last_ns = MAX(last_ns, l->due[i].end_ns);
        }
        other = pages_reserve(l->room * sizeof(Due));
        for (guint shift = 0; shift < 64 && ((guint64)last_ns - (guint64)first_ns) >> shift; shift += DIGIT_BITS) {
                Due *sorted = other;

                sort_by_digit(l->due, sorted, l->n, first_ns, shift);
                other = l->due;
                l->due = sorted;
        }
        pages_release(other, l->room * sizeof(Due));
        sort_the_same_time(l->due, l->n);
}
