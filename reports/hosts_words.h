/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What all flows together say of services, hosts and ports, in sentences without a full stop. */

#include "analyzer/hosts/hosts.h"
#include "report.h"

/*
 * Returns: (transfer full): a record with no more than the addresses of a pair, the client without a port, so
 * that the sentence of a finding on the pair can be written.
 */
FlowRecord *hosts_pair_names(const Hosts *h, const PortPair *p);

/* "10.0.0.2:80 closes first in 98 % of 250,000 connections ..." Nothing where that says nothing. */
void words_service(GString *text, const ReportContext *c, guint32 endpoint);

/* "CLOSE_WAIT 500 at 10.0.0.2:80 (10:04:10.000), ...": of the closing states, where so many were in one. */
void words_peaks(GString *text, const ReportContext *c);

/* "10.0.0.1 to 10.0.0.2:80: 16,000 of 28,232 ports taken, ..." Nothing while most ports are free. */
void words_budget(GString *text, const ReportContext *c, const PortBudget *b);

/* "linux: 60 s" */
void words_time_wait(GString *text, const HostEndpoint *e);

/* "470", "4.5", "0.067" */
void words_rate(GString *text, gdouble per_second);
