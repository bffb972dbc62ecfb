/* SPDX-License-Identifier: BSD-3-Clause */

#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUTPUT_BUFFER_BYTES (256 * 1024)
#define OUTPUT_DIRECT_BYTES (16 * 1024) /* from here on a copy costs more than a write() */

struct Output {
        char *path;      /* as given, for messages */
        char *target;    /* where the file belongs; NULL when written directly */
        char *temporary; /* where it is until then */
        int fd;
        int failure; /* errno of the first write that failed, else 0 */
        gsize used;
        char buffer[OUTPUT_BUFFER_BYTES];
};

static void set_errno_error(GError **error, const char *path, int number) {
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(number), "%s: cannot write: %s",
                    g_str_equal(path, "-") ? "standard output" : path, g_strerror(number));
}

/* A temporary file in the target's own directory, so that rename() is atomic. */
static int open_beside(Output *o) {
        g_autofree char *real = realpath(o->path, NULL); /* a link stays a link */
        g_autofree char *directory = NULL;

        o->target = g_strdup(real ? real : o->path);
        directory = g_path_get_dirname(o->target);
        o->temporary = g_build_filename(directory, ".lastack.XXXXXX", NULL);
        return g_mkstemp_full(o->temporary, O_WRONLY | O_CLOEXEC, 0666);
}

Output *output_open(const char *path, GError **error) {
        g_autoptr(Output) o = g_new0(Output, 1); /* so large that it comes as zeros, of which none is touched */
        struct stat status;

        o->path = g_strdup(path);
        o->fd = -1;
        if (g_str_equal(path, "-"))
                o->fd = STDOUT_FILENO;
        else if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
                o->fd = open(path, O_WRONLY | O_CLOEXEC);
        else
                o->fd = open_beside(o);
        if (o->fd < 0) {
                set_errno_error(error, path, errno);
                g_clear_pointer(&o->temporary, g_free);
                return NULL;
        }
        return g_steal_pointer(&o);
}

static void write_out(Output *o, const char *data, gsize n) {
        while (n > 0 && o->failure == 0) {
                gssize written = write(o->fd, data, n);

                if (written < 0 && errno == EINTR)
                        continue;
                if (written < 0) {
                        o->failure = errno;
                        return;
                }
                data += written;
                n -= (gsize)written;
        }
}

void output_flush(Output *o) {
        write_out(o, o->buffer, o->used);
        o->used = 0;
}

void output_write(Output *o, const char *data, gsize n) {
        if (n > sizeof o->buffer - o->used || n >= OUTPUT_DIRECT_BYTES)
                output_flush(o);
        if (n >= OUTPUT_DIRECT_BYTES) {
                write_out(o, data, n);
                return;
        }
        memcpy(o->buffer + o->used, data, n);
        o->used += n;
}

gboolean output_failed(const Output *o) {
        return o->failure != 0;
}

gboolean output_close(Output *o, GError **error) {
        output_flush(o);
        /* Some file systems tell only here that the disk is full. */
        if (o->fd != STDOUT_FILENO && close(o->fd) != 0 && o->failure == 0)
                o->failure = errno;
        o->fd = -1;
        if (o->failure == 0 && o->temporary && g_rename(o->temporary, o->target) != 0)
                o->failure = errno;
        if (o->failure != 0) {
                set_errno_error(error, o->path, o->failure);
                return FALSE;
        }
        g_clear_pointer(&o->temporary, g_free);
        return TRUE;
}

void output_free(Output *o) {
        if (!o)
                return;
        if (o->fd >= 0 && o->fd != STDOUT_FILENO)
                close(o->fd);
        if (o->temporary)
                g_unlink(o->temporary);
        g_free(o->temporary);
        g_free(o->target);
        g_free(o->path);
        g_free(o);
}
