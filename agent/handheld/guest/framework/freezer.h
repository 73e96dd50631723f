/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cached apps frozen by the kernel's cgroup freezer, by the rules of CachedAppOptimizer.java (Android 13): frozen once it
 * has been cached for `freeze_debounce_timeout`, thawed before it is used.
 */
#ifndef RECLAIM_FREEZER_H
#define RECLAIM_FREEZER_H

#include "procs.h"

/* Gives a process that was just forked a group of its own: /sys/fs/cgroup/uid_N/pid_P, as libprocessgroup does. */
void freezer_join(const struct process *process);
/* Looks at its oom_score_adj: begins to wait, or thaws it. */
void freezer_update(struct process *process);
void freezer_thaw(struct process *process);
/* The process is given up. */
void freezer_forget(struct process *process);
/* It has ended; its group goes. */
void freezer_leave(const struct profile *profile, pid_t pid);

#endif
