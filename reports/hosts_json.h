/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What all flows together say of services, hosts and ports, as JSON. */

#include "json.h"

/* So many of each are written, the heaviest first; how many there are is said. */
#define JSON_SERVICES_MAX 100U
#define JSON_CENSUS_MAX 40U /* addresses, and addresses with ports, together */
#define JSON_BUDGETS_MAX 20U /* those that are short of ports are written beyond that */

/* The members "services", "census", "port_budgets" and "tallies" of the report document, and "whatif" where
 * that was asked. */
void hosts_put_members(JsonRecords *j, const ReportContext *c);

/* The same as lines. */
void hosts_put_lines(JsonRecords *j, const ReportContext *c);
