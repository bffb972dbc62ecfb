/* SPDX-License-Identifier: BSD-3-Clause */

#include "dissect-case.h"

/* https://www.tcpdump.org/linktypes.html */
static const DissectCase links[] = {
        { "ethernet", 1, ETHERNET "0800" INNER4, SAID4 },
        { "ethernet padding is no payload", 1, ETHERNET "0800" INNER4 "0000000000000000", SAID4 },
        { "ethernet ipv6", 1, ETHERNET "86dd" INNER6, SAID6 },
        { "arp", 1, ETHERNET "0806 0001 0800 06 04 0001", "not-ip" },
        { "ethernet cut on the wire", 1, "020000000002 0200", "malformed-link" },
        { "sll", 113, "0000 0001 0006 020000000001 0000 0800" INNER4, SAID4 },
        { "sll outgoing", 113, "0004 0001 0006 020000000001 0000 0800" INNER4, SAID4 " outgoing" },
        { "sll llc", 113, "0000 0001 0006 020000000001 0000 0004 aaaa03 000000 0800" INNER4, SAID4 },
        { "sll2 outgoing", 276, "86dd 0000 00000002 0001 04 06 020000000001 0000" INNER6, SAID6 " outgoing" },
        { "raw", 101, INNER4, SAID4 },
        { "raw, OpenBSD's number", 14, INNER6, SAID6 },
        { "raw, everybody else's", 12, INNER4, SAID4 },
        { "raw of neither version", 101, "70 00 00 14", "malformed-ip" },
        { "ipv4", 228, INNER4, SAID4 },
        { "ipv6", 229, INNER6, SAID6 },
        { "null, little endian", 0, "02000000" INNER4, SAID4 },
        { "null, big endian", 0, "00000002" INNER4, SAID4 },
        { "null, NetBSD", 0, "18000000" INNER6, SAID6 },
        { "null, FreeBSD", 0, "1c000000" INNER6, SAID6 },
        { "null, macOS", 0, "1e000000" INNER6, SAID6 },
        { "null, Linux", 0, "0a000000" INNER6, SAID6 },
        { "null, Windows", 0, "17000000" INNER6, SAID6 },
        { "null, appletalk", 0, "10000000 00", "not-ip" },
        { "loop", 108, "00000018" INNER6, SAID6 },
        { "ppp", 9, "ff03 0021" INNER4, SAID4 },
        { "ppp, compressed fields", 9, "21" INNER4, SAID4 },
        { "ppp ipv6", 9, "ff03 0057" INNER6, SAID6 },
        { "ppp lcp", 9, "ff03 c021 01010004", "not-ip" },
        { "ppp encrypted", 9, "ff03 0053 0000", "encrypted" },
        { "ppp in hdlc", 50, "ff03 0021" INNER4, SAID4 },
        { "c-hdlc under ppp's number", 50, "0f00 0800" INNER4, SAID4 },
        { "ppp sent", 204, "01 ff03 0021" INNER4, SAID4 " outgoing" },
        { "ppp received", 204, "00 ff03 0021" INNER4, SAID4 },
        { "pppoe", 51, "11 00 0007 002f 0021" INNER4, SAID4 " path pppoe session 7" },
        { "c-hdlc", 104, "0f00 86dd" INNER6, SAID6 },
        { "frame relay", 107, "1841 03 cc" INNER4, SAID4 },
        { "frame relay, snap", 107, "1841 03 00 80 000000 0800" INNER4, SAID4 },
        { "frame relay, Cisco's", 107, "1841 0800" INNER4, SAID4 },
        { "slip", 8, "00000000 00000000 00000000 00000000" INNER4, SAID4 },
        { "fddi", 10, "57" ETHERNET "aaaa03 000000 0800" INNER4, SAID4 },
        { "token ring", 6, "1040" ETHERNET "aaaa03 000000 0800" INNER4, SAID4 },
        { "token ring, source routed", 6, "1040 020000000002 820000000001 06 30 0011 0020 aaaa03 000000 0800" INNER4, SAID4 },
        { "arcnet", 7, "0102 d4 00 0001" INNER4, SAID4 },
        { "arcnet, Linux", 129, "0102 0000 d4 00 0001" INNER4, SAID4 },
        { "arcnet, RFC 1051", 7, "0102 f0" INNER4, SAID4 },
        { "atm llc", 100, "aaaa03 000000 0800" INNER4, SAID4 },
        { "atm bridged", 100, "aaaa03 0080c2 0007 0000" ETHERNET "0800" INNER4, SAID4 },
        { "sunatm llc", 123, "82 00 0064 aaaa03 000000 0800" INNER4, SAID4 },
        { "sunatm lane", 123, "01 00 0064 0000" ETHERNET "0800" INNER4, SAID4 },
        { "nflog", 239, "02 00 0000 0800 0100 0800 0300 3100 0900" INNER4, SAID4 },
        { "nflog, big endian", 239, "02 00 0000 0008 0001 0800 0300 0031 0009" INNER4, SAID4 },
        { "nflog attribute of no length", 239, "02 00 0000 0000 0100", "malformed-link" },
        { "ppi", 192, "00 00 0800 01000000" ETHERNET "0800" INNER4, SAID4 },
        { "ppi in ppi without end", 192,
          "00 00 0800 c0000000 00 00 0800 c0000000 00 00 0800 c0000000 00 00 0800 65000000" INNER4, SAID4 },
        { "pktap", 258, "0c000000 01000000 65000000" INNER4, SAID4 },
        { "ipoib", 242, "0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000"
          "0800 0000" INNER4, SAID4 },
        { "juniper ethernet", 178, "4d4743 80 0002 0101" ETHERNET "0800" INNER4, SAID4 },
        { "dsa", 284, ETHERNET "c0000000 0800" INNER4, SAID4 },
        { "unknown", 147, "00", "unknown-link-type" },
};

static const DissectCase wifi[] = {
        { "data", 105, "0801 0000" ETHERNET "020000000003 0000 aaaa03 000000 0800" INNER4, SAID4 },
        { "four addresses", 105,
          "0803 0000" ETHERNET "020000000003 0000 020000000004 aaaa03 000000 0800" INNER4, SAID4 },
        { "qos", 105, "8801 0000" ETHERNET "020000000003 0000 0000 aaaa03 000000 0800" INNER4, SAID4 },
        { "a-msdu", 105,
          "8801 0000" ETHERNET "020000000003 0000 8000" ETHERNET "0035 aaaa03 000000 0800" INNER4, SAID4 },
        { "protected", 105, "0841 0000" ETHERNET "020000000003 0000 00", "encrypted" },
        { "beacon", 105, "8000 0000", "not-ip" },
        { "radiotap", 127, "0000 0800 00000000 0801 0000" ETHERNET "020000000003 0000 aaaa03 000000 0800" INNER4, SAID4 },
        { "radiotap, fcs and padding", 127, "0000 0900 02000000 30"
          "8801 0000" ETHERNET "020000000003 0000 0000 0000 aaaa03 000000 0800" INNER4 "deadbeef", SAID4 },
        { "radiotap, second word and clock", 127, "0000 1900 03000080 00000000 00000000 0000000000000000 10"
          "0801 0000" ETHERNET "020000000003 0000 aaaa03 000000 0800 45 00 0000 0007 0000 40 06 0000 0a000001 0a000002"
          TCP FIVE "deadbeef", SAID4 " guessed" },
        { "avs", 163, "80211001 0000000c 00000000 0801 0000" ETHERNET "020000000003 0000 aaaa03 000000 0800" INNER4, SAID4 },
};

static const DissectCase types[] = {
        { "vlan", 1, ETHERNET "8100 000a 0800" INNER4, SAID4 " path vlan 10" },
        { "priority tag", 1, ETHERNET "8100 e000 0800" INNER4, SAID4 },
        { "q in q", 1, ETHERNET "88a8 0064 8100 000a 0800" INNER4, SAID4 " path vlan 100, vlan 10" },
        { "three tags", 1, ETHERNET "9100 0003 88a8 0002 8100 0001 86dd" INNER6, SAID6 " path vlan 3, vlan 2, vlan 1" },
        { "llc snap", 1, ETHERNET "0035 aaaa03 000000 0800" INNER4 "0000", SAID4 },
        { "llc ip", 1, ETHERNET "0030 060603" INNER4, SAID4 },
        { "spanning tree", 1, ETHERNET "0003 424203", "not-ip" },
        { "snap of an unknown organisation", 1, ETHERNET "0035 aaaa03 123456 0800" INNER4, "not-ip" },
        { "vlan llc snap", 1, ETHERNET "8100 000a 0035 aaaa03 000000 0800" INNER4, SAID4 " path vlan 10" },
        { "mpls", 1, ETHERNET "8847 00064140" INNER4, SAID4 " detail mpls 100" },
        { "mpls stack", 1, ETHERNET "8847 00064040 000c8140" INNER6, SAID6 " detail mpls 100, mpls 200" },
        { "pseudowire with control word", 1, ETHERNET "8847 00064140 00000000" ETHERNET "0800" INNER4,
          SAID4 " detail mpls 100" },
        { "pseudowire without", 1, ETHERNET "8847 00064140" ETHERNET "8100 0005 0800" INNER4,
          SAID4 " path vlan 5 detail mpls 100, vlan 5" },
        { "mpls of nothing known", 1, ETHERNET "8847 00064140 ffffffffffffffffffffffffffffffffff", "not-ip" },
        { "pppoe", 1, ETHERNET "8864 11 00 0007 002f 0021" INNER4, SAID4 " path pppoe session 7" },
        { "pppoe discovery", 1, ETHERNET "8863 11 09 0000 0000", "not-ip" },
        { "802.1ah", 1, ETHERNET "88e7 00 001234" ETHERNET "0800" INNER4, SAID4 " path i-sid 4660" },
        { "fabricpath", 1, ETHERNET "8903 0420" ETHERNET "0800" INNER4, SAID4 " detail fabricpath" },
        { "vn-tag", 1, ETHERNET "8926 00010002 0800" INNER4, SAID4 },
        { "macsec, integrity only", 1, ETHERNET "88e5 00 00 00000001 0800" INNER4 "00112233445566778899aabbccddeeff", SAID4 },
        { "macsec", 1, ETHERNET "88e5 2c 00 00000001 0011223344556677 00", "encrypted" },
        { "nsh", 1, ETHERNET "894f 0006 01 01 00002a ff 00000000 00000000 00000000 00000000" INNER4,
          SAID4 " detail nsh path 42" },
        { "forty tags", 1, ETHERNET
          "8100000081000000810000008100000081000000810000008100000081000000810000008100000081000000810000008100000081000000"
          "8100000081000000810000008100000081000000810000008100000081000000810000008100000081000000810000008100000081000000"
          "81000000810000008100000081000000810000008100000081000000810000008100000081000000 0800", "too-deep" },
};

static void test_links(void) {
        dissect_cases_run(links, G_N_ELEMENTS(links));
}

static void test_wifi(void) {
        dissect_cases_run(wifi, G_N_ELEMENTS(wifi));
}

static void test_types(void) {
        dissect_cases_run(types, G_N_ELEMENTS(types));
}

static void test_fcs(void) {
        g_autoptr(GByteArray) bytes = dissect_case_bytes(
                ETHERNET "0800 45 00 0000 0007 0000 40 06 0000 0a000001 0a000002" TCP FIVE "deadbeef");
        g_autoptr(Dissector) d = dissector_new();
        Frame frame = { .data = bytes->data, .captured_bytes = bytes->len, .wire_bytes = bytes->len, .link_type = 1,
                        .fcs_bytes = 4, .direction = FRAME_OUTBOUND, .ref = frame_ref(2, 7), .time_ns = 5 };
        Segment s;

        g_assert_cmpint(dissector_frame(d, &frame, &s), ==, DISSECT_TCP);
        g_assert_cmpuint(s.payload_bytes, ==, 5);
        g_assert_true(s.facts & SEGMENT_NOT_INITIAL_COPY);
        g_assert_cmpuint(frame_ref_file(s.frame), ==, 2);
        g_assert_cmpint(s.time_ns, ==, 5);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/dissect/link/types", test_links);
        g_test_add_func("/dissect/link/wifi", test_wifi);
        g_test_add_func("/dissect/link/ethertypes", test_types);
        g_test_add_func("/dissect/link/fcs", test_fcs);
        return g_test_run();
}
