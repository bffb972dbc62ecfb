/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A finding: something that a person should know about how a flow ended, with its evidence. */

#include "dissect/segment.h"

typedef enum FindingId {
#define FINDING(ID, code, id, severity, title, sentence, explanation, remedy, source) FINDING_##ID,
#include "findings.def"
#undef FINDING
        FINDINGS
} FindingId;

typedef enum Severity {
        SEVERITY_INFO,    /* worth knowing */
        SEVERITY_NOTICE,  /* unusual, harmless by itself */
        SEVERITY_WARNING, /* costs something: time, ports, memory */
        SEVERITY_ERROR,   /* somebody lost data or could not connect */
        SEVERITIES
} Severity;

typedef enum Certainty {
        CERTAINTY_OBSERVED,
        CERTAINTY_INFERRED,
        CERTAINTY_CANNOT_TELL,
        CERTAINTIES
} Certainty;

typedef enum ValueKind {
        VALUE_INTEGER, /* signed; JSON key as named, unit in the name (_ns, _bytes, _packets) */
        VALUE_TEXT,    /* a static word in snake_case or kebab-case */
} ValueKind;

/* An interval that the capture cut off is a bound, not a value. */
typedef enum Bound {
        BOUND_EXACT,
        BOUND_AT_LEAST,
        BOUND_AT_MOST,
} Bound;

typedef struct FindingValue {
        const char *name; /* static */
        const char *text; /* static, for VALUE_TEXT */
        gint64 integer;
        guint8 kind;  /* ValueKind */
        guint8 bound; /* Bound */
} FindingValue;

#define FINDING_FRAMES_MAX 12
#define FINDING_VALUES_MAX 12
#define FINDING_NO_SIDE 2

typedef struct Finding {
        guint8 id;        /* FindingId */
        guint8 severity;  /* the catalogue's, or lower where the flow speaks for it */
        guint8 certainty;
        guint8 side;      /* whose it is (design.md), or FINDING_NO_SIDE */
        guint8 n_frames;
        guint8 n_values;
        FrameRef frames[FINDING_FRAMES_MAX]; /* the evidence, in order of capture and number */
        FindingValue values[FINDING_VALUES_MAX];
} Finding;

/*
 * The catalogue's row. @sentence is a template: {client} {server} {side} {peer} are addresses with ports
 * ({side} is the finding's), {name} a value with its unit made readable ("duration_ns" as {duration}: "20.2
 * s", ">= 187.2 s"), and [name|...] is left out when there is no such value.
 */
typedef struct FindingKind {
        const char *code; /* "TD101" */
        const char *id;   /* "missing-fin" */
        Severity severity;
        const char *title;
        const char *sentence;
        const char *explanation;
        const char *remedy;
        const char *source;
} FindingKind;

const FindingKind *finding_kind(FindingId id);
/* Returns: the id of a code or a name, in any case; FINDINGS if there is none. */
FindingId finding_parse(const char *word);

const char *severity_name(Severity severity);
/* Returns: SEVERITIES if there is no such word. */
Severity severity_parse(const char *word);
const char *certainty_name(Certainty certainty);

/* Returns: the value called @name, or NULL. */
const FindingValue *finding_value(const Finding *f, const char *name);
