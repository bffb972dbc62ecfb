/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Memory of flows, in pieces of a few sizes. What a connection gives back is there for the next one: they come
 * and go by the million.
 */

#include <glib.h>

typedef struct Pool Pool;

#define POOL_PIECE_BYTES_MAX 32768U

#define POOL_SLACK_BYTES 16U /* so far behind a piece's end it is harmless to read; what is there means nothing */

Pool *pool_new(void);
void pool_free(Pool *p);

/* Returns: the smallest class whose pieces hold @bytes, at most POOL_PIECE_BYTES_MAX. */
guint8 pool_class(gsize bytes);
gsize pool_class_bytes(guint8 size_class);

/* Returns: a piece, with anything in it; aligned for every type. */
gpointer pool_take(Pool *p, guint8 size_class);
void pool_give_back(Pool *p, gpointer piece, guint8 size_class);

/* Bytes held now: all of them, and of those the ones in pieces that are in use. */
gsize pool_bytes(const Pool *p);
gsize pool_bytes_used(const Pool *p);
