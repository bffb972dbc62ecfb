/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Community ID version 1, seed 0 (github.com/corelight/community-id-spec): what other tools call the same connection. */

#include "analyzer/record.h"

#define COMMUNITY_ID_CHARS 30 /* "1:" and 20 bytes in base64 */

/* Writes COMMUNITY_ID_CHARS to @at. Returns: where they end; no NUL. */
char *community_id_put(char *at, const FlowRecord *f);
