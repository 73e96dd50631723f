// SPDX-License-Identifier: Apache-2.0
/*
 * Choosing and killing. As on a phone only apps can be chosen (uid 10000 and up), because lmkd knows none but those
 * that ActivityManager registered; a memory eater run from a shell is left to the kernel's OOM killer. kill_volunteers,
 * a limit of our own, adds whoever has asked to be killed first.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lmkd.h"
#include "log.h"
#include "trace.h"

enum { FIRST_APPLICATION_UID = 10000, LAST_APPLICATION_UID = 19999, VOLUNTEER_ADJ = 1000 };

struct victim {
	pid_t pid;
	long uid, adj, rss_kb, swap_kb;
	char name[128];
};

static bool proc_text(pid_t pid, const char *file, char *out, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return read_file(path, out, size) > 0;
}

static long status_number(const char *status, const char *key)
{
	const char *line = strstr(status, key);

	return line ? strtol(line + strlen(key), NULL, 10) : 0;
}

static bool inspect(pid_t pid, struct victim *v)
{
	char status[4096], adj[16];

	*v = (struct victim){.pid = pid};
	if (!proc_text(pid, "status", status, sizeof(status)))
		return false;
	v->uid = status_number(status, "\nUid:");
	v->rss_kb = status_number(status, "\nVmRSS:");
	v->swap_kb = status_number(status, "\nVmSwap:");
	if (v->rss_kb + v->swap_kb == 0) /* a kernel thread, or already gone */
		return false;
	if (!proc_text(pid, "oom_score_adj", adj, sizeof(adj)) || !proc_text(pid, "cmdline", v->name, sizeof(v->name)))
		return false;
	v->adj = strtol(adj, NULL, 10);
	return true;
}

static bool eligible(const struct victim *v, int least_adj, bool volunteers)
{
	bool app = v->uid >= FIRST_APPLICATION_UID && v->uid <= LAST_APPLICATION_UID;

	return v->adj >= least_adj && (app || (volunteers && v->adj >= VOLUNTEER_ADJ));
}

static bool better(const struct victim *candidate, const struct victim *best)
{
	if (!best->pid || candidate->adj != best->adj)
		return !best->pid || candidate->adj > best->adj;
	return candidate->rss_kb + candidate->swap_kb > best->rss_kb + best->swap_kb;
}

static struct victim choose(int least_adj, bool volunteers)
{
	DIR *directory = opendir("/proc");
	struct victim best = {0}, candidate;
	struct dirent *entry;
	long pid;

	while (directory && (entry = readdir(directory))) {
		if (parse_number(entry->d_name, 2, INT32_MAX, &pid) && inspect((pid_t)pid, &candidate) &&
		    eligible(&candidate, least_adj, volunteers) && better(&candidate, &best))
			best = candidate;
	}
	if (directory)
		closedir(directory);
	return best;
}

/* The slice is what Perfetto's android.memory.lmk parses: lmk,PID,REASON,ADJ,... */
static bool kill_traced(const struct victim *v, const struct decision *decision, long thrashing)
{
	char name[96];
	bool killed;

	snprintf(name, sizeof(name), "lmk,%d,%d,%ld,%d,%ld", v->pid, decision->reason, v->adj, decision->least_adj,
		 thrashing);
	trace_counter("kill_one_process", v->pid);
	trace_begin(name);
	killed = kill(v->pid, SIGKILL) == 0;
	trace_end();
	trace_counter("kill_one_process", 0);
	return killed;
}

pid_t lmkd_kill(const struct decision *decision, long thrashing, bool volunteers)
{
	struct victim v = choose(decision->least_adj, volunteers);

	if (!v.pid || !kill_traced(&v, decision, thrashing))
		return 0;
	log_line(LOG_MAIN, 'I', "lowmemorykiller",
		 "Kill '%s' (%d), uid %ld, oom_score_adj %ld to free %ldkB rss, %ldkB swap; reason: %s", v.name, v.pid,
		 v.uid, v.adj, v.rss_kb, v.swap_kb, decision->text);
	log_line(LOG_EVENTS, 'I', "killinfo", "[%d,%ld,%ld,%d,%ld,%d,%ld]", v.pid, v.uid, v.adj, decision->least_adj,
		 v.rss_kb, decision->reason, thrashing);
	return v.pid;
}
