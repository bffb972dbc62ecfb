/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The same flows under other settings: what would have stood at once, how far ports would have reached, and
 * what it would have cost. Packets are not made up: connections begin and are closed when they were; only
 * timers, ports and the way of closing change.
 */

#include "hosts.h"

typedef enum Knob {
#define KNOB(ID, name, family, least, greatest, does, does_not) KNOB_##ID,
#include "knobs.def"
#undef KNOB
        KNOBS
} Knob;

const char *knob_name(Knob k);
const char *knob_does(Knob k);     /* without the name and a full stop */
const char *knob_does_not(Knob k); /* sentences */

/* What happens in one capture, today and under the settings. */
typedef struct WhatIfCounts {
        guint64 refused;      /* SYNs that met the 4-tuple's TIME_WAIT and did not get through at once */
        gint64 refused_ns;    /* what that cost */
        guint64 cut;          /* connections whose FIN_WAIT_2 ended before the other end closed */
        guint64 late_fins;    /* FINs that came again when TIME_WAIT would have been over: a RST, not an ACK */
        guint64 aborted;      /* connections closed by a RST of linger 0 */
        guint64 risk_bytes;   /* of these: sent and not acknowledged when it was closed, or sent by the other
                                 end afterwards */
        guint64 overflow;     /* TIME_WAITs for which tcp_max_tw_buckets has no room */
        guint64 kept_by_box;  /* FIN_WAIT_2 that forged keepalives hold */
} WhatIfCounts;

typedef struct WhatIf WhatIf;

WhatIf *whatif_new(void);
void whatif_free(WhatIf *w);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WhatIf, whatif_free)

/**
 * whatif_set:
 * @assignment: "tcp_fin_timeout=30", "ip_local_port_range=1024:65000"
 * @wrong: (out): static, what is wrong: "is no setting that is known"
 */
gboolean whatif_set(WhatIf *w, const char *assignment, const char **wrong);

gboolean whatif_is_set(const WhatIf *w, Knob k);
const char *whatif_value(const WhatIf *w, Knob k); /* as it was given */

/* @today: has the flow already */
void whatif_add(WhatIf *w, const Hosts *today, const FlowRecord *f);

/* Once all flows are there and all hosts' models are known. */
void whatif_end(WhatIf *w, const Hosts *today);

const Hosts *whatif_hosts(const WhatIf *w);
const WhatIfCounts *whatif_today(const WhatIf *w);
const WhatIfCounts *whatif_then(const WhatIf *w);

/* Returns: how many hosts the setting applies to; 0: no host is taken for one that has it. */
guint64 whatif_applies_to(const WhatIf *w, Knob k);

/* Returns: the states of an endpoint under the settings, and what tcp_max_tw_buckets leaves of its
 * TIME_WAITs. */
Census *whatif_census(const WhatIf *w, guint32 endpoint);
