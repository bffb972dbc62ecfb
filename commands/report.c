/* SPDX-License-Identifier: BSD-3-Clause */

/* lastack CAPTURE...: the answer. */

#include "run.h"

ExitCode command_report(const Command *c, int argc, char **argv) {
        ExitCode code;
        g_autoptr(Options) o = options_parse(c, argc, argv, &code);
        Terminal *t;

        if (!o)
                return code;
        if (!o->arguments[0])
                return options_complain(c, "which capture?");
        t = options_terminal(o);
        return run_pass(o, o->arguments, t ? text_report_new(t) : NULL);
}
