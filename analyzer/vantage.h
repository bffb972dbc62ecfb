/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Where on the path was the capture taken?
 *
 * Theory of operation. In a handshake both ends answer at once, in the kernel: the server with its SYN+ACK, the
 * client with the ACK of that. Who answers much faster than the other one is near. Routers count the hop limit
 * down: packets with one that hosts begin with were captured on their sender's own segment, and others were not.
 * What is not shown so is not said: two ends that are equally fast may be in one room, and a slow answer may be a
 * busy host's. An end is a host with its segment.
 */

#include "record.h"

/*
 * @syn, @syn_ack, @answer: the first packets of a connection that has no other SYNs, NULL where there is none.
 * Returns: VANTAGE_UNKNOWN where they do not tell.
 */
Vantage vantage_find(const TimelineEntry *syn, const TimelineEntry *syn_ack, const TimelineEntry *answer);

/* All connections of an input together. */

#define VANTAGE_ADDRESSES_MAX 2U /* a host has one of IPv4 and one of IPv6 */

typedef struct VantageTally {
        guint64 by_vantage[VANTAGES];
        guint n;
        gboolean several; /* there were more addresses, or two of a kind */
        struct {
                Address address;
                gboolean ipv6;
        } at[VANTAGE_ADDRESSES_MAX]; /* @n of them: at whose ends connections were captured */
} VantageTally;

/* It begins zeroed. */
void vantage_tally_add(VantageTally *t, const FlowRecord *f);

/* Returns: whether all that tell were captured at the end of the host whose addresses are in @at. */
gboolean vantage_tally_is_of_one_host(const VantageTally *t);

/*
 * Returns: where all of them were captured that tell, but for a few in a hundred; VANTAGE_UNKNOWN if that is not
 * one place.
 */
Vantage vantage_tally_place(const VantageTally *t);
