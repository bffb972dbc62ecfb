/* SPDX-License-Identifier: BSD-3-Clause */

/* lastack at TIME CAPTURE...: the sockets of a moment. */

#include <arpa/inet.h>
#include <string.h>

#include "run.h"

/* Returns: whether @text is an IPv4 or IPv6 address. */
static gboolean parse_address(const char *text, Address *address) {
        static const guint8 mapped[12] = { [10] = 0xff, [11] = 0xff };

        memcpy(address->bytes, mapped, sizeof mapped);
        return inet_pton(AF_INET, text, address->bytes + sizeof mapped) == 1 || inet_pton(AF_INET6, text, address->bytes) == 1;
}

ExitCode command_at(const Command *c, int argc, char **argv) {
        ExitCode code;
        g_autoptr(Options) o = options_parse(c, argc, argv, &code);
        AtOptions at = { .has_host = FALSE };
        Terminal *t;

        if (!o)
                return code;
        if (!o->arguments[0] || !when_parse(&at.when, o->arguments[0], o->local_time))
                return options_complain(c, "a time comes first: +12.5, 10:04:10 or '2026-11-22 10:04:10'");
        if (!o->arguments[1])
                return options_complain(c, "which capture?");
        if (o->host && !parse_address(o->host, &at.host))
                return options_complain(c, "--host: '%s' is no address", o->host);
        at.has_host = o->host != NULL;
        at.sockets = o->sockets;
        t = options_terminal(o);
        return run_pass(o, o->arguments + 1, t ? at_report_new(t, &at) : NULL);
}
