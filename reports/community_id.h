/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Community ID version 1, seed 0 (github.com/corelight/community-id-spec): what other tools call the same connection. */

#include "analyzer/record.h"

#define COMMUNITY_ID_CHARS 30 /* "1:" and 20 bytes in base64 */

/* No NUL. */
typedef struct CommunityId {
        char text[COMMUNITY_ID_CHARS];
} CommunityId;

/* @ids: (out): of @n flows, for which eight take hardly longer than one */
void community_ids_find(const FlowRecord *f, guint n, CommunityId *ids);
