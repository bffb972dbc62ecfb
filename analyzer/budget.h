/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * When a shard's memory is full: which flows are reported before they are over. First those that have closed, the
 * oldest first; then half-open ones, which floods are made of; then those that were idle for longest.
 * What is left of flows that are over (tombstones) has a part of the memory of its own.
 */

#include "shard.h"

/*
 * Takes all that a budget of @memory_bytes grants these shards at once: what is never less than that does not grow either,
 * and a machine that has no room says so early. Between two blocks.
 */
void budget_take_all(Shard *const *shards, gsize memory_bytes);

/* After a block, and before what is over is collected: @x is well within its memory then. */
void budget_keep(Shard *x, gint64 now_ns);
