/* SPDX-License-Identifier: BSD-3-Clause */

/* lastack whatif CAPTURE... --set NAME=VALUE...: the same connections under other settings. */

#include "run.h"

ExitCode command_whatif(const Command *c, int argc, char **argv) {
        ExitCode code;
        g_autoptr(Options) o = options_parse(c, argc, argv, &code);
        Terminal *t;

        if (!o)
                return code;
        if (!o->arguments[0])
                return options_complain(c, "which capture?");
        o->whatif = whatif_new();
        if (!o->set)
                return options_complain(c, "what shall be different? --set tcp_fin_timeout=30");
        for (char **set = o->set; *set; set++) {
                const char *wrong;

                if (!whatif_set(o->whatif, *set, &wrong))
                        return options_complain(c, "--set: '%s' %s", *set, wrong);
        }
        t = options_terminal(o);
        return run_pass(o, o->arguments, t ? whatif_report_new(t) : NULL);
}
