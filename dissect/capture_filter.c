/* SPDX-License-Identifier: BSD-3-Clause */

#include "capture_filter.h"

#include <pcap/pcap.h>

#include "capture.h"
#include "capture_reader.h"

/* Where the two numberings differ on Linux. */
static const struct {
        guint16 link_type;
        int dlt;
} link_types[] = {
        { 100, DLT_ATM_RFC1483 },
        { 101, DLT_RAW },
        { 102, DLT_SLIP_BSDOS },
        { 103, DLT_PPP_BSDOS },
        { 106, DLT_ATM_CLIP },
        { 246, DLT_PFSYNC },
};

int capture_link_type_to_dlt(guint16 link_type) {
        for (gsize i = 0; i < G_N_ELEMENTS(link_types); i++) {
                if (link_types[i].link_type == link_type)
                        return link_types[i].dlt;
        }
        return link_type;
}

guint16 capture_link_type_from_dlt(int dlt) {
        for (gsize i = 0; i < G_N_ELEMENTS(link_types); i++) {
                if (link_types[i].dlt == dlt)
                        return link_types[i].link_type;
        }
        return (guint16)dlt;
}

const char *capture_link_type_name(guint16 link_type) {
        return pcap_datalink_val_to_name(capture_link_type_to_dlt(link_type));
}

/* ── Filters ───────────────────────────────────────────────────────────────── */

typedef struct Program {
        guint16 link_type;
        gboolean compiled;
        struct bpf_program code;
} Program;

struct CaptureFilter {
        char *expression;
        GArray *programs; /* (element-type Program): a handful, the last used is looked at first */
        guint last;
};

CaptureFilter *capture_filter_new(const char *expression) {
        CaptureFilter *f = g_new0(CaptureFilter, 1);

        f->expression = g_strdup(expression);
        f->programs = g_array_new(FALSE, TRUE, sizeof(Program));
        return f;
}

static Program *program_find(CaptureFilter *f, guint16 link_type) {
        if (f->last < f->programs->len && g_array_index(f->programs, Program, f->last).link_type == link_type)
                return &g_array_index(f->programs, Program, f->last);
        for (guint i = 0; i < f->programs->len; i++) {
                if (g_array_index(f->programs, Program, i).link_type == link_type) {
                        f->last = i;
                        return &g_array_index(f->programs, Program, i);
                }
        }
        return NULL;
}

gboolean capture_filter_compile(CaptureFilter *f, guint16 link_type, GError **error) {
        const char *name = capture_link_type_name(link_type);
        Program p = { .link_type = link_type };

        if (program_find(f, link_type))
                return TRUE;

        pcap_t *pcap = pcap_open_dead(capture_link_type_to_dlt(link_type), (int)CAPTURE_PACKET_BYTES_MAX);
        p.compiled = pcap_compile(pcap, &p.code, f->expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
        if (!p.compiled)
                g_set_error(error, CAPTURE_ERROR, CAPTURE_ERROR_FILTER,
                            "filter '%s' on link type %s (%u): %s", f->expression,
                            name ? name : "without a name", link_type, pcap_geterr(pcap));
        pcap_close(pcap);
        g_array_append_val(f->programs, p);
        return p.compiled;
}

gboolean capture_filter_match(CaptureFilter *f, const Frame *frame) {
        struct pcap_pkthdr header = { .caplen = frame->captured_bytes, .len = frame->wire_bytes };
        const Program *p = program_find(f, frame->link_type);

        if (!p) {
                capture_filter_compile(f, frame->link_type, NULL);
                p = program_find(f, frame->link_type);
        }
        return p->compiled && pcap_offline_filter(&p->code, &header, frame->data) != 0;
}

void capture_filter_free(CaptureFilter *f) {
        if (!f)
                return;
        for (guint i = 0; i < f->programs->len; i++)
                pcap_freecode(&g_array_index(f->programs, Program, i).code);
        g_array_free(f->programs, TRUE);
        g_free(f->expression);
        g_free(f);
}
