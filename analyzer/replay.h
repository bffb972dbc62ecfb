/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Runs both endpoints' machines over what each sent and received, in the order in which it happened to them.
 */

#include "hindsight.h"

void replay_flow(const Hindsight *h, FlowRecord *record);
