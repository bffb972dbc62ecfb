/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * libpcap over our stream: for formats that only it knows, and as the oracle
 * that our own readers are held to.  One frame at a time: its buffer holds one.
 */

#include <errno.h>
#include <pcap/pcap.h>
#include <string.h>

#include "capture_filter.h"
#include "capture_reader.h"

typedef struct LibpcapReader {
        CaptureReader reader;
        pcap_t *pcap;
        guint16 link_type;
} LibpcapReader;

static ssize_t cookie_read(void *cookie, char *into, size_t n) {
        CaptureStream *s = cookie;

        if (!capture_stream_need(s, 1)) {
                errno = EIO;
                return s->failure ? -1 : 0;
        }
        gsize got = MIN(n, capture_stream_left(s));
        memcpy(into, s->at, got);
        capture_stream_consume(s, got);
        return (ssize_t)got;
}

static guint libpcap_read(CaptureReader *reader, CaptureStream *s, CaptureInfo *info, Frame *frames,
                          guint n) {
        LibpcapReader *r = (LibpcapReader *)reader;
        struct pcap_pkthdr *header;
        const guint8 *data;
        int result = pcap_next_ex(r->pcap, &header, &data);

        if (result == PCAP_ERROR_BREAK || n == 0 || (result != 1 && s->stopped)) /* the end */
                return 0;
        if (result != 1) {
                const char *why = pcap_geterr(r->pcap);
                gboolean cut = s->failure || strstr(why, "truncated");
                capture_info_damage(info, cut ? CAPTURE_TRUNCATED : CAPTURE_CORRUPT, s->offset, "%s",
                                    s->failure ? s->failure : why);
                return 0;
        }
        frames[0] = (Frame){
                .time_ns = (gint64)((guint64)header->ts.tv_sec * NS_PER_SECOND + (guint64)header->ts.tv_usec),
                .data = data,
                .captured_bytes = header->caplen,
                .wire_bytes = header->len,
                .link_type = r->link_type,
        };
        return 1;
}

static void libpcap_free(CaptureReader *reader) {
        LibpcapReader *r = (LibpcapReader *)reader;

        pcap_close(r->pcap);
        g_free(r);
}

CaptureReader *capture_libpcap_new(CaptureStream *s, CaptureInfo *info, GError **error) {
        char why[PCAP_ERRBUF_SIZE] = "";
        FILE *file = fopencookie(s, "r", (cookie_io_functions_t){ .read = cookie_read });
        pcap_t *pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, why);

        if (!pcap) {
                g_set_error_literal(error, CAPTURE_ERROR, CAPTURE_ERROR_FORMAT, why);
                fclose(file);
                return NULL;
        }
        LibpcapReader *r = g_new0(LibpcapReader, 1);
        r->reader.read = libpcap_read;
        r->reader.free = libpcap_free;
        r->pcap = pcap;
        r->link_type = capture_link_type_from_dlt(pcap_datalink(pcap));
        capture_info_add_link_type(info, r->link_type);
        info->snaplen = (guint32)pcap_snapshot(pcap);
        info->interfaces = 1;
        info->sections = 1;
        return &r->reader;
}
