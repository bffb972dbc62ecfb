/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Counts over time in bounded memory: rows (a host, say) by columns (a state, say), each a sum of steps up
 * and down that come in any order. Steps are kept by whole second; when there are more blocks than allowed
 * the owner lets go of rows (series_rebuild() adds them to another one) or has the seconds joined by two.
 *
 * A count is that at the end of a second, as a look at the hosts at that moment would have found it. What
 * began and ended within one second is not in it.
 */

#include <glib.h>

#define SERIES_COLUMNS_MAX 16U

typedef struct Series Series;

/* @blocks_max: past that many series_is_full(); a block is eight seconds of a row in which something changed */
Series *series_new(guint columns, guint32 blocks_max);
void series_free(Series *s);

/* Takes the memory that blocks are going to need at once. */
void series_take_all(Series *s);

/* Seconds since the epoch, rounded down. */
static inline gint64 series_second(gint64 time_ns) {
        gint64 second = time_ns / G_GINT64_CONSTANT(1000000000);

        return second - (time_ns < 0 && time_ns % G_GINT64_CONSTANT(1000000000) != 0);
}

/* A step of @row in @second. */
void series_add(Series *s, guint32 row, gint64 second, guint column, gint32 by);

/* One that leaves a column for another; @from: SERIES_COLUMNS_MAX or more: it came from none */
void series_move(Series *s, guint32 row, gint64 second, guint from, guint to);

/*
 * Asks the processor for what series_add() will look up; then, once that is there, for where it will write, or where the search
 * for that begins. Returns: FALSE if it is the latter, and what the search will find is still to be asked for.
 */
void series_prefetch_row(const Series *s, guint32 row);
gboolean series_prefetch(const Series *s, guint32 row, gint64 second);
void series_prefetch_far(const Series *s, guint32 row, gint64 second);

/* Returns: whether series_rebuild() should make room; some blocks more still fit. */
gboolean series_is_full(const Series *s);

/**
 * series_rebuild:
 * @rows: (nullable): by old row the new one, or SERIES_NO_ROW; several may become one
 * @coarser: also join every two neighbouring steps of time
 */
void series_rebuild(Series *s, const guint32 *rows, gboolean coarser);

#define SERIES_NO_ROW G_MAXUINT32

/* Returns: seconds from one count to the next, 1 unless they had to be joined. */
gint64 series_width(const Series *s);

/* A timer: what was counted up in @timer leaves column @from for column @to after @seconds, and is counted in
 * @timer from then on. */
typedef struct SeriesTimer {
        guint timer, from, to;
        gint64 seconds;
} SeriesTimer;

typedef struct SeriesStep {
        gint64 second; /* the step is in the counts from the end of this second on */
        guint column;
        gint64 by;
} SeriesStep;

/**
 * series_read:
 * @timers: (nullable): @n_timers of them
 * @steps: (element-type SeriesStep): what @row did is appended, not sorted
 */
void series_read(const Series *s, guint32 row, const SeriesTimer *timers, guint n_timers, GArray *steps);

/* What series_read() would append, were @step all that a series of whole seconds has. */
void series_read_step(const SeriesStep *step, const SeriesTimer *timers, guint n_timers, GArray *steps);

/* Counts from steps, second by second. */
typedef struct SeriesWalk {
        const SeriesStep *steps;
        guint n, at;
        gint64 second; /* at whose end the counts are these */
        gint64 count[SERIES_COLUMNS_MAX];
} SeriesWalk;

/* Sorts @steps, which must stay. */
SeriesWalk series_walk(GArray *steps);

/* To the next second in which something changed. Returns: FALSE at the end. */
gboolean series_walk_next(SeriesWalk *w);
