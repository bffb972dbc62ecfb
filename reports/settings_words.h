/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What was learned of a host's settings, in sentences and as JSON. */

#include "analyzer/hosts/settings.h"
#include "json_writer.h"
#include "report.h"

/* How many kinds of sentences there are: @i of settings_sentence() goes from 0. */
guint settings_sentences(void);

/*
 * Appends the @i-th sentence about a host, without its address and a full stop: "forgets FIN_WAIT_2 after
 * 20.0..20.4 s: tcp_fin_timeout 20 or 70". Nothing if that was not learned.
 */
void settings_sentence(GString *text, const HostEvidence *e, const HostLearned *learned, guint i);

/* Writes the object of a host's settings. @e: (nullable) */
void settings_put_json(JsonWriter *w, const char *key, const ReportContext *c, const HostEvidence *e,
                       const HostLearned *learned);
