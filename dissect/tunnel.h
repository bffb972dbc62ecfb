/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Tunnels directly over IP, and those of an EtherType's place. */

#include "packet.h"

/* GRE of both versions (RFC 2784, RFC 2890, RFC 2637), and what is carried in it: ERSPAN, NVGRE, EoIP, WCCP. */
DissectResult gre_decode(Packet *p);

/* EtherIP, RFC 3378. */
DissectResult ether_ip_decode(Packet *p);

/* Network service header, RFC 8300. */
DissectResult nsh_decode(Packet *p);

/* What NSH and VXLAN-GPE call their next protocol. */
DissectResult next_protocol_decode(Packet *p, guint8 next);
