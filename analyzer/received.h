/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What reached an end, and when: the part of hindsight.h that is concluded, not seen. Called once a flow, in
 * this order; what they find stands in HindsightSide.
 */

#include "hindsight.h"

/* Between which of @side's own packets it learned of the other end's FIN. */
Knowledge received_knows_fin(const Hindsight *h, guint side);

/*
 * The acknowledgment of its SYN; the other end's FIN; the acknowledgment of its own; a RST that it accepted.
 */
Moment received_syn_acked(const Hindsight *h, guint side);
Moment received_fin(const Hindsight *h, guint side);
Moment received_fin_acked(const Hindsight *h, guint side);
Moment received_rst(const Hindsight *h, guint side);
