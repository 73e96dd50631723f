// SPDX-License-Identifier: Apache-2.0
/* `dumpsys meminfo`: the part by process, in ActivityManagerService.java's words (Android 13); figures are the kernel's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "meminfo.h"
#include "procs.h"

struct held {
	const char *name;
	pid_t pid;
	long pss_kb, rss_kb;
	bool activity;
};

static long kilobytes(const char *rollup, const char *key)
{
	const char *line = strstr(rollup, key);

	return line ? strtol(line + strlen(key), NULL, 10) : 0;
}

static struct held held_by(const char *name, pid_t pid, bool activity)
{
	char path[64], rollup[4096] = "";

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	read_file(path, rollup, sizeof(rollup));
	return (struct held){name, pid, kilobytes(rollup, "\nPss:"), kilobytes(rollup, "\nRss:"), activity};
}

static int larger_first(const void *left, const void *right)
{
	const struct held *a = left, *b = right;

	return a->pss_kb < b->pss_kb ? 1 : a->pss_kb > b->pss_kb ? -1 : 0;
}

/* Stringified as `1,234K`; no process of the guest holds a gigabyte. */
static void print_size(struct conn *conn, long kb)
{
	char text[24];

	if (kb < 1000)
		snprintf(text, sizeof(text), "%ldK", kb);
	else
		snprintf(text, sizeof(text), "%ld,%03ldK", kb / 1000, kb % 1000);
	reply_out(conn, "%11s", text);
}

static void print_all(struct conn *conn, const char *title, const struct held *all, size_t count, bool pss)
{
	reply_out(conn, "Total %s by process:\n", title);
	for (size_t i = 0; i < count; i++) {
		print_size(conn, pss ? all[i].pss_kb : all[i].rss_kb);
		reply_out(conn, ": %s (pid %d%s)\n", all[i].name, all[i].pid, all[i].activity ? " / activities" : "");
	}
	reply_out(conn, "\n");
}

int dump_meminfo(struct conn *conn, int argc, char **argv)
{
	struct held all[MAX_PROFILES + 1];
	size_t count = 0;

	(void)argc, (void)argv;
	all[count++] = held_by("system", getpid(), false);
	for (size_t i = 0; i < profile_count(); i++) {
		const struct process *process = process_at(i);

		if (process->pid)
			all[count++] = held_by(process->profile->package, process->pid,
					       process->activity != ACTIVITY_NONE);
	}
	qsort(all, count, sizeof(all[0]), larger_first);
	reply_out(conn, "Applications Memory Usage (in Kilobytes):\n\n");
	print_all(conn, "RSS", all, count, false);
	print_all(conn, "PSS", all, count, true);
	return 0;
}
