/* SPDX-License-Identifier: Apache-2.0 */
/* App processes: one per profile, made by fork, ordered by use, each with the oom_score_adj ActivityManager would give.
 */
#ifndef RECLAIM_PROCS_H
#define RECLAIM_PROCS_H

#include "app.h"
#include "server.h"

/* frameworks/base services/core/java/com/android/server/am/ProcessList.java (Android 13) */
enum {
	FOREGROUND_APP_ADJ = 0,
	HOME_APP_ADJ = 600,
	PREVIOUS_APP_ADJ = 700,
	CACHED_APP_MIN_ADJ = 900,
	CACHED_APP_MAX_ADJ = 999,
	CACHED_APP_IMPORTANCE_LEVELS = 5,
	UNKNOWN_ADJ = 1001,
};

/* Process.THREAD_PRIORITY_TOP_APP_BOOST, and in place of the cpu cgroup of background apps THREAD_PRIORITY_BACKGROUND
 */
enum { TOP_APP_NICE = -10, BACKGROUND_NICE = 10 };

enum activity_state { ACTIVITY_NONE, ACTIVITY_STOPPED, ACTIVITY_RESUMED };

/* A launch on its way: from the intent to the first frame. */
struct launch {
	unsigned id; /* 0: none */
	enum launch_kind kind;
	uint64_t start_ns;
	unsigned timer;
	struct conn *waiter; /* am start -W, or NULL */
};

struct process {
	struct source source; /* messages of the app */
	const struct profile *profile;
	pid_t pid; /* 0: not running */
	int adj, nice;
	enum activity_state activity;
	uint64_t last_use; /* larger is later */
	bool frozen;
	unsigned freeze_timer; /* 0: not waiting to be frozen */
	struct launch launch;
};

struct process *process_of(const struct profile *profile);
struct process *process_with_pid(pid_t pid);
struct process *process_at(size_t index); /* one per profile, in their order */

/* Forks the app; false when the system cannot. `drawn` is called when it reports a first frame. */
bool process_start(struct process *process, void (*drawn)(struct process *process, const struct app_message *frame));
void process_send(struct process *process, enum app_order order, unsigned launch);
/* Kills and waits until its memory is free, so that a cold start after it is cold. */
void process_kill(struct process *process);
/* In a forked app: closes the server's ends of the other apps' sockets. */
void processes_forked(void);
/* Forgets a process that ended. */
void process_forget(struct process *process);
/* Gives every process the oom_score_adj and priority its state asks for; `top` is on the screen, NULL: nothing is. */
void processes_update(const struct process *top);
/* The cached process used longest ago, and how many are cached; NULL when none is. */
struct process *process_cached_longest(size_t *cached);
/* The part of "com.x/u0a80" after the slash. */
int process_app_id(const struct process *process);

#endif
