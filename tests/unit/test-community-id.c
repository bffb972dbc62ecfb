/* SPDX-License-Identifier: BSD-3-Clause */

/* Community ID: the specification's vector, and what GLib's SHA-1 and base64 make of the same keys. */

#include <string.h>

#include "reports/community_id.h"

static void assert_text(const CommunityId *id, const char *expected) {
        char text[COMMUNITY_ID_CHARS + 1] = { 0 };

        memcpy(text, id->text, COMMUNITY_ID_CHARS);
        g_assert_cmpstr(text, ==, expected);
}

/* The first vector of github.com/corelight/community-id-spec, from both ends. */
static void test_vector(void) {
        static const guint8 client[] = { 128, 232, 110, 120 }, server[] = { 66, 35, 250, 204 };

        for (guint swapped = 0; swapped < 2; swapped++) {
                FlowRecord f = { 0 };
                CommunityId id;

                memcpy(f.side[swapped].address.bytes + 12, client, 4);
                memcpy(f.side[!swapped].address.bytes + 12, server, 4);
                f.side[swapped].port = 34855;
                f.side[!swapped].port = 80;
                community_ids_find(&f, 1, &id);
                assert_text(&id, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
        }
}

/* @lower: the side whose end is the lower one */
static char *id_by_glib(const FlowRecord *f, guint lower) {
        g_autoptr(GChecksum) sha1 = g_checksum_new(G_CHECKSUM_SHA1);
        g_autofree char *base64 = NULL;
        const gsize skip = f->ipv6 ? 0 : 12;
        guint8 digest[20];
        gsize n = sizeof digest;

        g_checksum_update(sha1, (const guint8 *)"\0\0", 2);
        g_checksum_update(sha1, f->side[lower].address.bytes + skip, 16 - (gssize)skip);
        g_checksum_update(sha1, f->side[!lower].address.bytes + skip, 16 - (gssize)skip);
        g_checksum_update(sha1, (const guint8 *)"\6\0", 2);
        for (guint i = 0; i < SIDES; i++) {
                guint16 port = GUINT16_TO_BE(f->side[lower ^ i].port);

                g_checksum_update(sha1, (const guint8 *)&port, 2);
        }
        g_checksum_get_digest(sha1, digest, &n);
        base64 = g_base64_encode(digest, n);
        return g_strconcat("1:", base64, NULL);
}

/* Returns: the side whose end is the lower one. */
static guint make_up(FlowRecord *f, GRand *random, guint round) {
        const guint lower = round / 2 % 2;

        *f = (FlowRecord){ .ipv6 = round % 2 };
        for (guint side = 0; side < SIDES; side++) {
                f->side[side].port = (guint16)g_rand_int(random);
                for (guint i = f->ipv6 ? 0 : 12; i < 16; i++)
                        f->side[side].address.bytes[i] = (guint8)g_rand_int(random);
        }
        if (round % 16 < 4) { /* only the ports tell them apart */
                f->side[SERVER].address = f->side[CLIENT].address;
                f->side[lower].port %= 30000;
                f->side[!lower].port |= 32768;
        } else {
                f->side[lower].address.bytes[12 * !f->ipv6] &= 127;
                f->side[!lower].address.bytes[12 * !f->ipv6] |= 128;
        }
        return lower;
}

#define TOGETHER_MAX 9U

static void test_as_glib_says(void) {
        g_autoptr(GRand) random = g_rand_new_with_seed(11);
        g_autofree FlowRecord *f = g_new0(FlowRecord, TOGETHER_MAX);

        for (guint round = 0; round < 20000;) {
                const guint n = (guint)g_rand_int_range(random, 0, TOGETHER_MAX + 1);
                CommunityId ids[TOGETHER_MAX];
                guint lower[TOGETHER_MAX];

                for (guint i = 0; i < n; i++)
                        lower[i] = make_up(&f[i], random, round++);
                community_ids_find(f, n, ids);
                for (guint i = 0; i < n; i++) {
                        g_autofree char *expected = id_by_glib(&f[i], lower[i]);

                        assert_text(&ids[i], expected);
                }
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/community-id/vector", test_vector);
        g_test_add_func("/community-id/as-glib-says", test_as_glib_says);
        return g_test_run();
}
