/* SPDX-License-Identifier: BSD-3-Clause */

#include "dissect/path.h"

static void test_same_path_same_id(void) {
        g_autoptr(PathTable) t = path_table_new();
        guint32 first = 0, detail = 0, again = 0, again_detail = 0, other = 0;

        path_enter(t, &first, &detail, PATH_VLAN, 10);
        path_enter(t, &first, &detail, PATH_VXLAN, 5001);
        path_enter(t, &again, &again_detail, PATH_VLAN, 10);
        path_enter(t, &again, &again_detail, PATH_VXLAN, 5001);
        path_enter(t, &other, &(guint32){ 0 }, PATH_VXLAN, 5001);
        g_assert_cmpuint(first, ==, again);
        g_assert_cmpuint(first, ==, detail);
        g_assert_cmpuint(first, !=, other);
        g_assert_cmpuint(path_table_size(t), ==, 4);
}

/* Labels and TEIDs differ per direction: the flow must stay one. */
static void test_description_is_not_identity(void) {
        g_autoptr(PathTable) t = path_table_new();
        guint32 up = 0, up_detail = 0, down = 0, down_detail = 0;
        g_autofree char *described = NULL;

        path_enter(t, &up, &up_detail, PATH_VLAN, 10);
        path_enter(t, &up, &up_detail, PATH_GTP, 1);
        path_enter(t, &down, &down_detail, PATH_VLAN, 10);
        path_enter(t, &down, &down_detail, PATH_GTP, 2);
        g_assert_cmpuint(up, ==, down);
        g_assert_cmpuint(up_detail, !=, down_detail);
        described = path_describe(t, down_detail);
        g_assert_cmpstr(described, ==, "vlan 10, gtp-u teid 2");
}

static void test_none(void) {
        g_autoptr(PathTable) t = path_table_new();
        g_autofree char *none = path_describe(t, 0);
        g_autofree char *unknown = path_describe(t, 77);

        g_assert_cmpstr(none, ==, "");
        g_assert_cmpstr(unknown, ==, "");
}

static void test_table_is_bounded(void) {
        g_autoptr(PathTable) t = path_table_new();
        guint32 path = 0, detail = 0;
        g_autofree char *described = NULL;

        for (guint32 teid = 0; teid < PATH_IDS_MAX; teid++) {
                path = detail = 0;
                path_enter(t, &path, &detail, PATH_GTP, teid);
        }
        g_assert_cmpuint(path_table_size(t), ==, PATH_DETAIL_IDS_MAX);
        g_assert_cmpuint(path_table_overflows(t), >, 0);
        for (guint32 vni = 0; vni < PATH_IDS_MAX; vni++) {
                path = detail = 0;
                path_enter(t, &path, &detail, PATH_VXLAN, vni);
                g_assert_cmpuint(path, >, 0);
                g_assert_cmpuint(path, <, PATH_IDS_MAX);
        }
        described = path_describe(t, path);
        g_assert_cmpstr(described, ==, "one of many");
        path = detail = 0;
        path_enter(t, &path, &detail, PATH_VXLAN, 0);
        g_assert_cmpuint(path, ==, PATH_DETAIL_IDS_MAX);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/dissect/path/same-path-same-id", test_same_path_same_id);
        g_test_add_func("/dissect/path/description-is-not-identity", test_description_is_not_identity);
        g_test_add_func("/dissect/path/none", test_none);
        g_test_add_func("/dissect/path/table-is-bounded", test_table_is_bounded);
        return g_test_run();
}
