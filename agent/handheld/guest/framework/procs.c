// SPDX-License-Identifier: Apache-2.0
#include "procs.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "freezer.h"
#include "log.h"
#include "trace.h"

enum { FIRST_APPLICATION_UID = 10000, REAP_MS = 10000 };

static struct process processes[MAX_PROFILES];
static void (*first_frame_drawn)(struct process *process, const struct app_message *frame);

struct process *process_at(size_t index)
{
	processes[index].profile = profile_at(index);
	return &processes[index];
}

struct process *process_of(const struct profile *profile)
{
	return process_at((size_t)(profile - profile_at(0)));
}

struct process *process_with_pid(pid_t pid)
{
	for (size_t i = 0; i < profile_count(); i++) {
		if (processes[i].pid == pid)
			return &processes[i];
	}
	return NULL;
}

int process_app_id(const struct process *process)
{
	return process->profile->uid - FIRST_APPLICATION_UID;
}

static void app_spoke(struct source *source, uint32_t events)
{
	struct process *process = OWNER(source, struct process, source);
	struct app_message message;
	ssize_t got = recv(source->fd, &message, sizeof(message), MSG_DONTWAIT);

	(void)events;
	if (got == sizeof(message))
		first_frame_drawn(process, &message);
	else if (got == 0)
		source_close(source); /* it is dying: SIGCHLD brings the rest */
}

void processes_forked(void)
{
	for (size_t i = 0; i < profile_count(); i++) {
		if (processes[i].pid && processes[i].source.fd >= 0)
			close(processes[i].source.fd);
	}
}

/* What zygote does for an app after fork: its own name, user and place in the killers' order. */
static _Noreturn void become_app(const struct profile *profile, int fd)
{
	gid_t group = (gid_t)profile->uid;

	process_rename(profile->package);
	write_file("/proc/self/oom_score_adj", "0");
	setpriority(PRIO_PROCESS, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	server_forked();
	processes_forked();
	trace_forked();
	setsid();
	if (geteuid() == 0 && (setgroups(1, &group) < 0 || setgid(group) < 0 || setuid((uid_t)profile->uid) < 0))
		_exit(1);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* setuid cleared it */
	prctl(PR_SET_DUMPABLE, 1);
	app_run(profile, fd);
}

bool process_start(struct process *process, void (*drawn)(struct process *process, const struct app_message *frame))
{
	int pair[2];
	pid_t pid;

	first_frame_drawn = drawn;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		become_app(process->profile, pair[1]);
	}
	close(pair[1]);
	if (pid < 0) {
		log_line(LOG_SYSTEM, 'E', "ActivityManager", "Failure starting process %s: %s",
			 process->profile->package, strerror(errno));
		close(pair[0]);
		return false;
	}
	process->pid = pid;
	process->adj = UNKNOWN_ADJ;
	process->nice = 0;
	process->activity = ACTIVITY_NONE;
	freezer_join(process);
	process->source = (struct source){.fd = pair[0], .ready = app_spoke};
	source_add(&process->source, EPOLLIN);
	return true;
}

void process_send(struct process *process, enum app_order order, unsigned launch)
{
	struct app_message message = {.order = order, .launch = launch};

	if (order != APP_STOP && order != APP_DESTROY)
		freezer_thaw(process);
	if (process->pid && process->source.fd >= 0)
		send(process->source.fd, &message, sizeof(message), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void process_forget(struct process *process)
{
	source_close(&process->source);
	freezer_forget(process);
	process->pid = 0;
	process->activity = ACTIVITY_NONE;
}

void process_kill(struct process *process)
{
	pid_t pid = process->pid;
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};

	process_forget(process);
	kill(pid, SIGKILL);
	if (pidfd < 0)
		return;
	/* A process under reclaim may take a while to die; after the limit SIGCHLD reaps it some time later. */
	if (poll(&poll_fd, 1, REAP_MS) == 1)
		waitpid(pid, NULL, WNOHANG);
	freezer_leave(process->profile, pid);
	close(pidfd);
}

static void set_adj(struct process *process, int adj)
{
	char path[64], value[16];

	if (process->adj == adj)
		return;
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", process->pid);
	snprintf(value, sizeof(value), "%d", adj);
	if (write_file(path, value) == 0)
		process->adj = adj;
}

/* Every thread: RenderThread is boosted with the main thread (OomAdjuster.applyOomAdj). */
static void set_nice(struct process *process, int nice)
{
	struct dirent *entry;
	char path[64];
	DIR *tasks;
	long tid;

	if (process->nice == nice)
		return;
	snprintf(path, sizeof(path), "/proc/%d/task", process->pid);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks))) {
		if (parse_number(entry->d_name, 1, INT32_MAX, &tid))
			setpriority(PRIO_PROCESS, (id_t)tid, nice);
	}
	if (tasks)
		closedir(tasks);
	process->nice = nice;
}

static int later_first(const void *left, const void *right)
{
	const struct process *a = *(struct process *const *)left, *b = *(struct process *const *)right;

	return a->last_use < b->last_use ? 1 : -1;
}

/* OomAdjuster.assignCachedAdjIfNecessary (Android 13): the most recent first, processes with activities from 900,
 * those without from 905, each next one ten further, up to 999. */
static int cached_adj(const struct process *process, int *next_cached, int *next_empty)
{
	int *next = process->activity == ACTIVITY_NONE ? next_empty : next_cached;
	int adj = *next;

	*next += 2 * CACHED_APP_IMPORTANCE_LEVELS;
	return adj < CACHED_APP_MAX_ADJ ? adj : CACHED_APP_MAX_ADJ;
}

static size_t running_in_order(struct process *order[MAX_PROFILES])
{
	size_t running = 0;

	for (size_t i = 0; i < profile_count(); i++) {
		if (process_at(i)->pid)
			order[running++] = process_at(i);
	}
	qsort(order, running, sizeof(order[0]), later_first);
	return running;
}

/* What is given out while going from the latest used process to the earliest. */
struct ranks {
	int next_cached, next_empty;
	bool previous_given;
};

static int adj_of(const struct process *process, bool front, struct ranks *ranks)
{
	if (front)
		return FOREGROUND_APP_ADJ;
	if (process->profile->home)
		return HOME_APP_ADJ;
	if (!ranks->previous_given && process->activity != ACTIVITY_NONE) {
		ranks->previous_given = true;
		return PREVIOUS_APP_ADJ;
	}
	return cached_adj(process, &ranks->next_cached, &ranks->next_empty);
}

static int nice_of(int adj)
{
	if (adj == FOREGROUND_APP_ADJ)
		return TOP_APP_NICE;
	return adj >= CACHED_APP_MIN_ADJ ? BACKGROUND_NICE : 0;
}

void processes_update(const struct process *top)
{
	struct ranks ranks = {.next_cached = CACHED_APP_MIN_ADJ,
			      .next_empty = CACHED_APP_MIN_ADJ + CACHED_APP_IMPORTANCE_LEVELS};
	struct process *order[MAX_PROFILES];
	size_t running = running_in_order(order);

	for (size_t i = 0; i < running; i++) {
		int adj = adj_of(order[i], order[i] == top || order[i]->launch.id, &ranks);

		set_adj(order[i], adj);
		set_nice(order[i], nice_of(adj));
		freezer_update(order[i]);
	}
}

struct process *process_cached_longest(size_t *cached)
{
	struct process *order[MAX_PROFILES], *last = NULL;
	size_t running = running_in_order(order);

	*cached = 0;
	for (size_t i = 0; i < running; i++) {
		if (order[i]->adj < CACHED_APP_MIN_ADJ || order[i]->adj > CACHED_APP_MAX_ADJ)
			continue;
		last = order[i];
		(*cached)++;
	}
	return last;
}
