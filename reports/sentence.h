/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The catalogue's sentences taken apart: each once, for the thousands of findings that it is said of. */

#include "analyzer/findings.h"

typedef enum SentencePartKind {
        PART_TEXT,   /* as it is */
        PART_VALUE,  /* {name} */
        PART_OPTION, /* [name|: what follows is left out when there is no such value */
        PART_END,
} SentencePartKind;

/* Whom a {name} is when there is no value of that name. */
typedef enum SentenceEnd {
        END_NONE,
        END_CLIENT,
        END_SERVER,
        END_SIDE, /* whose the finding is */
        END_PEER,
} SentenceEnd;

typedef struct SentencePart {
        const char *text; /* the text or name; in the catalogue: no NUL behind it */
        guint16 n;        /* its length */
        guint8 kind;      /* SentencePartKind */
        guint8 end;       /* SentenceEnd, for PART_VALUE */
        guint16 optional; /* PART_OPTION: so many parts may be left out */
} SentencePart;

#define SENTENCE_PARTS_MAX 48
#define SENTENCE_NO_VALUE FINDING_VALUES_MAX

/* Returns: (transfer none): the parts, up to SENTENCE_PARTS_MAX of them, of which the last one is PART_END. */
const SentencePart *sentence_parts(FindingId id);

/* What the end of a value's name says that it is. */
typedef enum ValueUnit {
        UNIT_NONE,
        UNIT_NS,
        UNIT_BYTES,
        UNIT_PACKETS,
        UNIT_FRAME,
} ValueUnit;

/* What the names of a finding's values mean; those of findings of one kind are nearly always the same. */
typedef struct SentenceNames {
        gboolean are_known;
        guint n;
        const char *name[FINDING_VALUES_MAX]; /* static */
        guint8 chars[FINDING_VALUES_MAX];     /* of the name */
        guint8 unit[FINDING_VALUES_MAX];      /* ValueUnit */
        guint8 value[SENTENCE_PARTS_MAX];     /* by part: which value it is of; SENTENCE_NO_VALUE */
} SentenceNames;

/* Returns: (transfer none): valid until the next call on this thread. */
const SentenceNames *sentence_names(const Finding *finding);
