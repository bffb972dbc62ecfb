/* SPDX-License-Identifier: BSD-3-Clause */

/* lastack explain [CODE...]: the catalogue of findings. */

#include "catalogue.h"

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

static void explain(Terminal *t, guint i) {
        const FindingKind *kind = finding_kind(i);

        terminal_print(t, ROLE_STRONG, "%s %s", kind->code, kind->id);
        terminal_put(t, ROLE_PLAIN, "  ");
        terminal_print(t, role_of_severity(kind->severity), "%s\n", severity_name(kind->severity));
        terminal_print(t, ROLE_PLAIN, "%s.\n\n", kind->title);
        put_paragraph(t, "What", kind->explanation);
        put_paragraph(t, "To do", kind->remedy);
        put_paragraph(t, "Source", kind->source);
}

static void put(JsonWriter *w, guint i) {
        const FindingKind *kind = finding_kind(i);

        json_put_string(w, "code", kind->code);
        json_put_string(w, "id", kind->id);
        json_put_string(w, "severity", severity_name(kind->severity));
        json_put_string(w, "title", kind->title);
        json_put_string(w, "explanation", kind->explanation);
        json_put_string(w, "remedy", kind->remedy);
        json_put_string(w, "source", kind->source);
}

static guint find(const char *word) {
        return finding_parse(word);
}

ExitCode command_explain(const Command *c, int argc, char **argv) {
        static const Catalogue findings = { "finding", "catalogue", FINDINGS, find, list_all, explain, put };

        return catalogue_run(&findings, c, argc, argv);
}
