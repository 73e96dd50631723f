// SPDX-License-Identifier: Apache-2.0
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "activity.h"
#include "commands.h"
#include "dropcaches.h"
#include "log.h"
#include "logd.h"
#include "procs.h"
#include "profile.h"
#include "props.h"
#include "settings.h"
#include "trace.h"

enum { SERVER_NICE = -10, MAX_TIMERS = 64 };

static struct timer {
	unsigned id;
	uint64_t due_ns;
	void (*call)(void *context);
	void *context;
} timers[MAX_TIMERS];

static int epoll_fd = -1;

int source_add(struct source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, source->fd, &event);
}

void source_change(struct source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	epoll_ctl(epoll_fd, EPOLL_CTL_MOD, source->fd, &event);
}

void source_close(struct source *source)
{
	if (source->fd < 0)
		return;
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	close(source->fd);
	source->fd = -1;
}

unsigned timer_start(unsigned ms, void (*call)(void *context), void *context)
{
	static unsigned last_id;

	for (size_t i = 0; i < MAX_TIMERS; i++) {
		if (timers[i].id == 0) {
			timers[i] = (struct timer){++last_id, now_ns() + (uint64_t)ms * NS_PER_MS, call, context};
			return last_id;
		}
	}
	return 0; /* then that wait has no time limit */
}

void timer_cancel(unsigned id)
{
	for (size_t i = 0; id && i < MAX_TIMERS; i++) {
		if (timers[i].id == id)
			timers[i].id = 0;
	}
}

static void timers_run(void)
{
	uint64_t now = now_ns();

	for (size_t i = 0; i < MAX_TIMERS; i++) {
		if (timers[i].id && timers[i].due_ns <= now) {
			timers[i].id = 0;
			timers[i].call(timers[i].context);
		}
	}
}

static int ms_to_next_timer(void)
{
	uint64_t now = now_ns(), next = UINT64_MAX;

	for (size_t i = 0; i < MAX_TIMERS; i++) {
		if (timers[i].id && timers[i].due_ns < next)
			next = timers[i].due_ns;
	}
	if (next == UINT64_MAX)
		return -1;
	return next <= now ? 0 : (int)((next - now) / NS_PER_MS) + 1;
}

static void children_ended(struct source *source, uint32_t events)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	(void)events;
	while (read(source->fd, &info, sizeof(info)) == sizeof(info))
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (!drop_caches_ended(pid))
			activity_process_died(pid);
	}
}

static struct source child_source = {.fd = -1, .ready = children_ended};

static int watch_children(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	child_source.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return child_source.fd < 0 ? -1 : source_add(&child_source, EPOLLIN);
}

void server_forked(void)
{
	sigset_t none;

	close(epoll_fd);
	close(child_source.fd);
	conns_forked();
	logd_forked();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

static int set_up(void)
{
	char path[PATH_SIZE];

	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0 || make_directories(rooted(path, "/dev/socket"), 0755) < 0 || logd_start() < 0)
		return -1;
	trace_open();
	if (properties_load() < 0 || settings_load() < 0 || watch_children() < 0 || conns_start() < 0)
		return -1;
	log_line(LOG_SYSTEM, 'I', "PackageManager", "%zu app profiles", profiles_load());
	return 0;
}

int system_server_main(void)
{
	struct epoll_event event;

	umask(022);
	if (set_up() < 0) {
		fprintf(stderr, "system_server: cannot start: %s\n", strerror(errno));
		return 1;
	}
	setpriority(PRIO_PROCESS, 0, SERVER_NICE);
	protect_daemon();
	activity_boot();
	for (;;) {
		/* One event at a time: a handler may free any other connection. */
		int count = epoll_wait(epoll_fd, &event, 1, ms_to_next_timer());

		if (count == 1) {
			struct source *source = event.data.ptr;

			source->ready(source, event.events);
		}
		timers_run();
	}
}
