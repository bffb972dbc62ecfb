/* SPDX-License-Identifier: BSD-3-Clause */

/* lastack at TIME CAPTURE...: the sockets of a moment. */

#include "host_options.h"
#include "run.h"

ExitCode command_at(const Command *c, int argc, char **argv) {
        ExitCode code;
        g_autoptr(Options) o = options_parse(c, argc, argv, &code);
        Address host;
        Terminal *t;

        if (!o)
                return code;
        if (!o->arguments[0] || !when_parse(&o->when, o->arguments[0], o->local_time))
                return options_complain(c, "a time comes first: +12.5, 10:04:10 or '2026-11-22 10:04:10'");
        if (!o->arguments[1])
                return options_complain(c, "which capture?");
        if (o->host && !host_address_parse(o->host, &host))
                return options_complain(c, "--host: '%s' is no address", o->host);
        o->moment = moment_new(o->host ? &host : NULL);
        o->moment->listed = o->sockets;
        t = options_terminal(o);
        return run_pass(o, o->arguments + 1, t ? at_report_new(t) : NULL);
}
