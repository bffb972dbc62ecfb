/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What the command line says of hosts: [ADDRESS=]VALUE, which can be repeated. */

#include "analyzer/hosts/settings.h"

/*
 * Adds --host-model, --fin-timeout, --time-wait and --port-range; their data is a GArray of HostGiven in an
 * Options.
 */
void host_options_add(GOptionGroup *group);

/* Returns: whether @word is an IPv4 or IPv6 address. */
gboolean host_address_parse(const char *word, Address *address);
