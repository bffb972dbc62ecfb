/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which VLANs and tunnels a packet was in.  The stack of identifiers
 * (802.1Q, MPLS, GRE key, VNI, TEID ...) is interned: a segment carries a small number.
 */

#include <glib.h>

/* 0 is "no VLAN, no tunnel". Past this many different paths, all further ones share the last id (and that is counted). */
#define PATH_IDS_MAX 65536U

typedef struct PathTable PathTable;

/**
 * path_describe:
 * Returns: (transfer full): "vlan 10", "vlan 10, vxlan 5001", "gre"; "" for 0.
 */
char *path_describe(const PathTable *t, guint32 path);
