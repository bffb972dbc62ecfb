/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The pass: captures, dissector, tracker, reports. */

#include "options.h"

/**
 * run_pass:
 * @paths: NULL-terminated captures
 * @for_people: (nullable) (transfer full): a report beside those that @o names
 *
 * Errors are printed as they come.
 */
ExitCode run_pass(const Options *o, char *const *paths, Report *for_people);
