/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Paths form a tree: each is its parent and one more VLAN or tunnel.  A hash over
 * (parent, kind, id) finds the child; a path's number never changes.
 */

#include "path.h"

typedef struct PathKindInfo {
        const char *name;
        gboolean identity; /* shared by both directions: see path.h */
        gboolean has_id;
} PathKindInfo;

static const PathKindInfo kinds[] = {
        [PATH_VLAN] = { "vlan", TRUE, TRUE },
        [PATH_ISID] = { "i-sid", TRUE, TRUE },
        [PATH_PPPOE] = { "pppoe session", TRUE, TRUE },
        [PATH_GRE_KEY] = { "gre key", TRUE, TRUE },
        [PATH_NVGRE] = { "nvgre", TRUE, TRUE },
        [PATH_VXLAN] = { "vxlan", TRUE, TRUE },
        [PATH_GENEVE] = { "geneve", TRUE, TRUE },
        [PATH_MPLS] = { "mpls", FALSE, TRUE },
        [PATH_GRE] = { "gre", FALSE, FALSE },
        [PATH_PPTP] = { "pptp call", FALSE, TRUE },
        [PATH_EOIP] = { "eoip", FALSE, TRUE },
        [PATH_ERSPAN] = { "erspan session", FALSE, TRUE },
        [PATH_IP_IN_IP] = { "ip-in-ip", FALSE, FALSE },
        [PATH_ETHER_IP] = { "etherip", FALSE, FALSE },
        [PATH_GTP] = { "gtp-u teid", FALSE, TRUE },
        [PATH_TEREDO] = { "teredo", FALSE, FALSE },
        [PATH_L2TP] = { "l2tp session", FALSE, TRUE },
        [PATH_AYIYA] = { "ayiya", FALSE, FALSE },
        [PATH_LISP] = { "lisp", FALSE, FALSE },
        [PATH_FABRICPATH] = { "fabricpath", FALSE, FALSE },
        [PATH_NSH] = { "nsh path", FALSE, TRUE },
};
G_STATIC_ASSERT(G_N_ELEMENTS(kinds) == PATH_KINDS);

typedef struct PathEntry {
        guint32 parent;
        guint32 id;
        guint8 kind;
} PathEntry;

/* Entries never move: a path may be described while another thread enters the next one. */
#define ENTRIES_PER_PIECE 1024U
#define PIECES (PATH_IDS_MAX / ENTRIES_PER_PIECE)

struct PathTable {
        PathEntry *pieces[PIECES]; /* by path; the first one is "none" */
        guint32 n;
        guint32 *slots;  /* open addressing; a path, 0 free */
        guint32 n_slots; /* power of two, at least twice the entries */
        guint64 overflows;
};

#define PATH_OVERFLOW (PATH_IDS_MAX - 1) /* shared by all that did not fit */
#define PATH_SLOTS_START 64

static PathEntry *entry_at(const PathTable *t, guint32 path) {
        return &t->pieces[path / ENTRIES_PER_PIECE][path % ENTRIES_PER_PIECE];
}

/* Returns: its path. */
static guint32 entry_add(PathTable *t, PathEntry entry) {
        if (t->n % ENTRIES_PER_PIECE == 0)
                t->pieces[t->n / ENTRIES_PER_PIECE] = g_new(PathEntry, ENTRIES_PER_PIECE);
        *entry_at(t, t->n) = entry;
        return t->n++;
}

PathTable *path_table_new(void) {
        PathTable *t = g_new0(PathTable, 1);

        entry_add(t, (PathEntry){ .parent = 0 });
        t->n_slots = PATH_SLOTS_START;
        t->slots = g_new0(guint32, t->n_slots);
        return t;
}

void path_table_free(PathTable *t) {
        if (!t)
                return;
        for (guint i = 0; i < PIECES; i++)
                g_free(t->pieces[i]);
        g_free(t->slots);
        g_free(t);
}

static guint32 entry_hash(guint32 parent, PathKind kind, guint32 id) {
        guint64 h = ((guint64)parent << 32 | id) + (guint64)kind * 0x9e3779b97f4a7c15U;

        h = (h ^ h >> 31) * 0xbf58476d1ce4e5b9U;
        return (guint32)(h >> 32);
}

/* Returns: the slot that holds this child, or the free one where it belongs. */
static guint32 *slot_find(const PathTable *t, guint32 parent, PathKind kind, guint32 id) {
        guint32 at = entry_hash(parent, kind, id);

        for (;; at++) {
                guint32 *slot = &t->slots[at & (t->n_slots - 1)];
                const PathEntry *e = entry_at(t, *slot);

                if (*slot == 0 || (e->parent == parent && e->id == id && e->kind == kind))
                        return slot;
        }
}

static void slots_grow(PathTable *t) {
        t->n_slots *= 2;
        g_free(t->slots);
        t->slots = g_new0(guint32, t->n_slots);
        for (guint32 path = 1; path < t->n; path++) {
                const PathEntry *e = entry_at(t, path);

                *slot_find(t, e->parent, e->kind, e->id) = path;
        }
}

/* Returns: the child of @parent; @when_full if it is new and there are @limit paths already. */
static guint32 path_child(PathTable *t, guint32 parent, PathKind kind, guint32 id, guint limit, guint32 when_full) {
        PathEntry entry = { .parent = parent, .id = kinds[kind].has_id ? id : 0, .kind = (guint8)kind };
        guint32 *slot = slot_find(t, parent, kind, entry.id);

        if (*slot != 0)
                return *slot;
        if (t->n >= limit) {
                t->overflows++;
                return when_full;
        }
        *slot = entry_add(t, entry);
        if (t->n * 2 > t->n_slots)
                slots_grow(t);
        return t->n - 1;
}

void path_enter(PathTable *t, guint32 *path, guint32 *detail, PathKind kind, guint32 id) {
        gboolean same = *path == *detail;

        if (kinds[kind].identity)
                *path = path_child(t, *path, kind, id, PATH_OVERFLOW, PATH_OVERFLOW);
        if (kinds[kind].identity && same)
                *detail = *path;
        else
                *detail = path_child(t, *detail, kind, id, PATH_DETAIL_IDS_MAX, *detail);
}

char *path_describe(const PathTable *t, guint32 path) {
        g_autoptr(GString) text = g_string_new(NULL);

        if (path == PATH_OVERFLOW)
                g_string_append(text, "one of many");
        while (path > 0 && path < t->n) {
                const PathEntry *e = entry_at(t, path);
                g_autofree char *id = kinds[e->kind].has_id ? g_strdup_printf(" %u", e->id) : g_strdup("");
                g_autofree char *one = g_strdup_printf("%s%s%s", kinds[e->kind].name, id, text->len > 0 ? ", " : "");

                g_string_prepend(text, one);
                path = e->parent;
        }
        return g_strdup(text->str);
}

guint path_table_size(const PathTable *t) {
        return t->n;
}

guint64 path_table_overflows(const PathTable *t) {
        return t->overflows;
}
