/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Opens anything that holds packets and hands out its frames in batches.
 *
 * Sources: pcap and pcapng parsed by our own reader from a reused read()
 * buffer; the same out of gz, xz, zst, lz4 and bz2 through libarchive; whatever
 * else libpcap can open.  Everything works on a stream: nothing seeks, but that
 * payloads may be passed over.
 */

#include "frame.h"

#define CAPTURE_ERROR (capture_error_quark())
GQuark capture_error_quark(void);

typedef enum CaptureError {
        CAPTURE_ERROR_OPEN,    /* cannot be opened or read: the message has errno's words */
        CAPTURE_ERROR_FORMAT,  /* not a capture that we or libpcap know */
        CAPTURE_ERROR_FILTER,  /* the BPF filter does not compile */
} CaptureError;

typedef enum CaptureDamage {
        CAPTURE_INTACT,
        CAPTURE_TRUNCATED, /* the file ends inside a record */
        CAPTURE_CORRUPT,   /* a length or number that cannot be */
} CaptureDamage;

#define CAPTURE_LINK_TYPES_MAX 16

/* What a capture says of itself and what was met in reading it; one per file. */
typedef struct CaptureInfo {
        char *path;         /* as given; "-" is standard input */
        char format[32];    /* "pcap", "pcapng", "pcap (gzip)", "libpcap"... */
        guint32 snaplen;    /* largest of its interfaces, 0 unknown */
        guint64 frames;     /* read so far, before any filter */
        guint64 bytes;      /* of the (uncompressed) file read so far */
        guint64 file_bytes; /* size on disk, 0 if not a regular file: for progress */
        guint64 file_offset; /* on-disk position, for progress; compressed files too */
        guint64 drops;      /* packets that the capturing kernel says it dropped (pcapng statistics) */
        guint64 cut_frames; /* captured_bytes < wire_bytes */
        guint64 filtered_frames; /* left out by the filter */
        guint64 backward_steps; /* frames earlier than the one before */
        gint64 backward_ns_max; /* the largest such step */
        gint64 first_ns, last_ns; /* smallest and largest time; valid when frames > 0 */
        guint16 link_types[CAPTURE_LINK_TYPES_MAX]; /* LINKTYPE_ values as in the file; what libpcap read is mapped back */
        guint n_link_types;
        guint interfaces;
        guint sections;
        CaptureDamage damage;
        guint64 damage_frame;  /* the frame that could not be read */
        guint64 damage_offset; /* where in the (uncompressed) file it begins */
        char *damage_text;     /* why reading stopped; NULL when intact */
} CaptureInfo;

typedef struct Capture Capture;

/**
 * capture_open:
 * @path: a file name, or "-" for standard input
 * @file: the index that frames carry in their FrameRef
 * @use_libpcap: read through libpcap whatever the format (the oracle in tests)
 * @error: set on failure
 *
 * Returns: a capture to be freed by capture_free(), or NULL with @error set.
 */
Capture *capture_open(const char *path, guint file, gboolean use_libpcap, GError **error);

/**
 * capture_open_bytes:
 * The same for a capture in memory; @bytes is referenced until capture_free().
 */
Capture *capture_open_bytes(const char *name, GBytes *bytes, guint file, GError **error);

/**
 * capture_set_filter:
 * @expression: pcap-filter(7); compiled once per link type of the capture
 * @error: CAPTURE_ERROR_FILTER when it compiles for none of them
 *
 * Called once, before the first read. Frames that do not match are counted in @filtered_frames
 * and not handed out. Where a capture has several link types and the expression means nothing
 * for one of them (say, 'ether' on raw IP), frames of that one do not match.
 */
gboolean capture_set_filter(Capture *c, const char *expression, GError **error);

/**
 * capture_pass_payloads:
 * Of large plain packets (plain.h) only PLAIN_BYTES_MAX bytes are there from now on, whatever @captured_bytes of the
 * frame says: where it is possible the rest is not even read. Not with a filter, which may look at any byte.
 */
void capture_pass_payloads(Capture *c);

/**
 * capture_read:
 * Reads up to @n frames into @frames.
 *
 * Returns: how many; 0 at the end or where the file is damaged (see capture_info()). The
 * frames' data is valid until the next call on this capture.
 */
guint capture_read(Capture *c, Frame *frames, guint n);

/**
 * capture_stop_waiting:
 * From now on a pipe ends where nothing more has come yet, and that is no damage. For a signal handler: what
 * capture_read() may be waiting for in another thread is not waited for any longer.
 */
void capture_stop_waiting(void);

/* Returns: what is known so far; owned by @c. */
const CaptureInfo *capture_info(const Capture *c);

/* Returns: libpcap's name of a LINKTYPE_ value, e.g. "EN10MB"; NULL if it has none. */
const char *capture_link_type_name(guint16 link_type);

void capture_free(Capture *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Capture, capture_free)
