/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Firewalls that keep half-closed connections alive, in sentences and as JSON. */

#include "json_writer.h"
#include "report.h"

/* Appends what a box does, since when, and who answers: one sentence without a full stop. */
void keeper_summary(GString *text, const ReportContext *c, const Keeper *k);

/* Writes the members of a box's object. */
void keeper_put_members(JsonWriter *w, const ReportContext *c, const Keeper *k);
