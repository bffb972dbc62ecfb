/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A dissector test is a row: a frame in hexadecimal (blanks are for the reader), and what is said of it:
 *
 *     "10.0.0.1:1000 > 10.0.0.2:80 flags 10 len 5"       the rest only where there is any:
 *     " cut guessed fragment outgoing", " icmp 3/1", " path vlan 10", " detail vlan 10, mpls 7"
 *
 * or the name of another result.  Each row is run again with every shorter capture of the same frame.
 */

#include "dissect/dissector.h"

typedef struct DissectCase {
        const char *name;
        guint16 link_type;
        const char *hex;
        const char *expected;
} DissectCase;

/* Frames begin with these; the lengths of IP are the caller's, two bytes in hexadecimal. */
#define ETHERNET "020000000002 020000000001 "
#define IP4(total, protocol) "45 00 " total " 0007 0000 40 " protocol " 0000 0a000001 0a000002 "
#define IP6(payload, next) "60000000 " payload " " next " 40 " IP6_A IP6_B
#define IP6_A "20010db8000000000000000000000001 "
#define IP6_B "20010db8000000000000000000000002 "
#define TCP "03e8 0050 00000001 00000002 50 10 1000 0000 0000 "
#define UDP(port, length) "c000 " port " " length " 0000 "
#define FIVE "68656c6c6f "

/* The inner packet that most rows carry: 45 bytes of IPv4, 65 of IPv6, and what is said of them. */
#define INNER4 IP4("002d", "06") TCP FIVE
#define INNER6 IP6("0019", "06") TCP FIVE
#define SAID4 "10.0.0.1:1000 > 10.0.0.2:80 flags 10 len 5"
#define SAID6 "2001:db8::1:1000 > 2001:db8::2:80 flags 10 len 5"

/* Runs the rows and prints expected and actual in their own notation. */
void dissect_cases_run(const DissectCase *cases, guint n);

/* Returns: (transfer full): bytes of @hex. */
GByteArray *dissect_case_bytes(const char *hex);

/* Dissects @hex as Ethernet; fails unless it is TCP. */
Segment dissect_case_segment(const char *hex);
