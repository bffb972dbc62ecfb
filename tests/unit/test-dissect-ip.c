/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "dissect-case.h"

#define QUOTED_SAID "10.0.0.1:1000 > 10.0.0.2:80"

static const DissectCase ip[] = {
        { "options", 101, "46 00 0031 0007 0000 40 06 0000 0a000001 0a000002 01010100" TCP FIVE, SAID4 },
        { "option that fills the header", 101, "46 00 0031 0007 0000 40 06 0000 0a000001 0a000002 94040000" TCP FIVE, SAID4 },
        { "bytes after the last option are none", 101, "46 00 0031 0007 0000 40 06 0000 0a000001 0a000002 010044ff" TCP FIVE, SAID4 },
        { "option of length 0", 101, "46 00 0031 0007 0000 40 06 0000 0a000001 0a000002 07000000" TCP FIVE, "malformed-ip" },
        { "option of length 1", 101, "46 00 0031 0007 0000 40 06 0000 0a000001 0a000002 01440100" TCP FIVE, "malformed-ip" },
        { "option past the header", 101, "46 00 0031 0007 0000 40 06 0000 0a000001 0a000002 01440401" TCP FIVE, "malformed-ip" },
        { "option without a length", 101, "46 00 0031 0007 0000 40 06 0000 0a000001 0a000002 01010144" TCP FIVE, "malformed-ip" },
        { "header longer than the packet", 101, "4f 00 0028 0007 0000 40 06 0000 0a000001 0a000002" TCP, "malformed-ip" },
        { "header too short", 101, "44 00 0028 0007 0000 40 06 0000 0a000001 0a000002" TCP, "malformed-ip" },
        { "length less than header", 101, "45 00 0013 0007 0000 40 06 0000 0a000001 0a000002" TCP, "malformed-ip" },
        { "length beyond the frame counts", 101, IP4("05dc", "06") TCP FIVE,
          "10.0.0.1:1000 > 10.0.0.2:80 flags 10 len 1460" },
        { "length 0 is segmentation offload", 101, IP4("0000", "06") TCP FIVE, SAID4 " guessed" },
        { "first fragment", 101, "45 00 002d 0007 2000 40 06 0000 0a000001 0a000002" TCP FIVE, SAID4 " fragment" },
        { "first fragment splits the options", 101,
          "45 00 002c 0007 2000 40 06 0000 0a000001 0a000002 03e8 0050 00000001 00000000 a0 02 1000 0000 0000 02040578",
          "10.0.0.1:1000 > 10.0.0.2:80 flags 02 len 0 cut fragment" },
        { "first fragment splits the header", 101, "45 00 001c 0007 2000 40 06 0000 0a000001 0a000002 03e8 0050 00000001",
          "ip-fragment" },
        { "later fragment", 101, "45 00 002d 0007 00b9 40 06 0000 0a000001 0a000002" TCP FIVE, "ip-fragment" },
        { "udp", 101, IP4("001c", "11") UDP("0035", "0008"), "other-ip-protocol" },
        { "esp", 101, IP4("001c", "32") "00000001 00000001", "encrypted" },
        { "ah", 101, IP4("0045", "33") "06 04 0000 00000100 00000001 000000000000000000000000" TCP FIVE, SAID4 },
        { "ah too short", 101, IP4("002d", "33") "06 00 0000 00000100 00000001" TCP, "malformed-ip" },
        { "ipv6 hop by hop", 101, IP6("0021", "00") "06 00 0104 00000000" TCP FIVE, SAID6 },
        { "ipv6 routing, destination options", 101,
          IP6("0031", "2b") "3c 01 00 00 00000000 0000000000000000 06 00 0104 00000000" TCP FIVE, SAID6 },
        { "ipv6 first fragment", 101, IP6("0021", "2c") "06 00 0001 00000007" TCP FIVE, SAID6 " fragment" },
        { "ipv6 atomic fragment", 101, IP6("0021", "2c") "06 00 0000 00000007" TCP FIVE, SAID6 },
        { "ipv6 later fragment", 101, IP6("0021", "2c") "06 00 00b8 00000007" TCP FIVE, "ip-fragment" },
        { "ipv6 extension beyond the packet", 101, IP6("0008", "00") "06 09 0104 00000000", "malformed-ip" },
        { "ipv6 no next header", 101, IP6("0000", "3b"), "other-ip-protocol" },
        { "ipv6 length 0 is segmentation offload", 101, IP6("0000", "06") TCP FIVE, SAID6 " guessed" },
        { "jumbogram", 101, IP6("0000", "00") "06 00 c204 00011173" TCP FIVE,
          "2001:db8::1:1000 > 2001:db8::2:80 flags 10 len 69975" },
        { "six hop by hop headers are followed", 101, IP6("0049", "00")
          "00 00 0104 00000000 00 00 0104 00000000 00 00 0104 00000000 00 00 0104 00000000 00 00 0104 00000000"
          "06 00 0104 00000000" TCP FIVE, SAID6 },
};

static const DissectCase icmp[] = {
        { "unreachable, eight bytes", 101, IP4("0038", "01") "03 03 0000 00000000"
          IP4("05dc", "06") "03e8 0050 00000001", QUOTED_SAID " flags 00 len 1460 cut icmp 3/3" },
        { "unreachable, whole header", 101, IP4("0045", "01") "03 01 0000 00000000" INNER4, SAID4 " icmp 3/1" },
        { "time exceeded", 101, IP4("0044", "01") "0b 00 0000 00000000" INNER4, SAID4 " icmp 11/0" },
        { "seven bytes are too few", 101, IP4("0037", "01") "03 03 0000 00000000" IP4("05dc", "06") "03e8 0050 000000",
          "cut-by-snaplen" },
        { "echo", 101, IP4("001c", "01") "08 00 0000 00010001", "other-ip-protocol" },
        { "quote of udp", 101, IP4("0038", "01") "03 03 0000 00000000" IP4("001c", "11") UDP("0035", "0008"),
          "other-ip-protocol" },
        { "quote of an error is not followed", 101, IP4("0054", "01") "03 03 0000 00000000" IP4("0038", "01")
          "03 03 0000 00000000" IP4("05dc", "06") "03e8 0050 00000001", "other-ip-protocol" },
        { "icmpv6 unreachable", 101, IP6("0049", "3a") "01 04 0000 00000000" INNER6, SAID6 " icmp 1/4" },
        { "icmpv6 too big", 101, IP6("0049", "3a") "02 00 0000 00000500" INNER6, SAID6 " icmp 2/0" },
        { "icmpv6 neighbour", 101, IP6("0018", "3a") "87 00 0000 00000000" IP6_B, "other-ip-protocol" },
};

static void test_ip(void) {
        dissect_cases_run(ip, G_N_ELEMENTS(ip));
}

static void test_icmp(void) {
        dissect_cases_run(icmp, G_N_ELEMENTS(icmp));
}

static void test_fields(void) {
        static const guint8 mapped[16] = { [10] = 0xff, 0xff, 10, 0, 0, 1 };
        Segment four = dissect_case_segment(
                ETHERNET "0800 45 b8 002d beef 4000 3f 06 0000 0a000001 0a000002" TCP FIVE);
        Segment six = dissect_case_segment(
                ETHERNET "86dd 6b800000 0019 06 3f" IP6_A IP6_B TCP FIVE);

        g_assert_cmpmem(four.source.bytes, 16, mapped, 16);
        g_assert_cmpuint(four.tos, ==, 0xb8);
        g_assert_cmpuint(four.ttl, ==, 63);
        g_assert_cmpuint(four.ip_id, ==, 0xbeef);
        g_assert_cmpuint(four.facts, ==, SEGMENT_DONT_FRAGMENT);
        g_assert_cmpuint(six.tos, ==, 0xb8);
        g_assert_cmpuint(six.ttl, ==, 63);
        g_assert_cmpuint(six.ip_id, ==, 0);
        g_assert_cmpuint(six.facts, ==, SEGMENT_IPV6);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/dissect/ip/headers", test_ip);
        g_test_add_func("/dissect/ip/icmp", test_icmp);
        g_test_add_func("/dissect/ip/fields", test_fields);
        return g_test_run();
}
