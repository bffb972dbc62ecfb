/* SPDX-License-Identifier: BSD-3-Clause */

#include "capture_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <string.h>

/* The one of all versions 3. */
#define LIBRARY "libarchive.so.13"
G_STATIC_ASSERT(ARCHIVE_VERSION_NUMBER / 1000000 == 3);

/* ── The library ───────────────────────────────────────────────────────────── */

#define FUNCTIONS(FUNCTION)                                                                                           \
        FUNCTION(archive_error_string)                                                                                \
        FUNCTION(archive_read_data_block)                                                                             \
        FUNCTION(archive_read_free)                                                                                   \
        FUNCTION(archive_read_new)                                                                                    \
        FUNCTION(archive_read_next_header)                                                                            \
        FUNCTION(archive_read_open2)                                                                                  \
        FUNCTION(archive_read_support_filter_bzip2)                                                                   \
        FUNCTION(archive_read_support_filter_lz4)                                                                     \
        FUNCTION(archive_read_support_filter_xz)                                                                      \
        FUNCTION(archive_read_support_filter_zstd)                                                                    \
        FUNCTION(archive_read_support_format_empty)                                                                   \
        FUNCTION(archive_read_support_format_raw)

static struct {
#define MEMBER(name) __typeof__(&name) name;
        FUNCTIONS(MEMBER)
#undef MEMBER
} library;

/* Returns: NULL, or why it cannot be used. Once loaded it stays. */
static const char *library_load(void) {
        void *handle = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);

        if (!handle)
                return dlerror();
#define LOAD(name)                                                                                                     \
        if (!(*(void **)&library.name = dlsym(handle, #name)))                                                         \
                return dlerror();
        FUNCTIONS(LOAD)
#undef LOAD
        return NULL;
}

static const char *library_need(void) {
        static const char *why;
        static gsize loaded;

        if (g_once_init_enter(&loaded)) {
                why = g_strdup(library_load());
                g_once_init_leave(&loaded, 1);
        }
        return why;
}

/* ── A stream ──────────────────────────────────────────────────────────────── */

/* libarchive asks for the compressed bytes: it gets all that is buffered. */
static la_ssize_t archive_input(struct archive *a, void *data, const void **block) {
        CaptureStream *inner = data;

        capture_stream_need(inner, 1);
        gsize n = capture_stream_left(inner);
        *block = inner->at;
        capture_stream_consume(inner, n);
        return (la_ssize_t)n;
}

static void archive_fail(CaptureStream *s) {
        const char *why = s->inner->failure ? s->inner->failure : library.archive_error_string(s->archive);

        s->failure = g_strdup_printf("%s data is damaged: %s", s->compression, why ? why : "no reason given");
}

/* Block by block: archive_read_data() would drop what it has when a later block fails. */
static gssize archive_fill(CaptureStream *s, guint8 *into, gsize n) {
        la_int64_t offset;

        while (s->block_left == 0) {
                const void *block;
                int result = library.archive_read_data_block(s->archive, &block, &s->block_left, &offset);
                if (result == ARCHIVE_EOF)
                        return 0;
                if (result < ARCHIVE_WARN) {
                        archive_fail(s);
                        return -1;
                }
                s->block = block;
        }
        gsize got = MIN(n, s->block_left);
        memcpy(into, s->block, got);
        s->block += got;
        s->block_left -= got;
        return (gssize)got;
}

CaptureStream *capture_archive_stream(CaptureStream *inner, const char *compression) {
        CaptureStream *s = capture_stream_new(archive_fill);
        struct archive_entry *entry;

        s->inner = inner;
        s->compression = compression;
        if (library_need()) {
                s->failure = g_strdup_printf("%s data cannot be read: %s", compression, library_need());
                s->at_end = TRUE;
                return s;
        }
        s->archive = library.archive_read_new();
        library.archive_read_support_filter_xz(s->archive);
        library.archive_read_support_filter_zstd(s->archive);
        library.archive_read_support_filter_lz4(s->archive);
        library.archive_read_support_filter_bzip2(s->archive);
        library.archive_read_support_format_raw(s->archive);
        library.archive_read_support_format_empty(s->archive);

        int result = library.archive_read_open2(s->archive, inner, NULL, archive_input, NULL, NULL);
        if (result == ARCHIVE_OK)
                result = library.archive_read_next_header(s->archive, &entry);
        s->at_end = result != ARCHIVE_OK;
        if (result < ARCHIVE_WARN)
                archive_fail(s);
        return s;
}

void capture_archive_free(struct archive *archive) {
        if (archive)
                library.archive_read_free(archive);
}
