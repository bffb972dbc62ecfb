/* SPDX-License-Identifier: BSD-3-Clause */

/* lastack show N CAPTURE...: one flow, packet by packet. */

#include "run.h"

ExitCode command_show(const Command *c, int argc, char **argv) {
        ExitCode code;
        g_autoptr(Options) o = options_parse(c, argc, argv, &code);
        guint64 number;
        Terminal *t;

        if (!o)
                return code;
        if (!o->arguments[0] || !g_ascii_string_to_unsigned(o->arguments[0], 10, 1, G_MAXUINT64, &number, NULL))
                return options_complain(c, "the number of a flow comes first: lastack show 17 FILE");
        if (!o->arguments[1])
                return options_complain(c, "which capture?");
        t = options_terminal(o);
        return run_pass(o, o->arguments + 1, t ? ladder_report_new(t, number) : NULL);
}
