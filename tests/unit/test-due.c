/* SPDX-License-Identifier: BSD-3-Clause */

/* The order in which flows are reported: by the end, then by the first frame, however many there are and whatever their times. */

#include "analyzer/due.h"

#define FLOWS 5000U

/* Times that differ by up to @span; the lowest is @first_ns. */
static void fill(DueList *l, Flow *flows, GRand *rand, guint n, gint64 first_ns, guint64 span) {
        for (guint i = 0; i < n; i++) {
                const guint64 chance = (guint64)g_rand_int(rand) << 32 | g_rand_int(rand);

                flows[i].first_frame = i + 1;
                due_list_add(l, (Due){ (gint64)((guint64)first_ns + (span ? chance % span : 0)), &flows[i], i % 2 });
        }
        /* what is not sorted yet is in no order of first frames */
        for (guint i = 0; i < n; i++) {
                const guint k = (guint)g_rand_int_range(rand, 0, (gint)n);
                const Due due = l->due[i];

                l->due[i] = l->due[k];
                l->due[k] = due;
        }
}

static void check(const DueList *l, const Flow *flows, guint n) {
        g_autofree gboolean *seen = g_new0(gboolean, n);

        g_assert_cmpuint(l->n, ==, n);
        for (guint i = 0; i < n; i++) {
                const Due *due = &l->due[i];
                const guint number = (guint)(due->flow - flows);

                g_assert_false(seen[number]);
                seen[number] = TRUE;
                g_assert_cmpint(due->given_up_as_closed, ==, number % 2);
                if (i == 0)
                        continue;
                g_assert_cmpint(due[-1].end_ns, <=, due->end_ns);
                if (due[-1].end_ns == due->end_ns)
                        g_assert_true(due_is_older(&due[-1], due));
        }
}

static void test_order(void) {
        static const guint counts[] = { 0, 1, 2, 100, 1023, 1024, FLOWS };
        static const guint64 spans[] = { 0, 1, 2, 1000, 1U << 22, G_GUINT64_CONSTANT(3600000000000), G_MAXUINT64 };
        static const gint64 firsts[] = { 0, -5, G_MININT64, G_GINT64_CONSTANT(1700000000000000000) };
        g_autoptr(GRand) rand = g_rand_new_with_seed(1);
        g_autofree Flow *flows = g_new0(Flow, FLOWS);

        for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
                for (guint k = 0; k < G_N_ELEMENTS(spans); k++)
                        for (guint m = 0; m < G_N_ELEMENTS(firsts); m++) {
                                DueList l = { .due = NULL };

                                fill(&l, flows, rand, counts[i], firsts[m], spans[k]);
                                due_list_sort(&l);
                                check(&l, flows, counts[i]);
                                due_list_clear(&l);
                        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/due/order", test_order);
        return g_test_run();
}
