/* SPDX-License-Identifier: Apache-2.0 */
/* What is on the screen, and how something else gets there: ActivityManager and ActivityTaskManager in small. */
#ifndef RECLAIM_ACTIVITY_H
#define RECLAIM_ACTIVITY_H

#include "procs.h"

enum start_result { START_LAUNCHED, START_TO_FRONT, START_DELIVERED_TO_TOP, START_FAILED };

/* How a launch ended; told to the command that waits for it. `total_ms` < 0: it never drew. */
typedef void launch_ended(struct conn *waiter, const struct process *process, enum launch_kind kind, long total_ms);

void activity_boot(void); /* starts the launcher; sys.boot_completed becomes 1 when it was drawn */

/*
 * Starts the activity of `profile`. With a waiter and START_LAUNCHED or START_TO_FRONT, `ended` is called when the
 * first frame was drawn, the process died, or the time ran out. `clear` finishes a running activity first.
 */
enum start_result activity_start(const struct profile *profile, bool clear, struct conn *waiter, launch_ended *ended);
void activity_home(void);
void activity_back(void);
void activity_force_stop(const struct profile *profile, const char *why);
/* am kill / kill-all: only what is in the background; NULL: everything there. */
void activity_kill_background(const struct profile *profile, const char *why);
void activity_process_died(pid_t pid);

const struct process *activity_top(void); /* never NULL once booted, except without any launcher */
/* "PACKAGE/.ACTIVITY" */
void activity_short_name(const struct profile *profile, struct text *out);

#endif
