/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Holds our own reader to libpcap: both read every file named, and every frame must agree in
 * time, lengths, link type and bytes.  Exit code 1 if one does not.
 *
 *     oracle FILE...
 *     find captures -type f | oracle        names from standard input
 *     oracle --counts FILE...               our own reader alone: a line per file, for comparing with a list
 *
 * Where libpcap deliberately reads differently that is allowed for here, and said why.
 */

#include <stdio.h>
#include <string.h>

#include "dissect/capture.h"
#include "dissect/capture_filter.h"

#define NS_PER_SECOND G_GINT64_CONSTANT(1000000000)

/*
 * libpcap takes both halves of a pcap record's time as signed where the file is in the machine's own
 * byte order; they are unsigned (draft-ietf-opsawg-pcap 5), so it may be behind by 2^32 of their unit.
 */
#define FRACTION_WRAP G_GINT64_CONSTANT(0x100000000)
static const gint64 allowed_wraps_ns[] = { 0, FRACTION_WRAP * NS_PER_SECOND, FRACTION_WRAP,
                                           FRACTION_WRAP * 1000 };

typedef enum Outcome {
        AGREED,           /* all frames equal, both intact */
        AGREED_DAMAGED,   /* all frames equal, both stop at the same frame for damage */
        OWN_READ_FURTHER, /* libpcap gave up on what it does not support; equal as far as it went */
        ONLY_OWN,         /* libpcap cannot open it */
        NEITHER,
        DIFFERENT,
        OUTCOMES,
} Outcome;

static const char *const outcome_titles[] = {
        [AGREED] = "agreed",
        [AGREED_DAMAGED] = "agreed, damaged at the same frame",
        [OWN_READ_FURTHER] = "agreed as far as libpcap went",
        [ONLY_OWN] = "libpcap cannot open",
        [NEITHER] = "not a capture for either",
        [DIFFERENT] = "DIFFERENT",
};
G_STATIC_ASSERT(G_N_ELEMENTS(outcome_titles) == OUTCOMES);

/* One frame at a time out of batches. */
typedef struct Cursor {
        Capture *capture;
        Frame frames[FRAME_BATCH];
        guint next, n;
} Cursor;

static const Frame *cursor_next(Cursor *c) {
        if (c->next == c->n) {
                c->n = capture_read(c->capture, c->frames, FRAME_BATCH);
                c->next = 0;
        }
        return c->n > 0 ? &c->frames[c->next++] : NULL;
}

static gboolean times_agree(gint64 own_ns, gint64 libpcap_ns) {
        for (gsize i = 0; i < G_N_ELEMENTS(allowed_wraps_ns); i++) {
                if (own_ns - libpcap_ns == allowed_wraps_ns[i])
                        return TRUE;
        }
        return FALSE;
}

/* Returns: what differs, NULL if nothing does. libpcap cuts frames to the file's snaplen, we do not. */
static char *frames_differ(const Frame *own, const Frame *libpcap, guint32 libpcap_snaplen) {
        if (!times_agree(own->time_ns, libpcap->time_ns))
                return g_strdup_printf("time %" G_GINT64_FORMAT ", libpcap %" G_GINT64_FORMAT, own->time_ns,
                                       libpcap->time_ns);
        if (MIN(own->captured_bytes, libpcap_snaplen) != libpcap->captured_bytes)
                return g_strdup_printf("%u captured bytes, libpcap %u", own->captured_bytes,
                                       libpcap->captured_bytes);
        if (own->wire_bytes != libpcap->wire_bytes)
                return g_strdup_printf("%u bytes on the wire, libpcap %u", own->wire_bytes,
                                       libpcap->wire_bytes);
        if (capture_link_type_to_dlt(own->link_type) != capture_link_type_to_dlt(libpcap->link_type))
                return g_strdup_printf("link type %u, libpcap %u", own->link_type, libpcap->link_type);
        if (memcmp(own->data, libpcap->data, libpcap->captured_bytes) != 0)
                return g_strdup("other bytes");
        return NULL;
}

static Outcome captures_compare(const char *path, Capture *own, Capture *libpcap) {
        Cursor a = { .capture = own }, b = { .capture = libpcap };
        const CaptureInfo *ours = capture_info(own), *theirs = capture_info(libpcap);
        guint64 number = 0;
        const Frame *f, *g;

        for (;;) {
                f = cursor_next(&a);
                g = cursor_next(&b);
                if (!f || !g)
                        break;
                number++;
                g_autofree char *what = frames_differ(f, g, theirs->snaplen);
                if (what) {
                        printf("%s: frame %" G_GUINT64_FORMAT ": %s\n", path, number, what);
                        return DIFFERENT;
                }
        }
        if (!f && !g) {
                if (!ours->damage == !theirs->damage)
                        return ours->damage ? AGREED_DAMAGED : AGREED;
        } else if (f && theirs->damage) {
                printf("%s: libpcap stopped before frame %" G_GUINT64_FORMAT ": %s\n", path, number + 1,
                       theirs->damage_text);
                return OWN_READ_FURTHER;
        }
        printf("%s: after frame %" G_GUINT64_FORMAT " we have %s (%s), libpcap %s (%s)\n", path, number,
               f ? "more" : "ended", ours->damage_text ? ours->damage_text : "intact", g ? "more" : "ended",
               theirs->damage_text ? theirs->damage_text : "intact");
        /* What libpcap does not support may lie behind the last frame. */
        return !f && !g && theirs->damage ? OWN_READ_FURTHER : DIFFERENT;
}

static Outcome file_compare(const char *path) {
        g_autoptr(GError) own_error = NULL, libpcap_error = NULL;
        g_autoptr(Capture) own = capture_open(path, 0, FALSE, &own_error);
        g_autoptr(Capture) libpcap = capture_open(path, 0, TRUE, &libpcap_error);

        if (own && libpcap)
                return captures_compare(path, own, libpcap);
        if (own) {
                printf("%s\n", libpcap_error->message);
                return ONLY_OWN;
        }
        if (libpcap) {
                printf("%s, but libpcap opens it\n", own_error->message);
                return DIFFERENT;
        }
        return NEITHER;
}

static void file_count(const char *path) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Capture) c = capture_open(path, 0, FALSE, &error);
        Frame frames[FRAME_BATCH];

        if (!c) {
                printf("%s\terror\t%s\n", path, error->message);
                return;
        }
        while (capture_read(c, frames, FRAME_BATCH) > 0)
                ;
        const CaptureInfo *info = capture_info(c);
        printf("%s\t%" G_GUINT64_FORMAT "\t%s\n", path, info->frames,
               info->damage_text ? info->damage_text : "ok");
}

int main(int argc, char **argv) {
        gboolean counts = argc > 1 && strcmp(argv[1], "--counts") == 0;
        guint outcomes[OUTCOMES] = { 0 };
        g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
        char line[4096];

        for (int i = counts ? 2 : 1; i < argc; i++)
                g_ptr_array_add(paths, g_strdup(argv[i]));
        while (argc == 1 + counts) {
                if (!fgets(line, sizeof line, stdin))
                        break;
                g_ptr_array_add(paths, g_strdup(g_strchomp(line)));
        }

        for (guint i = 0; i < paths->len; i++) {
                if (counts)
                        file_count(paths->pdata[i]);
                else
                        outcomes[file_compare(paths->pdata[i])]++;
        }
        for (guint i = 0; i < OUTCOMES && !counts; i++) {
                if (outcomes[i] > 0)
                        printf("%6u %s\n", outcomes[i], outcome_titles[i]);
        }
        return outcomes[DIFFERENT] > 0;
}
