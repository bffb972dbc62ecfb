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

/* Returns: (transfer none): the parts, of which the last one is PART_END. */
const SentencePart *sentence_parts(FindingId id);
