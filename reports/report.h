/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * An output: something that is told of every flow as it is completed, and of the whole at the end.
 * Several can run in one pass.  To add one: embed Report first in a struct of its own, fill in
 * the functions, declare the constructor in outputs.h and name it in commands/options.c.
 * An output formats; what is true was decided in analyzer/, and what it is called in words.c and the catalogue.
 */

#include "analyzer/hosts/settings.h"
#include "analyzer/record.h"
#include "dissect/capture.h"
#include "dissect/path.h"

/* What the words of a record need beside it. Valid until the last report is freed. */
typedef struct ReportContext {
        const CaptureInfo *const *captures; /* in the order of FrameRef's file; complete only at the end */
        guint n_captures;
        const PathTable *paths; /* (nullable) */
        const struct WhatIf *whatif; /* (nullable): the same under other settings; complete only at the end */
        const struct Moment *moment; /* (nullable): the sockets of a moment; complete only at the end */
        const struct Hosts *hosts; /* (nullable): what all flows add up to; complete only at the end */
        gboolean at_once;       /* a flow's record is to be seen as soon as it is there: the input may have no end */
        gboolean local_time;    /* for people; JSON is always UTC */
        const Settings *settings; /* (nullable): of hosts; complete only at the end */
        const char *arguments;  /* (nullable): the captures as the user would type them again, for what to do next */
} ReportContext;

/* Returns: the time of the first frame of all captures that were opened; 0 if there is none. */
gint64 report_first_ns(const ReportContext *c);

typedef struct Summary Summary;
typedef struct Report Report;

struct Report {
        const ReportContext *context; /* set by report_begin() */
        void (*begin)(Report *r);     /* (nullable) */
        void (*expect)(Report *r, const FlowRecord *f, guint n); /* (nullable): what flow() gets next; some things take hardly
                                                                    longer of many than of one */
        void (*flow)(Report *r, const FlowRecord *f);
        void (*flush)(Report *r); /* (nullable): lets all that it was told be seen */
        gboolean (*end)(Report *r, const Summary *s, GError **error);
        void (*free)(Report *r);
};

void report_begin(Report *r, const ReportContext *context);

/* @f: @n flows that nothing more will be said of, valid during the call only */
void report_flows(Report *r, const FlowRecord *f, guint n);

/* Returns: FALSE with @error set if the output could not be written. */
gboolean report_end(Report *r, const Summary *s, GError **error);

/* Without report_end() before it, an output file is discarded. */
void report_free(Report *r);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Report, report_free)
