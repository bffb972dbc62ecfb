/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* UDP, looked into only for tunnels: by port, and by a payload that is one. */

#include "packet.h"

DissectResult udp_decode(Packet *p);
