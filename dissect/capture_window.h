/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A window on a regular file: its bytes as the kernel has them, not copied. Of a packet with a payload a copy would cost
 * more than all that is read of it. A file that is cut while it is mapped would end the program by SIGBUS; a window only
 * shows zeros there, and says so.
 */

#include <glib.h>

/* This many files have a window at a time; further ones must be read. */
#define CAPTURE_WINDOWS_MAX 16

typedef struct CaptureWindow CaptureWindow;

/* Returns: NULL when all are taken. Installs a handler of SIGBUS, which lets others' faults end the program. */
CaptureWindow *capture_window_new(void);

/**
 * capture_window_move:
 * @offset: of the first byte that is wanted
 * @n: how many are wanted at least
 * @file_bytes: where the file ends
 * @bytes: (out): how many there are
 *
 * Returns: the byte at @offset, valid until the next call; NULL if the file has fewer than @n bytes from there, or
 * cannot be mapped or read.
 */
const guint8 *capture_window_move(CaptureWindow *w, int fd, guint64 offset, gsize n, guint64 file_bytes, gsize *bytes);

/* Returns: whether the file was cut under the window, so that what was seen in it may have been zeros. */
gboolean capture_window_is_torn(const CaptureWindow *w);

void capture_window_free(CaptureWindow *w);
