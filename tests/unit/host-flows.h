/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Flow records for tests of what flows add up to: an end goes through states at given times. */

#include "analyzer/endpoint.h"
#include "analyzer/record.h"

#define HOST_FLOWS_START_NS (G_GINT64_CONSTANT(1700000000) * 1000000000)
#define HOST_FLOWS_SECOND_NS G_GINT64_CONSTANT(1000000000)

/* Empties @f: 10.0.0.1 with @port to 10.0.0.2:80, from @start_ns on in a capture until @end_ns. */
void host_flow_init(FlowRecord *f, guint64 number, guint16 port, gint64 start_ns, gint64 end_ns);

/* The last two bytes of a side's address. */
void host_flow_address(FlowRecord *f, guint side, guint16 address);

/* @event happens to @side; it must be a row of the table. */
void host_flow_event(FlowRecord *f, guint side, Event event, gint64 time_ns);

/*
 * A whole connection within 4 ms: @first closes first, and goes to TIME_WAIT at start + 4 ms. As in records,
 * the timer that ends it is there if the capture has it.
 */
void host_flow_close(FlowRecord *f, guint first, gint64 time_wait_ns);
