/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * xz, zstd, lz4 and bzip2, by libarchive. It is loaded at the first need: with all that it brings it would take longer
 * at every start of the program than many captures do.
 */

#include "capture_stream.h"

/**
 * capture_archive_stream:
 * @inner: (transfer full): compressed data
 * @compression: their name
 */
CaptureStream *capture_archive_stream(CaptureStream *inner, const char *compression);

/* @archive: (nullable): of such a stream */
void capture_archive_free(struct archive *archive);
