/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECLAIM_DROPCACHES_H
#define RECLAIM_DROPCACHES_H

#include <stdbool.h>
#include <sys/types.h>

/* Writes 3 to /proc/sys/vm/drop_caches in a child, so that commands are answered meanwhile. */
void drop_caches(void);
/* True when `pid` was that child: perf.drop_caches is 0 again. */
bool drop_caches_ended(pid_t pid);

#endif
