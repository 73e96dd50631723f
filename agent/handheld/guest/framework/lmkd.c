// SPDX-License-Identifier: Apache-2.0
#include "lmkd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "props.h"
#include "trace.h"

#define PID_FILE "/dev/socket/lmkd.pid"

/* AOSP lmkd.cpp: PSI_WINDOW_SIZE_MS, PSI_POLL_PERIOD_SHORT_MS, PSI_POLL_PERIOD_LONG_MS */
enum { PSI_WINDOW_MS = 1000, POLL_SHORT_MS = 10, POLL_LONG_MS = 100, LMKD_NICE = -20 };
/* The longest that psi.rst allows; an emulated CPU does in it about what a phone's does in AOSP's one second. */
enum { COMPLETE_WINDOW_MS = 10000 };
enum { PERCEPTIBLE_APP_ADJ = 200 }; /* ProcessList.java */

static volatile sig_atomic_t reinit_wanted;

static long limit(const char *name, long otherwise)
{
	char property[128];

	snprintf(property, sizeof(property), "ro.lmk.%s", name);
	otherwise = property_long(property, otherwise);
	snprintf(property, sizeof(property), DEVICE_CONFIG "lmkd_native.%s", name);
	return property_long(property, otherwise);
}

struct lmkd_limits lmkd_limits_read(void)
{
	struct lmkd_limits limits = {
		.psi_partial_stall_ms = limit("psi_partial_stall_ms", 70),
		.psi_complete_stall_ms = limit("psi_complete_stall_ms", 7000),
		.thrashing_limit = limit("thrashing_limit", 100),
		.swap_free_low_percentage = limit("swap_free_low_percentage", 10),
		.kill_timeout_ms = limit("kill_timeout_ms", 100),
		.kill_volunteers = limit("kill_volunteers", 0),
	};

	limits.thrashing_limit_critical = limit("thrashing_limit_critical", limits.thrashing_limit * 3);
	return limits;
}

static const char *watermark_name(enum watermark watermark)
{
	return watermark < BELOW_LOW ? "min" : "low";
}

/* Which of AOSP's rules (lmkd.cpp mp_event_psi) holds; of several the one it tries first. */
static enum kill_reason low_memory_reason(const struct memory_state *state, bool swap_low, bool thrashes)
{
	bool memory_low = state->watermark < BELOW_HIGH;

	if (!thrashes)
		return swap_low && memory_low ? LOW_MEM_AND_SWAP : KILL_NONE;
	if (swap_low)
		return LOW_SWAP_AND_THRASHING;
	if (memory_low)
		return LOW_MEM_AND_THRASHING;
	return state->reclaim == RECLAIM_DIRECT ? DIRECT_RECL_AND_THRASHING : KILL_NONE;
}

static void describe(struct decision *d, const struct memory_state *state, long swap_low_kb)
{
	char swap[64], thrashing[32];

	snprintf(swap, sizeof(swap), "(%ldkB < %ldkB)", state->swap_free_kb, swap_low_kb);
	snprintf(thrashing, sizeof(thrashing), "thrashing (%ld%%)", state->thrashing);
	if (d->reason == LOW_SWAP_AND_THRASHING)
		snprintf(d->text, sizeof(d->text), "device is low on swap %s and %s", swap, thrashing);
	else if (d->reason == LOW_MEM_AND_SWAP)
		snprintf(d->text, sizeof(d->text), "%s watermark is breached and swap is low %s",
			 watermark_name(state->watermark), swap);
	else if (d->reason == LOW_MEM_AND_THRASHING)
		snprintf(d->text, sizeof(d->text), "%s watermark is breached and %s", watermark_name(state->watermark),
			 thrashing);
	else if (d->reason == DIRECT_RECL_AND_THRASHING)
		snprintf(d->text, sizeof(d->text), "device is in direct reclaim and %s", thrashing);
}

struct decision lmkd_decide(const struct memory_state *state, const struct lmkd_limits *limits, bool complete,
			    bool after_kill)
{
	long swap_low_kb = state->swap_total_kb * limits->swap_free_low_percentage / 100;
	struct decision d = {.reason = KILL_NONE};

	if (after_kill && state->watermark < BELOW_LOW)
		return (struct decision){PRESSURE_AFTER_KILL, 0, "min watermark is breached even after kill"};
	if (complete)
		return (struct decision){NOT_RESPONDING, 0, "device is not responding"};
	d.reason = low_memory_reason(state, state->swap_free_kb<swap_low_kb, state->thrashing> limits->thrashing_limit);
	/* Apps the user perceives are spared unless it is very bad. */
	if (state->watermark > BELOW_MIN && state->thrashing < limits->thrashing_limit_critical)
		d.least_adj = PERCEPTIBLE_APP_ADJ + 1;
	describe(&d, state, swap_low_kb);
	return d;
}

/* A PSI trigger: poll(2) says POLLPRI at most once a window, when stalls in it exceed the limit (psi.rst). */
static int psi_monitor(const char *kind, long stall_ms, int window_ms)
{
	int fd = open("/proc/pressure/memory", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	char trigger[64];
	int length;

	if (fd < 0)
		return -1;
	length = snprintf(trigger, sizeof(trigger), "%s %ld %d", kind, stall_ms * 1000, window_ms * 1000);
	if (write(fd, trigger, (size_t)length + 1) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

struct monitors {
	struct pollfd fds[2]; /* some, full */
	struct lmkd_limits limits;
};

static bool monitors_open(struct monitors *monitors)
{
	for (size_t i = 0; i < 2; i++) {
		if (monitors->fds[i].fd > 0)
			close(monitors->fds[i].fd);
	}
	monitors->limits = lmkd_limits_read();
	monitors->fds[0] = (struct pollfd){
		.fd = psi_monitor("some", monitors->limits.psi_partial_stall_ms, PSI_WINDOW_MS), .events = POLLPRI};
	monitors->fds[1] = (struct pollfd){
		.fd = psi_monitor("full", monitors->limits.psi_complete_stall_ms, COMPLETE_WINDOW_MS), .events = POLLPRI};
	return monitors->fds[0].fd >= 0 && monitors->fds[1].fd >= 0;
}

/* What lmkd remembers between looks. */
static struct {
	pid_t victim; /* killed, and not seen dead yet */
	uint64_t killed_ns, event_ns;
} past;

/* True while the last victim is still giving its memory back. */
static bool victim_is_dying(const struct lmkd_limits *limits)
{
	return past.victim > 0 && kill(past.victim, 0) == 0 &&
	       now_ns() - past.killed_ns < (uint64_t)limits->kill_timeout_ms * NS_PER_MS;
}

/* How long until the next look, in ms; -1: until PSI says so. */
static int next_look(const struct memory_state *state, const struct lmkd_limits *limits)
{
	if (now_ns() - past.event_ns > (uint64_t)PSI_WINDOW_MS * NS_PER_MS && state->reclaim != RECLAIM_DIRECT)
		return -1;
	return state->swap_free_kb < state->swap_total_kb * limits->swap_free_low_percentage / 100 ? POLL_SHORT_MS
												   : POLL_LONG_MS;
}

/* One look, after an event or while polling; returns the ms until the next. */
static int look(const struct lmkd_limits *limits, bool full)
{
	bool after_kill = past.victim > 0;
	struct memory_state state;
	struct decision decision;

	if (victim_is_dying(limits))
		return POLL_SHORT_MS;
	past.victim = 0;
	if (!memory_state_read(&state))
		return POLL_LONG_MS;
	decision = lmkd_decide(&state, limits, full, after_kill);
	/* Without reclaim since the last look there is nothing to relieve (AOSP: "Skip if system is not reclaiming").
	 */
	if (decision.reason != KILL_NONE && (full || after_kill || state.reclaim != RECLAIM_NONE))
		past.victim = lmkd_kill(&decision, state.thrashing, limits->kill_volunteers);
	if (past.victim <= 0)
		return next_look(&state, limits);
	past.killed_ns = past.event_ns = now_ns();
	memory_state_restart();
	return POLL_SHORT_MS;
}

static void want_reinit(int signal)
{
	(void)signal;
	reinit_wanted = 1;
}

static _Noreturn void watch(struct monitors *monitors)
{
	int wait_ms = -1;

	for (;;) {
		int count = poll(monitors->fds, 2, wait_ms);

		if (reinit_wanted) {
			reinit_wanted = 0;
			if (!monitors_open(monitors))
				log_line(LOG_MAIN, 'E', "lowmemorykiller", "Failed to initialize PSI monitors: %s",
					 strerror(errno));
			continue;
		}
		if (count < 0)
			continue;
		if (wait_ms < 0)
			memory_state_restart(); /* pressure begins: thrashing is counted from here */
		if (count > 0)
			past.event_ns = now_ns();
		wait_ms = look(&monitors->limits, monitors->fds[1].revents & POLLPRI);
	}
}

static void write_pid_file(void)
{
	char path[PATH_SIZE], pid[16];
	int fd = open(rooted(path, PID_FILE), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (fd >= 0 && write(fd, pid, strlen(pid)) < 0)
		perror("lmkd: " PID_FILE);
	if (fd >= 0)
		close(fd);
}

static pid_t daemon_pid(void)
{
	char path[PATH_SIZE], text[16];
	long pid;

	if (read_file(rooted(path, PID_FILE), text, sizeof(text)) <= 0 || !parse_number(text, 2, INT32_MAX, &pid))
		return 0;
	return (pid_t)pid;
}

void lmkd_reinit(void)
{
	if (daemon_pid())
		kill(daemon_pid(), SIGHUP);
}

int lmkd_main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = want_reinit};
	struct monitors monitors = {0};
	char path[PATH_SIZE];

	if (argc > 1 && strcmp(argv[1], "--reinit") == 0) {
		bool told = daemon_pid() && kill(daemon_pid(), SIGHUP) == 0;

		if (!told)
			fprintf(stderr, "lmkd: cannot reach the running lmkd: %s\n", strerror(errno));
		return told ? 0 : 1;
	}
	umask(022);
	make_directories(rooted(path, "/dev/socket"), 0755);
	sigaction(SIGHUP, &action, NULL);
	write_pid_file();
	trace_open();
	setpriority(PRIO_PROCESS, 0, LMKD_NICE);
	protect_daemon();
	if (!monitors_open(&monitors)) {
		fprintf(stderr, "lmkd: PSI triggers on /proc/pressure/memory: %s\n", strerror(errno));
		return 1;
	}
	watch(&monitors);
}
