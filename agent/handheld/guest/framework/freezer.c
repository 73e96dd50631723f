// SPDX-License-Identifier: Apache-2.0
#include "freezer.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "props.h"
#include "trace.h"

#define CGROUPS "/sys/fs/cgroup"
#define FLAG "persist.device_config.activity_manager_native_boot."

enum { DEBOUNCE_MS = 600000, LONGEST_MS = 86400000 }; /* DEFAULT_FREEZER_DEBOUNCE_TIMEOUT */

static void group_path(const struct profile *profile, pid_t pid, const char *file, char out[PATH_SIZE])
{
	snprintf(out, PATH_SIZE, CGROUPS "/uid_%d/pid_%d%s%s", profile->uid, pid, file[0] ? "/" : "", file);
}

static bool write_group(const struct process *process, const char *file, const char *value)
{
	char path[PATH_SIZE], real[PATH_SIZE];

	group_path(process->profile, process->pid, file, path);
	return write_file(rooted(real, path), value) == 0;
}

void freezer_join(const struct process *process)
{
	char path[PATH_SIZE], real[PATH_SIZE], pid[16];

	if (access(rooted(real, CGROUPS "/cgroup.controllers"), F_OK) != 0)
		return;
	group_path(process->profile, process->pid, "", path);
	snprintf(pid, sizeof(pid), "%d", process->pid);
	if (make_directories(rooted(real, path), 0755) < 0 || !write_group(process, "cgroup.procs", pid))
		log_line(LOG_SYSTEM, 'W', "ActivityManager", "no group for %d:%s", process->pid,
			 process->profile->package);
}

static void say(const struct process *process, const char *what, const char *event)
{
	const char *package = process->profile->package;

	log_line(LOG_SYSTEM, 'D', "ActivityManager", "%s %d %s", what, process->pid, package);
	log_line(LOG_EVENTS, 'I', event, "[%d,%s]", process->pid, package);
	trace_instant(event);
}

static void freeze(void *context)
{
	struct process *process = context;

	process->freeze_timer = 0;
	process->frozen = write_group(process, "cgroup.freeze", "1");
	if (process->frozen)
		say(process, "freezing", "am_freeze");
}

void freezer_thaw(struct process *process)
{
	if (process->freeze_timer)
		timer_cancel(process->freeze_timer);
	process->freeze_timer = 0;
	if (!process->frozen)
		return;
	write_group(process, "cgroup.freeze", "0");
	process->frozen = false;
	say(process, "sync unfroze", "am_unfreeze");
}

void freezer_update(struct process *process)
{
	long wait_ms = property_long(FLAG "freeze_debounce_timeout", DEBOUNCE_MS);

	if (process->adj < CACHED_APP_MIN_ADJ) {
		freezer_thaw(process);
		return;
	}
	if (process->frozen || process->freeze_timer)
		return;
	if (wait_ms >= 0 && wait_ms <= LONGEST_MS)
		process->freeze_timer = timer_start((unsigned)wait_ms, freeze, process);
}

void freezer_forget(struct process *process)
{
	if (process->freeze_timer)
		timer_cancel(process->freeze_timer);
	process->freeze_timer = 0;
	process->frozen = false;
}

void freezer_leave(const struct profile *profile, pid_t pid)
{
	char path[PATH_SIZE], real[PATH_SIZE];

	group_path(profile, pid, "", path);
	rmdir(rooted(real, path)); /* a process that is still dying holds it: then it stays, empty */
}
