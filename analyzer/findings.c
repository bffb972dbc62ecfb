/* SPDX-License-Identifier: BSD-3-Clause */
#include "findings.h"

static const FindingKind kinds[] = {
#define FINDING(ID, code, id, severity, title, sentence, explanation, remedy, source) \
        [FINDING_##ID] = { code, id, severity, title, sentence, explanation, remedy, source },
#include "findings.def"
#undef FINDING
};
G_STATIC_ASSERT(G_N_ELEMENTS(kinds) == FINDINGS);

static const char *const severities[] = {
        [SEVERITY_INFO] = "info",
        [SEVERITY_NOTICE] = "notice",
        [SEVERITY_WARNING] = "warning",
        [SEVERITY_ERROR] = "error",
};
G_STATIC_ASSERT(G_N_ELEMENTS(severities) == SEVERITIES);

static const char *const certainties[] = {
        [CERTAINTY_OBSERVED] = "observed",
        [CERTAINTY_INFERRED] = "inferred",
        [CERTAINTY_CANNOT_TELL] = "cannot_tell",
};
G_STATIC_ASSERT(G_N_ELEMENTS(certainties) == CERTAINTIES);

const FindingKind *finding_kind(FindingId id) {
        return &kinds[id];
}

FindingId finding_parse(const char *word) {
        for (guint i = 0; i < FINDINGS; i++)
                if (g_ascii_strcasecmp(word, kinds[i].code) == 0 || g_ascii_strcasecmp(word, kinds[i].id) == 0)
                        return i;
        return FINDINGS;
}

const char *severity_name(Severity severity) {
        return severities[severity];
}

Severity severity_parse(const char *word) {
        for (guint i = 0; i < SEVERITIES; i++)
                if (g_ascii_strcasecmp(word, severities[i]) == 0)
                        return i;
        return SEVERITIES;
}

const char *certainty_name(Certainty certainty) {
        return certainties[certainty];
}

const FindingValue *finding_value(const Finding *f, const char *name) {
        for (guint i = 0; i < f->n_values; i++)
                if (g_strcmp0(f->values[i].name, name) == 0)
                        return &f->values[i];
        return NULL;
}
