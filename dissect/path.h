/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which VLANs and tunnels a packet was in.  The stack of identifiers
 * (802.1Q, MPLS, GRE key, VNI, TEID ...) is interned: a segment carries a small number.
 *
 * There are two kinds of identifier.  Part of a flow's identity is what both
 * directions of a connection share and what keeps networks with the same
 * addresses apart: VLAN, I-SID, PPPoE session, GRE key, NVGRE VSID, VXLAN and
 * Geneve VNI.  Everything else only describes: TEIDs, MPLS labels, PPTP call ids
 * and ERSPAN sessions are chosen per direction, and a tunnel without an identifier
 * (IP in IP, GRE) often carries one direction only, as in load balancers with direct server return.
 * Were these part of the identity, a connection would fall into two halves.
 */

#include <glib.h>

/* 0 is "no VLAN, no tunnel". Past this many different paths, all further ones share the last id (and that is counted). */
#define PATH_IDS_MAX 65536U

/* Descriptive identifiers stop being told apart here, so that they leave room for those that count. */
#define PATH_DETAIL_IDS_MAX (PATH_IDS_MAX / 2)

typedef enum PathKind {
        PATH_VLAN,
        PATH_ISID, /* IEEE 802.1ah */
        PATH_PPPOE,
        PATH_GRE_KEY,
        PATH_NVGRE,
        PATH_VXLAN,
        PATH_GENEVE,
        PATH_MPLS,
        PATH_GRE,
        PATH_PPTP,
        PATH_EOIP,
        PATH_ERSPAN,
        PATH_IP_IN_IP,
        PATH_ETHER_IP,
        PATH_GTP,
        PATH_TEREDO,
        PATH_L2TP,
        PATH_AYIYA,
        PATH_LISP,
        PATH_FABRICPATH,
        PATH_NSH,
        PATH_KINDS
} PathKind;

typedef struct PathTable PathTable;

PathTable *path_table_new(void);
void path_table_free(PathTable *t);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PathTable, path_table_free)

/**
 * path_enter:
 * @path: (inout): the identity so far, 0 at the outermost header
 * @detail: (inout): identity and description so far, 0 at the outermost header
 * @id: of the VLAN or tunnel; ignored by kinds that have none
 *
 * Goes one VLAN or tunnel further in.
 */
void path_enter(PathTable *t, guint32 *path, guint32 *detail, PathKind kind, guint32 id);

/**
 * path_describe:
 * @path: a segment's path or path_detail
 *
 * Returns: (transfer full): "vlan 10", "vlan 10, vxlan 5001", "gre"; "" for 0.
 */
char *path_describe(const PathTable *t, guint32 path);

/* Returns: how many different paths are known, "none" included. */
guint path_table_size(const PathTable *t);

/* Returns: how often a path could not be told apart because the table was full. */
guint64 path_table_overflows(const PathTable *t);
