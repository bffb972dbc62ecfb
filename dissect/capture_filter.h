/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* BPF filters and link types, both libpcap's. */

#include "frame.h"

/*
 * Files hold LINKTYPE_ values, libpcap's calls take and give DLT_ values; they differ for a few
 * types (https://www.tcpdump.org/linktypes.html).
 */
int capture_link_type_to_dlt(guint16 link_type);
guint16 capture_link_type_from_dlt(int dlt);

typedef struct CaptureFilter CaptureFilter;

CaptureFilter *capture_filter_new(const char *expression);

/* Compiles for frames of @link_type, if that has not been done. @error: CAPTURE_ERROR_FILTER. */
gboolean capture_filter_compile(CaptureFilter *f, guint16 link_type, GError **error);

/* Returns: whether @frame matches; where the expression means nothing for its link type, it does not. */
gboolean capture_filter_match(CaptureFilter *f, const Frame *frame);

void capture_filter_free(CaptureFilter *f);
