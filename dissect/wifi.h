/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* IEEE 802.11 frames, bare or behind the headers that capture drivers put before them. */

#include "packet.h"

DissectResult wifi_decode(Packet *p);
DissectResult wifi_radiotap_decode(Packet *p);
DissectResult wifi_prism_decode(Packet *p);
DissectResult wifi_avs_decode(Packet *p);
