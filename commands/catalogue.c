/* SPDX-License-Identifier: BSD-3-Clause */

#include "catalogue.h"

#include "reports/json.h"

static void print(const Catalogue *k, Terminal *t, char *const *words) {
        if (!words[0])
                k->list(t);
        for (guint i = 0; words[i]; i++) {
                terminal_put(t, ROLE_PLAIN, i == 0 ? "" : "\n");
                k->tell(t, k->find(words[i]));
        }
}

static void put_entry(const Catalogue *k, JsonWriter *w, guint i) {
        json_begin_object(w, NULL);
        k->put(w, i);
        json_end(w);
}

static gboolean write_json(const Catalogue *k, const char *path, char *const *words, GError **error) {
        g_autoptr(Output) out = output_open(path, error);
        g_autoptr(JsonWriter) w = NULL;

        if (!out)
                return FALSE;
        w = json_writer_new(out, FALSE);
        json_begin_object(w, NULL);
        json_put_string(w, "type", k->members);
        json_put_string(w, "schema", JSON_SCHEMA);
        json_begin_array(w, k->members);
        for (guint i = 0; !words[0] && i < k->n; i++)
                put_entry(k, w, i);
        for (guint i = 0; words[i]; i++)
                put_entry(k, w, k->find(words[i]));
        json_end(w);
        json_end(w);
        json_newline(w);
        json_flush(w);
        return output_close(out, error);
}

ExitCode catalogue_run(const Catalogue *k, const Command *c, int argc, char **argv) {
        ExitCode code;
        g_autoptr(Options) o = options_parse(c, argc, argv, &code);
        g_autoptr(Terminal) t = NULL;
        g_autoptr(GError) error = NULL;

        if (!o)
                return code;
        for (char **word = o->arguments; *word; word++)
                if (k->find(*word) == k->n)
                        return options_complain(c, "there is no %s '%s': 'lastack %s' lists them", k->what, *word, c->name);
        t = options_terminal(o);
        if (t)
                print(k, t, o->arguments);
        if ((!t || terminal_close(t, &error)) &&
            (!o->output_paths[OUTPUT_JSON] || write_json(k, o->output_paths[OUTPUT_JSON], o->arguments, &error)))
                return EXIT_DONE;
        g_printerr("lastack: %s\n", error->message);
        return EXIT_USAGE;
}
