/* SPDX-License-Identifier: BSD-3-Clause */

#include "dissect-case.h"
#include "tests/plain-check.h"

/* A SYN with @words of options and no payload; @total is the IP length that makes it so. */
#define SYN(total, words, options) \
        ETHERNET "0800" IP4(total, "06") "03e8 0050 00000001 00000000 " words "0 02 1000 beef 0000 " options

static const DissectCase headers[] = {
        { "offset below 5", 101, IP4("0028", "06") "03e8 0050 00000001 00000002 40 10 1000 0000 0000", "malformed-tcp" },
        { "offset beyond the segment", 101, IP4("0028", "06") "03e8 0050 00000001 00000002 60 10 1000 0000 0000",
          "malformed-tcp" },
        { "header cut by the IP length", 101, IP4("0027", "06") TCP, "malformed-tcp" },
        { "reserved bits are no flags", 101, IP4("0028", "06") "03e8 0050 00000001 00000002 5f 10 1000 0000 0000",
          "10.0.0.1:1000 > 10.0.0.2:80 flags 10 len 0" },
};

static void test_headers(void) {
        dissect_cases_run(headers, G_N_ELEMENTS(headers));
}

static void test_fields(void) {
        Segment s = dissect_case_segment(
                ETHERNET "0800" IP4("0028", "06") "03e8 0050 ffffffff 80000000 50 ff 1234 beef 0000");

        g_assert_cmpuint(s.source_port, ==, 1000);
        g_assert_cmpuint(s.destination_port, ==, 80);
        g_assert_cmpuint(s.seq, ==, 0xffffffff);
        g_assert_cmpuint(s.ack, ==, 0x80000000);
        g_assert_cmpuint(s.flags, ==, 0xff);
        g_assert_cmpuint(s.window, ==, 0x1234);
        g_assert_cmpuint(s.facts, ==, 0);
}

static void test_syn_options(void) {
        Segment s = dissect_case_segment(SYN("003c", "a", "020405b4 0402 080a 00000005 00000006 01 030307"));

        g_assert_cmpuint(s.facts, ==, SEGMENT_HAS_OPTIONS | SEGMENT_HAS_MSS | SEGMENT_SACK_PERMITTED |
                                              SEGMENT_HAS_TIMESTAMP | SEGMENT_HAS_WSCALE | SEGMENT_LINUX_OPTIONS);
        g_assert_cmpuint(s.mss, ==, 1460);
        g_assert_cmpuint(s.tsval, ==, 5);
        g_assert_cmpuint(s.tsecr, ==, 6);
        g_assert_cmpuint(s.wscale, ==, 7);
        g_assert_cmpuint(s.payload_bytes, ==, 0);
}

/* The same options as Windows orders them, and as Linux does without timestamps. */
static void test_linux_order(void) {
        Segment windows = dissect_case_segment(SYN("0034", "8", "020405b4 01 030308 01 01 0402"));
        Segment quiet = dissect_case_segment(SYN("0034", "8", "020405b4 01 01 0402 01 030307"));

        g_assert_cmpuint(windows.facts & SEGMENT_LINUX_OPTIONS, ==, 0);
        g_assert_cmpuint(quiet.facts & SEGMENT_LINUX_OPTIONS, !=, 0);
}

static void test_timestamp_alone(void) {
        Segment s = dissect_case_segment(SYN("0034", "8", "0101 080a 00000005 00000006"));

        g_assert_cmpuint(s.facts, ==, SEGMENT_HAS_OPTIONS | SEGMENT_HAS_TIMESTAMP);
        g_assert_cmpuint(s.tsval, ==, 5);
        g_assert_cmpuint(s.tsecr, ==, 6);
}

static void test_sack_blocks(void) {
        Segment s = dissect_case_segment(SYN("0040", "b", "0101 0512 00000010 00000020 00000030 00000040 01010101"));

        g_assert_cmpuint(s.sack_blocks, ==, 2);
        g_assert_cmpuint(s.sack_right, ==, 0x40);
        g_assert_cmpuint(s.facts & SEGMENT_DSACK, ==, 0);
}

/* RFC 2883 4: a first block below the acknowledgment (here 0x100), or inside the second one. */
static void test_dsack(void) {
#define ACK(total, words, options) \
        ETHERNET "0800" IP4(total, "06") "03e8 0050 00000001 00000100 " words "0 10 1000 beef 0000 " options
        Segment below = dissect_case_segment(ACK("0034", "8", "0101 050a 00000080 00000090"));
        Segment inside = dissect_case_segment(ACK("003c", "a", "0101 0512 00000210 00000220 00000200 00000240"));
        Segment beside = dissect_case_segment(ACK("003c", "a", "0101 0512 00000210 00000250 00000200 00000240"));
        Segment odd = dissect_case_segment(ACK("0034", "8", "0101 0509 00000080 000000 01"));

        g_assert_cmpuint(below.facts & SEGMENT_DSACK, !=, 0);
        g_assert_cmpuint(inside.facts & SEGMENT_DSACK, !=, 0);
        g_assert_cmpuint(inside.sack_right, ==, 0x240);
        g_assert_cmpuint(beside.facts & SEGMENT_DSACK, ==, 0);
        g_assert_cmpuint(beside.sack_right, ==, 0x250);
        g_assert_cmpuint(odd.sack_blocks, ==, 0);
}

/* Whether a command of FTP is longer than any. */
static void test_long_word(void) {
#define TO(port, payload) ETHERNET "0800" IP4("008d", "06") "03e8 " port "00000001 00000100 50 10 1000 beef 0000 " payload
#define TEN "54545454545454545454 "
#define FIFTY TEN TEN TEN TEN TEN
        g_assert_cmpuint(dissect_case_segment(TO("0015 ", FIFTY FIFTY "54")).long_word, ==, 1);
        g_assert_cmpuint(dissect_case_segment(TO("0015 ", FIFTY FIFTY "20")).long_word, ==, 0);
        g_assert_cmpuint(dissect_case_segment(TO("0015 ", FIFTY FIFTY)).long_word, ==, 0);
        g_assert_cmpuint(dissect_case_segment(TO("0050 ", FIFTY FIFTY "54")).long_word, ==, 0);
}

static void test_rare_options(void) {
        g_assert_true(dissect_case_segment(SYN("0030", "7", "2202 01010101 0101")).facts & SEGMENT_FASTOPEN);
        g_assert_true(dissect_case_segment(SYN("0030", "7", "fe04 f989 01010101")).facts & SEGMENT_FASTOPEN);
        g_assert_false(dissect_case_segment(SYN("0030", "7", "fe04 1234 01010101")).facts & SEGMENT_FASTOPEN);
        g_assert_true(dissect_case_segment(SYN("003c", "a", "1312 00112233445566778899aabbccddeeff 0101")).facts &
                      SEGMENT_MD5);
        g_assert_true(dissect_case_segment(SYN("0038", "9", "1d10 0102 00112233445566778899aabb")).facts & SEGMENT_MD5);
        g_assert_cmpuint(dissect_case_segment(SYN("002c", "6", "0303ff 01")).wscale, ==, 14);
}

/* Options that cannot be end the list; what stood before them holds. */
static void test_bad_options(void) {
        Segment past = dissect_case_segment(SYN("0030", "7", "020405b4 080a0000"));
        Segment none = dissect_case_segment(SYN("0030", "7", "020405b4 08000000"));
        Segment after_end = dissect_case_segment(SYN("0030", "7", "00000000 020405b4"));
        Segment wrong = dissect_case_segment(SYN("0030", "7", "0203050101010101"));
        Segment last = dissect_case_segment(SYN("002c", "6", "01010108"));

        g_assert_cmpuint(past.facts, ==, SEGMENT_HAS_OPTIONS | SEGMENT_HAS_MSS);
        g_assert_cmpuint(none.facts, ==, SEGMENT_HAS_OPTIONS | SEGMENT_HAS_MSS);
        g_assert_cmpuint(after_end.facts, ==, SEGMENT_HAS_OPTIONS);
        g_assert_cmpuint(wrong.facts, ==, SEGMENT_HAS_OPTIONS);
        g_assert_cmpuint(last.facts, ==, SEGMENT_HAS_OPTIONS);
}

/* A snaplen: from the window on a segment is told, and what may be missing is said. */
static void test_snaplen(void) {
        g_autoptr(GByteArray) bytes = dissect_case_bytes(SYN("0046", "a", "020405b4 0402 080a 00000005 00000006 01 030307"));

        for (guint captured = 14 + 20; captured <= bytes->len; captured++) {
                g_autoptr(Dissector) d = dissector_new();
                g_autofree guint8 *copy = g_memdup2(bytes->data, captured);
                Frame frame = { .data = copy, .captured_bytes = captured, .wire_bytes = bytes->len + 10, .link_type = 1 };
                Segment s = { 0 };
                DissectResult result = dissector_frame(d, &frame, &s);

                g_assert_cmpint(result, ==, captured < 14 + 20 + 16 ? DISSECT_SNAPPED : DISSECT_TCP);
                if (result != DISSECT_TCP)
                        continue;
                g_assert_cmpuint(s.payload_bytes, ==, 10);
                g_assert_cmpuint(s.window, ==, 0x1000);
                g_assert_cmpint((s.facts & SEGMENT_OPTIONS_CUT) != 0, ==, captured < bytes->len);
                g_assert_cmpint((s.facts & SEGMENT_HAS_MSS) != 0, ==, captured >= 14 + 20 + 24);
                g_assert_cmpint((s.facts & SEGMENT_HAS_WSCALE) != 0, ==, captured == bytes->len);
        }
}

/* Whatever a snaplen leaves of the options of a SYN, and whichever of their bytes is another. */
static void test_syn_short_cut(void) {
        static const char *const syns[] = { SYN("003c", "a", "020405b4 0402 080a 00000005 00000006 01 030307"),
                                            SYN("0034", "8", "020405b4 01010402 01 030307") };

        for (guint i = 0; i < G_N_ELEMENTS(syns); i++) {
                g_autoptr(GByteArray) bytes = dissect_case_bytes(syns[i]);
                const guint options = 14 + 20 + 20, n = bytes->len - options;

                for (guint changed = 0; changed < 4 * n; changed++) {
                        guint8 *byte = &bytes->data[options + changed / 4], before = *byte;

                        *byte = (guint8)(*byte + changed % 4); /* 0: none is */
                        for (guint captured = options; captured <= bytes->len; captured++) {
                                g_autofree guint8 *copy = g_memdup2(bytes->data, captured);
                                Frame frame = { .data = copy, .captured_bytes = captured, .wire_bytes = bytes->len, .link_type = 1 };

                                plain_check(&frame);
                        }
                        *byte = before;
                }
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/dissect/tcp/headers", test_headers);
        g_test_add_func("/dissect/tcp/fields", test_fields);
        g_test_add_func("/dissect/tcp/syn-options", test_syn_options);
        g_test_add_func("/dissect/tcp/linux-order", test_linux_order);
        g_test_add_func("/dissect/tcp/timestamp-alone", test_timestamp_alone);
        g_test_add_func("/dissect/tcp/sack-blocks", test_sack_blocks);
        g_test_add_func("/dissect/tcp/dsack", test_dsack);
        g_test_add_func("/dissect/tcp/long-word", test_long_word);
        g_test_add_func("/dissect/tcp/rare-options", test_rare_options);
        g_test_add_func("/dissect/tcp/bad-options", test_bad_options);
        g_test_add_func("/dissect/tcp/snaplen", test_snaplen);
        g_test_add_func("/dissect/tcp/syn-short-cut", test_syn_short_cut);
        return g_test_run();
}
