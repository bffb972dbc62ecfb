/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* SIGINT and SIGTERM: the first one ends the reading, and what was read is reported; a second of either ends the program. */

#include <glib.h>

/**
 * signals_catch:
 * @from_pipe: standard input is read. Ctrl-C goes to whoever writes there as well: what it still writes is wanted, so
 *   SIGINT alone ends nothing; SIGTERM does.
 *
 * From now on; and a closed pipe is an error of its write() instead of SIGPIPE.
 */
void signals_catch(gboolean from_pipe);

/* Returns: whether the reading must end. */
gboolean signals_must_stop(void);
