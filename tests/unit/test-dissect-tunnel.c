/* SPDX-License-Identifier: BSD-3-Clause */

#include "dissect-case.h"

#define PPP4 "0021" INNER4

static const DissectCase over_ip[] = {
        { "ip in ip", 101, IP4("0041", "04") INNER4, SAID4 " detail ip-in-ip" },
        { "6in4", 101, IP4("0055", "29") INNER6, SAID6 " detail ip-in-ip" },
        { "4in6", 101, IP6("002d", "04") INNER4, SAID4 " detail ip-in-ip" },
        { "inner packet malformed", 101, IP4("0028", "04") "44 00 0028 0007 0000 40 06 0000 0a000001 0a000002",
          "malformed-ip" },
        { "gre", 101, IP4("0045", "2f") "0000 0800" INNER4, SAID4 " detail gre" },
        { "gre ipv6", 101, IP4("0059", "2f") "0000 86dd" INNER6, SAID6 " detail gre" },
        { "gre with checksum, key, sequence", 101, IP4("0051", "2f") "b000 0800 00000000 0000002a 00000001" INNER4,
          SAID4 " path gre key 42" },
        { "gre with routing", 101, IP4("0055", "2f") "4000 0800 00000000 00000004 0a000003 00000000" INNER4,
          SAID4 " detail gre" },
        { "gre of arp", 101, IP4("0018", "2f") "0000 0806", "not-ip" },
        { "gre cut on the wire", 101, IP4("0018", "2f") "2000 0800", "malformed-ip" },
        { "nvgre", 101, IP4("0057", "2f") "2000 6558 00138807" ETHERNET "0800" INNER4, SAID4 " path nvgre 5000" },
        { "gre ethernet", 101, IP4("0053", "2f") "0000 6558" ETHERNET "0800" INNER4, SAID4 " detail gre" },
        { "pptp", 101, IP4("004f", "2f") "3001 880b 002f0007 00000001" PPP4, SAID4 " detail pptp call 7" },
        { "pptp with acknowledgement", 101, IP4("0053", "2f") "3081 880b 002f0007 00000001 00000001" PPP4,
          SAID4 " detail pptp call 7" },
        { "pptp, acknowledgement alone", 101, IP4("0020", "2f") "2081 880b 00000007 00000001", "other-ip-protocol" },
        { "erspan I", 101, IP4("0053", "2f") "0000 88be" ETHERNET "0800" INNER4, SAID4 " detail erspan session 0" },
        { "erspan II", 101, IP4("005f", "2f") "1000 88be 00000001 1005 0064 00000000" ETHERNET "0800" INNER4,
          SAID4 " detail erspan session 100" },
        { "erspan III", 101, IP4("0063", "2f") "1000 22eb 00000001 2005 0064 00000000 00000000" ETHERNET "0800" INNER4,
          SAID4 " detail erspan session 100" },
        { "erspan III with platform header", 101,
          IP4("006b", "2f") "1000 22eb 00000001 2005 0064 00000000 00000001 0000000000000000" ETHERNET "0800" INNER4,
          SAID4 " detail erspan session 100" },
        { "wccp 2", 101, IP4("0049", "2f") "0000 883e 00000000" INNER4, SAID4 " detail gre" },
        { "eoip", 101, IP4("0057", "2f") "2001 6400 003b 0500" ETHERNET "0800" INNER4, SAID4 " detail eoip 5" },
        { "etherip", 101, IP4("0051", "61") "3000" ETHERNET "0800" INNER4, SAID4 " detail etherip" },
        { "mpls in ip", 101, IP4("0045", "89") "00064140" INNER4, SAID4 " detail mpls 100" },
        { "srv6 ethernet", 101, IP6("003b", "8f") ETHERNET "0800" INNER4, SAID4 },
};

static const DissectCase over_udp[] = {
        { "vxlan", 101, IP4("005f", "11") UDP("12b5", "004b") "08000000 00138800" ETHERNET "0800" INNER4,
          SAID4 " path vxlan 5000" },
        { "vxlan on its port without its flag", 101, IP4("005f", "11") UDP("12b5", "004b") "00000000 00138800" ETHERNET
          "0800" INNER4, "other-ip-protocol" },
        { "vxlan, old port, vlan inside", 101, IP4("0063", "11") UDP("2118", "004f") "08000000 00138800" ETHERNET
          "8100 000a 0800" INNER4, SAID4 " path vxlan 5000, vlan 10" },
        { "vxlan-gpe", 101, IP4("0051", "11") UDP("12b6", "003d") "0c000001 00138800" INNER4, SAID4 " path vxlan 5000" },
        { "geneve with options", 101, IP4("0067", "11") UDP("17c1", "0053") "02 00 6558 00138800 0102800100000000" ETHERNET
          "0800" INNER4, SAID4 " path geneve 5000" },
        { "geneve of another version", 101, IP4("0024", "11") UDP("17c1", "0010") "40 00 6558 00138800", "other-ip-protocol" },
        { "gtp-u", 101, IP4("0051", "11") UDP("0868", "003d") "30 ff 002d 0000002a" INNER4, SAID4 " detail gtp-u teid 42" },
        { "gtp-u with extension header", 101, IP4("0059", "11") UDP("0868", "0045") "34 ff 0035 0000002a 0000 00 85 01 0000 00"
          INNER4, SAID4 " detail gtp-u teid 42" },
        { "gtp-u extension of no length", 101, IP4("002c", "11") UDP("0868", "0018")
          "34 ff 0008 0000002a 0000 00 85 00 0000 85", "other-ip-protocol" },
        { "gtp-u echo", 101, IP4("0024", "11") UDP("0868", "0010") "30 01 0000 00000000", "other-ip-protocol" },
        { "teredo", 101, IP4("005d", "11") UDP("0dd8", "0049") INNER6, SAID6 " detail teredo" },
        { "teredo with both indications", 101, IP4("0072", "11") UDP("0dd8", "005e")
          "0001 0000 0000000000000000 00 0000 1234 0a000009" INNER6, SAID6 " detail teredo" },
        { "teredo between clients", 101, IP4("005d", "11") UDP("8000", "0049")
          "60000000 0019 06 40 20010000000000000000000000000001" IP6_B TCP FIVE,
          "2001::1:1000 > 2001:db8::2:80 flags 10 len 5 detail teredo" },
        { "ipv6 in udp of no known tunnel", 101, IP4("005d", "11") UDP("8000", "0049") INNER6, "other-ip-protocol" },
        { "l2tp", 101, IP4("0055", "11") UDP("06a5", "0041") "4002 0037 0001 0007 ff03" PPP4, SAID4 " detail l2tp session 7" },
        { "l2tp control", 101, IP4("0028", "11") UDP("06a5", "0014") "c802 000c 0001 0000 0000 0000", "other-ip-protocol" },
        { "ayiya", 101, IP4("0089", "11") UDP("13d0", "0075") "42 52 11 29 00000000" IP6_A
          "0000000000000000000000000000000000000000" INNER6, SAID6 " detail ayiya" },
        { "lisp", 101, IP4("0051", "11") UDP("10f5", "003d") "80000000 00000000" INNER4, SAID4 " detail lisp" },
        { "mpls", 101, IP4("004d", "11") UDP("19eb", "0039") "00064140" INNER4, SAID4 " detail mpls 100" },
        { "gre", 101, IP4("004d", "11") UDP("1292", "0039") "0000 0800" INNER4, SAID4 " detail gre" },
};

static void test_over_ip(void) {
        dissect_cases_run(over_ip, G_N_ELEMENTS(over_ip));
}

static void test_over_udp(void) {
        dissect_cases_run(over_udp, G_N_ELEMENTS(over_udp));
}

/* A tunnel is its two ends, whoever of them sent the packet; the ports of GRE in UDP spread load. */
static void test_ends(void) {
#define UP "45 00 0051 0007 0000 40 11 0000 0a000001 0a000002 "
#define DOWN "45 00 0051 0007 0000 40 11 0000 0a000002 0a000001 "
#define GTP "003d 0000 30 ff 002d 0000002a " INNER4
#define GRE_IN_UDP "0039 0000 00000800 " INNER4
        const guint16 none = dissect_case_segment(ETHERNET "0800" INNER4).tunnel;
        const guint16 up = dissect_case_segment(ETHERNET "0800" UP "c000 0868 " GTP).tunnel;
        const guint16 down = dissect_case_segment(ETHERNET "0800" DOWN "0868 c000 " GTP).tunnel;
        const guint16 other = dissect_case_segment(ETHERNET "0800" DOWN "0868 0868 " GTP).tunnel;
        const guint16 gre = dissect_case_segment(ETHERNET "0800" UP "c000 1292 " GRE_IN_UDP).tunnel;
        const guint16 gre_spread = dissect_case_segment(ETHERNET "0800" DOWN "c001 1292 " GRE_IN_UDP).tunnel;

        g_assert_cmpuint(none, ==, 0);
        g_assert_cmpuint(up, !=, 0);
        g_assert_cmpuint(up, ==, down);
        g_assert_cmpuint(up, !=, other);
        g_assert_cmpuint(gre, !=, 0);
        g_assert_cmpuint(gre, ==, gre_spread);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/dissect/tunnel/ip", test_over_ip);
        g_test_add_func("/dissect/tunnel/udp", test_over_udp);
        g_test_add_func("/dissect/tunnel/ends", test_ends);
        return g_test_run();
}
