/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Several captures as one timeline: rotated files, several interfaces, several hosts. */

#include "capture.h"

typedef struct Merge Merge;

/**
 * merge_new:
 * @captures: (element-type Capture): taken over; the order of the command line
 *
 * Frames come out by time; within one capture always in the order of the file, even where
 * its clock runs backwards; at equal times the earlier file first.  One capture alone costs nothing extra.
 */
Merge *merge_new(GPtrArray *captures);

/* As capture_read(), over all captures; frames' data is valid until the next call. */
guint merge_read(Merge *m, Frame *frames, guint n);

guint merge_captures(const Merge *m);
const CaptureInfo *merge_info(const Merge *m, guint file);

void merge_free(Merge *m);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Merge, merge_free)
