/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What a frame begins with, by its link type. */

#include "packet.h"

/* @link_type: a LINKTYPE_ value */
DissectResult link_decode(Packet *p, guint32 link_type);
