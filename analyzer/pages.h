/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Memory for tables that are read at random places: large pieces lie on huge pages where the kernel has some,
 * as each look-up costs a miss in the page tables otherwise.
 */

#include <glib.h>

#define HUGE_PAGE_BYTES ((gsize)2 << 20)

/* Returns: @bytes of zeroes at a page's begin; like g_malloc() it ends the program when there are none. */
gpointer pages_alloc(gsize bytes);

/* The same of which little may ever be needed: small pages, which cost nothing until they are touched. */
gpointer pages_alloc_first(gsize bytes);

/* @bytes as they were asked for; @pages may be NULL. */
void pages_free(gpointer pages, gsize bytes);
