/* SPDX-License-Identifier: BSD-3-Clause */

/* lastack explain [CODE...]: the catalogue of findings. */

#include "options.h"

#define TEXT_INDENT 9

static void list_all(Terminal *t) {
        for (guint i = 0; i < FINDINGS; i++) {
                const FindingKind *kind = finding_kind(i);

                terminal_put_field(t, ROLE_STRONG, kind->code, 7);
                terminal_put_field(t, ROLE_PLAIN, kind->id, 29);
                terminal_put_field(t, role_of_severity(kind->severity), severity_name(kind->severity), 9);
                terminal_print(t, ROLE_PLAIN, "%s\n", kind->title);
        }
}

static void put_paragraph(Terminal *t, const char *name, const char *text) {
        if (!*text)
                return;
        terminal_put(t, ROLE_DIM, name);
        terminal_move_to(t, TEXT_INDENT);
        terminal_put_wrapped(t, ROLE_PLAIN, TEXT_INDENT, text);
}

static void explain(Terminal *t, FindingId id) {
        const FindingKind *kind = finding_kind(id);

        terminal_print(t, ROLE_STRONG, "%s %s", kind->code, kind->id);
        terminal_put(t, ROLE_PLAIN, "  ");
        terminal_print(t, role_of_severity(kind->severity), "%s\n", severity_name(kind->severity));
        terminal_print(t, ROLE_PLAIN, "%s.\n\n", kind->title);
        put_paragraph(t, "What", kind->explanation);
        put_paragraph(t, "To do", kind->remedy);
        put_paragraph(t, "Source", kind->source);
}

ExitCode command_explain(const Command *c, int argc, char **argv) {
        ExitCode code;
        g_autoptr(Options) o = options_parse(c, argc, argv, &code);
        g_autoptr(Terminal) t = NULL;
        g_autoptr(GError) error = NULL;

        if (!o)
                return code;
        for (char **word = o->arguments; *word; word++)
                if (finding_parse(*word) == FINDINGS)
                        return options_complain(c, "there is no finding '%s': 'lastack explain' lists them", *word);
        t = options_terminal(o);
        if (!t)
                return EXIT_DONE;
        if (!o->arguments[0])
                list_all(t);
        for (char **word = o->arguments; *word; word++) {
                terminal_put(t, ROLE_PLAIN, word == o->arguments ? "" : "\n");
                explain(t, finding_parse(*word));
        }
        if (terminal_close(t, &error))
                return EXIT_DONE;
        g_printerr("lastack: %s\n", error->message);
        return EXIT_USAGE;
}
