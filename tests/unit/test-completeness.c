/* SPDX-License-Identifier: BSD-3-Clause */

/* Wireshark's tcp.completeness; the numbers are what tshark 4.0 -2 prints for such conversations. */

#include "analyzer/completeness.h"
#include "analyzer/record.h"

#define PACKETS_MAX 8

typedef struct Case {
        const char *name;
        guint8 value;
        struct {
                guint8 flags;
                guint32 payload_bytes;
        } packets[PACKETS_MAX]; /* ends with the first that has neither */
} Case;

static const Case cases[] = {
        { "syn", 1, { { TCP_SYN } } },
        { "syn_with_data", 9, { { TCP_SYN, 5 } } },
        { "handshake", 7, { { TCP_SYN }, { TCP_SYN | TCP_ACK }, { TCP_ACK } } },
        { "with_data", 15, { { TCP_SYN }, { TCP_SYN | TCP_ACK }, { TCP_ACK }, { TCP_ACK | TCP_PSH, 5 } } },
        { "closed", 31,
          { { TCP_SYN }, { TCP_SYN | TCP_ACK }, { TCP_ACK }, { TCP_ACK, 5 }, { TCP_FIN | TCP_ACK } } },
        { "reset", 39, { { TCP_SYN }, { TCP_SYN | TCP_ACK }, { TCP_ACK }, { TCP_RST } } },
        { "refused", 37, { { TCP_SYN }, { TCP_RST | TCP_ACK } } },
        { "fin_without_ack_is_none", 1, { { TCP_SYN }, { TCP_FIN } } },
        { "fin_with_data", 25, { { TCP_SYN }, { TCP_FIN | TCP_ACK, 5 } } },
        { "midstream", 12, { { TCP_ACK, 5 }, { TCP_ACK } } },
        { "syn_ack_first", 6, { { TCP_SYN | TCP_ACK }, { TCP_ACK } } },
        { "later_syn_is_none", 4, { { TCP_ACK }, { TCP_SYN } } },
        { "alone_data", 0, { { TCP_ACK, 5 } } },
        { "alone_reset", 0, { { TCP_RST } } },
        { "alone_syn_ack", 0, { { TCP_SYN | TCP_ACK } } },
};

static void test_case(gconstpointer data) {
        const Case *c = data;
        guint8 so_far = 0;

        for (guint i = 0; i < PACKETS_MAX && c->packets[i].flags; i++)
                so_far = completeness_segment(so_far, &(Segment){
                                .flags = c->packets[i].flags,
                                .payload_bytes = c->packets[i].payload_bytes,
                });
        g_assert_cmpuint(completeness_value(so_far), ==, c->value);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = g_strdup_printf("/completeness/%s", cases[i].name);
                g_test_add_data_func(path, &cases[i], test_case);
        }
        return g_test_run();
}
