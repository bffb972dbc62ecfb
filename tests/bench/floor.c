/* SPDX-License-Identifier: BSD-3-Clause */

/* The floor of the benchmark: what libpcap alone needs to read a capture. Counts packets, and nothing else. */

#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>

#define BUFFER_BYTES (1 << 20)

static void count(u_char *n, const struct pcap_pkthdr *header, const u_char *bytes) {
        ++*(uint64_t *)(void *)n;
}

int main(int argc, char **argv) {
        static char buffer[BUFFER_BYTES];
        char error[PCAP_ERRBUF_SIZE] = "";
        FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
        uint64_t n = 0;

        if (file == NULL) {
                fprintf(stderr, "usage: floor CAPTURE\n");
                return 3;
        }
        setvbuf(file, buffer, _IOFBF, sizeof buffer);
        pcap_t *capture = pcap_fopen_offline(file, error);
        if (capture == NULL) {
                fprintf(stderr, "%s: %s\n", argv[1], error);
                return 2;
        }
        int result = pcap_dispatch(capture, -1, count, (u_char *)&n);
        printf("%" PRIu64 "\n", n);
        pcap_close(capture);
        return result < 0 ? 2 : 0;
}
