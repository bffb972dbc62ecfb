/* SPDX-License-Identifier: BSD-3-Clause */

#include "signals.h"

#include <signal.h>

#include "dissect/capture.h"

static volatile sig_atomic_t must_stop;
static gboolean writer_ends; /* at SIGINT */

static void on_signal(int number) {
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        if (number == SIGINT && writer_ends)
                return;
        must_stop = TRUE;
        capture_stop_waiting();
}

void signals_catch(gboolean from_pipe) {
        struct sigaction stop = { .sa_handler = on_signal }, ignore = { .sa_handler = SIG_IGN };

        writer_ends = from_pipe;
        sigaction(SIGINT, &stop, NULL);
        sigaction(SIGTERM, &stop, NULL);
        sigaction(SIGPIPE, &ignore, NULL);
}

gboolean signals_must_stop(void) {
        return must_stop;
}
