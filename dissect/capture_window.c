/* SPDX-License-Identifier: BSD-3-Clause */

#include "capture_window.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

/* Of the file at a time: system calls are few, and what was seen is let go before it adds up. */
#define WINDOW_BYTES ((gsize)1 << 20)

struct CaptureWindow {
        gint taken;
        guint8 *map; /* NULL: none */
        gsize bytes;
        volatile sig_atomic_t torn; /* by the signal handler */
};

/* A table, not a list: the handler may look at it whatever other threads are doing to it. */
static CaptureWindow windows[CAPTURE_WINDOWS_MAX];

static gsize page_bytes;

static CaptureWindow *window_at(const guint8 *address) {
        for (guint i = 0; i < CAPTURE_WINDOWS_MAX; i++)
                if (windows[i].map && address >= windows[i].map && address < windows[i].map + windows[i].bytes)
                        return &windows[i];
        return NULL;
}

/* From the page that is gone to the window's end there are zeros from now on. */
static void on_bus_error(int number, siginfo_t *info, void *context) {
        guint8 *page = (guint8 *)((gsize)info->si_addr & ~(page_bytes - 1));
        CaptureWindow *w = window_at(page);

        if (w && mmap(page, (gsize)(w->map + w->bytes - page), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page)
                w->torn = TRUE;
        else
                signal(SIGBUS, SIG_DFL); /* it happens again, and ends the program */
}

static void prepare(void) {
        static gsize prepared;
        struct sigaction action = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO };

        if (!g_once_init_enter(&prepared))
                return;
        page_bytes = (gsize)sysconf(_SC_PAGESIZE);
        sigaction(SIGBUS, &action, NULL);
        g_once_init_leave(&prepared, 1);
}

CaptureWindow *capture_window_new(void) {
        prepare();
        for (guint i = 0; i < CAPTURE_WINDOWS_MAX; i++)
                if (g_atomic_int_compare_and_exchange(&windows[i].taken, FALSE, TRUE))
                        return &windows[i];
        return NULL;
}

static void close_map(CaptureWindow *w) {
        if (w->map)
                munmap(w->map, w->bytes);
        w->map = NULL;
}

const guint8 *capture_window_move(CaptureWindow *w, int fd, guint64 offset, gsize n, guint64 file_bytes, gsize *bytes) {
        guint64 from = offset & ~(guint64)(page_bytes - 1);
        gsize length = (gsize)MIN(file_bytes - MIN(file_bytes, from), MAX(WINDOW_BYTES, n + (offset - from)));
        void *map;

        close_map(w);
        if (w->torn || from + length < offset + n)
                return NULL;
        map = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, (off_t)from);
        if (map == MAP_FAILED)
                return NULL;
        w->bytes = length;
        w->map = map;
        if (madvise(map, length, MADV_POPULATE_READ) < 0) {
                close_map(w);
                return NULL;
        }
        *bytes = (gsize)(from + length - offset);
        return w->map + (offset - from);
}

gboolean capture_window_is_torn(const CaptureWindow *w) {
        return w->torn;
}

void capture_window_free(CaptureWindow *w) {
        if (!w)
                return;
        close_map(w);
        w->torn = FALSE;
        g_atomic_int_set(&w->taken, FALSE);
}
