/* SPDX-License-Identifier: BSD-3-Clause */

#include "html.h"

#include <string.h>

#include "html_parts.h"
#include "json_private.h"
#include "output.h"

/* A flow that is in the page for now: a worse one may still put it out. */
typedef struct KeptFlow {
        int severity; /* of its worst finding, -1 without any */
        guint64 number;
        char *json;
} KeptFlow;

typedef struct HtmlReport {
        Report report;
        Output *out;
        GSequence *kept; /* of KeptFlow, worst first, then by number; at most HTML_FLOWS_MAX */
        guint64 left_out;
} HtmlReport;

static void kept_flow_free(gpointer data) {
        KeptFlow *k = data;

        g_free(k->json);
        g_free(k);
}

static int compare_kept(gconstpointer a, gconstpointer b, gpointer unused) {
        const KeptFlow *x = a, *y = b;

        if (x->severity != y->severity)
                return x->severity > y->severity ? -1 : 1;
        return (x->number > y->number) - (x->number < y->number);
}

static int worst_severity(const FlowRecord *f) {
        int worst = -1;

        for (guint i = 0; i < f->n_findings; i++)
                worst = MAX(worst, (int)f->findings[i].severity);
        return worst;
}

static char *flow_to_json(const ReportContext *c, const FlowRecord *f) {
        g_autoptr(JsonWriter) w = json_writer_new(NULL, TRUE);
        g_autoptr(JsonRecords) j = json_records_new(w);

        json_records_flow(j, NULL, c, f, JSON_FLOW_PACKETS);
        return g_strdup(json_writer_text(w));
}

static void html_flow(Report *r, const FlowRecord *f) {
        HtmlReport *h = (HtmlReport *)r;
        KeptFlow flow = { .severity = worst_severity(f), .number = f->number };

        if (g_sequence_get_length(h->kept) >= HTML_FLOWS_MAX) {
                GSequenceIter *last = g_sequence_iter_prev(g_sequence_get_end_iter(h->kept));

                h->left_out++;
                if (compare_kept(&flow, g_sequence_get(last), NULL) > 0)
                        return;
                g_sequence_remove(last);
        }
        flow.json = flow_to_json(r->context, f);
        g_sequence_insert_sorted(h->kept, g_memdup2(&flow, sizeof flow), compare_kept, NULL);
}

/* ── The page ────────────────────────────────────────────────────────────── */

static void write_text(Output *out, const char *text) {
        output_write(out, text, strlen(text));
}

/* As Content-Security-Policy names an inline style or script: the page runs its own and no other. */
static void write_policy_hash(Output *out, const char *text) {
        g_autoptr(GChecksum) sha256 = g_checksum_new(G_CHECKSUM_SHA256);
        guint8 digest[32];
        gsize n = sizeof digest;
        g_autofree char *base64 = NULL;

        g_checksum_update(sha256, (const guchar *)text, (gssize)strlen(text));
        g_checksum_get_digest(sha256, digest, &n);
        base64 = g_base64_encode(digest, n);
        write_text(out, "sha256-");
        write_text(out, base64);
}

/* The report document, with the flows that were kept. */
static void write_document(HtmlReport *h, const Summary *s) {
        g_autoptr(JsonWriter) w = json_writer_new(h->out, TRUE);
        g_autoptr(JsonRecords) j = json_records_new(w);

        json_begin_object(w, NULL);
        json_put_string(w, "schema", JSON_REPORT_SCHEMA);
        json_begin_array(w, "flows");
        for (GSequenceIter *i = g_sequence_get_begin_iter(h->kept); !g_sequence_iter_is_end(i); i = g_sequence_iter_next(i))
                json_put_json(w, NULL, ((const KeptFlow *)g_sequence_get(i))->json);
        json_end(w);
        json_put_unsigned(w, "flows_left_out", h->left_out);
        json_records_rest(j, h->report.context, s);
        json_end(w);
        json_flush(w);
}

/* What the page's {{words}} stand for; {{report}} is the document. */
static const struct {
        const char *word, *text;
        void (*write)(Output *out, const char *text);
} parts[] = {
        { "style", html_style_css, write_text },
        { "style-hash", html_style_css, write_policy_hash },
        { "script", html_script_js, write_text },
        { "script-hash", html_script_js, write_policy_hash },
};

static void write_placeholder(HtmlReport *h, const char *word, const Summary *s) {
        for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
                if (g_str_equal(word, parts[i].word)) {
                        parts[i].write(h->out, parts[i].text);
                        return;
                }
        }
        g_assert(g_str_equal(word, "report"));
        write_document(h, s);
}

static gboolean html_end(Report *r, const Summary *s, GError **error) {
        HtmlReport *h = (HtmlReport *)r;
        const char *rest = html_page_html, *mark;

        while ((mark = strstr(rest, "{{")) != NULL) {
                const char *end = strstr(mark, "}}");
                g_autofree char *word = NULL;

                g_assert(end); /* our own page */
                word = g_strndup(mark + 2, (gsize)(end - mark - 2));
                output_write(h->out, rest, (gsize)(mark - rest));
                write_placeholder(h, word, s);
                rest = end + 2;
        }
        write_text(h->out, rest);
        return output_close(h->out, error);
}

static void html_free(Report *r) {
        HtmlReport *h = (HtmlReport *)r;

        g_sequence_free(h->kept);
        output_free(h->out);
        g_free(h);
}

Report *html_report_new(const char *path, GError **error) {
        Output *out = output_open(path, error);
        HtmlReport *h;

        if (!out)
                return NULL;
        h = g_new0(HtmlReport, 1);
        h->report = (Report){ .flow = html_flow, .end = html_end, .free = html_free };
        h->out = out;
        h->kept = g_sequence_new(kept_flow_free);
        return &h->report;
}
