// SPDX-License-Identifier: Apache-2.0
/*
 * pressure: eats memory of known content, holds it, checks it, says what became of it.
 *
 * A parent forks the eaters and outlives them, so that an eater killed under pressure is still reported. Each eater
 * makes itself the first to be killed (oom_score_adj 1000, proc(5)) and dies with its parent (PR_SET_PDEATHSIG,
 * prctl(2)); so do the processes that keep processors busy. A page's content follows from seed, eater and page number
 * alone, so every page can be checked.
 *
 * With --hold-available the parent looks at MemAvailable (proc(5)) every 20 ms and allows the eaters to take as much as
 * there is more of it; they take new pages, then those of theirs that lie in swap.
 *
 * Files: REPORT.filled appears when every living eater has filled its share, or as little is available; REPORT, one line per eater and one per
 * busy processor, appears whole when all have ended; PROGRESS gets a line each second while they work. Exit status:
 * 0 all pages as written, 1 a page differed, 2 usage or system error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "eater.h"

enum { POLL_US = 20000, PROGRESS_US = 1000000, MAX_PATH = 4096 };

struct family {
	const struct options *o;
	struct shared *shared;
	pid_t eater[MAX_PROCESSES];
	pid_t burner[MAX_CPUS];
	unsigned living; /* eaters */
	FILE *progress;
	uint64_t began_us, told_us;
	uint64_t reached_us, stopped_us; /* of holding; 0: not yet */
	uint64_t looks, seen_kib;        /* at what was available meanwhile, and their sum */
};

typedef unsigned long long whole;

/* Written beside and renamed, so that a reader sees all of it or none. */
static FILE *open_beside(const char *path, char *beside)
{
	FILE *file;

	snprintf(beside, MAX_PATH, "%s.tmp", path);
	file = fopen(beside, "we");
	if (!file)
		die(beside);
	return file;
}

static void publish(FILE *file, const char *beside, const char *path)
{
	if (fclose(file) || rename(beside, path))
		die(path);
}

static void say_filled(const struct options *o)
{
	char beside[MAX_PATH], path[MAX_PATH];

	snprintf(path, sizeof(path), "%s.filled", o->report);
	publish(open_beside(path, beside), beside, path);
}

static int report(const struct family *family)
{
	const struct options *o = family->o;
	char beside[MAX_PATH];
	FILE *file = open_beside(o->report, beside);
	int bad = 0;

	for (unsigned i = 0; i < o->processes; i++) {
		const struct slot *slot = &family->shared->slot[i];

		fprintf(file,
			"eater=%u filled_bytes=%llu fill_us=%llu checked_pages=%llu bad_pages=%llu survived=%d"
			" retouched_bytes=%llu",
			i + 1, (whole)slot->filled_bytes, (whole)slot->fill_us, (whole)slot->checked_pages,
			(whole)slot->bad_pages, slot->done, (whole)slot->retouched_bytes);
		if (o->hold_available)
			fprintf(file, " held_bytes=%llu held_us=%llu held_available=%llu", (whole)slot->held_bytes,
				(whole)(family->stopped_us - family->reached_us),
				(whole)(family->looks ? family->seen_kib / family->looks * 1024 : 0));
		fputc('\n', file);
		bad |= slot->bad_pages != 0;
	}
	for (unsigned i = 0; i < o->cpus; i++)
		fprintf(file, "busy=%u cpu_us=%llu\n", i + 1, (whole)family->shared->burnt_us[i]);
	publish(file, beside, o->report);
	return bad;
}

static void tell_progress(struct family *family)
{
	whole filled = 0, retouched = 0;
	uint64_t now = now_us();

	if (!family->progress || (family->living && now - family->told_us < PROGRESS_US))
		return;
	family->told_us = now;
	for (unsigned i = 0; i < family->o->processes; i++) {
		filled += family->shared->slot[i].filled_bytes;
		retouched += family->shared->slot[i].retouched_bytes;
	}
	fprintf(family->progress, "elapsed_us=%llu living=%u filled_bytes=%llu retouched_bytes=%llu\n",
		(whole)(now - family->began_us), family->living, filled, retouched);
	fflush(family->progress);
}

static void reap(struct family *family)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (unsigned i = 0; i < family->o->processes; i++)
			if (family->eater[i] == pid) {
				atomic_store(&family->shared->slot[i].filled, 1); /* nobody waits for the dead */
				family->living--;
			}
}

static uint64_t available_kib(void)
{
	char line[128];
	whole found = 0;
	FILE *file = fopen("/proc/meminfo", "re");

	if (!file)
		die("/proc/meminfo");
	while (fgets(line, sizeof(line), file) && sscanf(line, "MemAvailable: %llu", &found) != 1)
		;
	fclose(file);
	return found;
}

/* Lets the eaters take as much as there is too much of. */
static void keep_down(struct family *family)
{
	uint64_t now_kib = available_kib(), wanted_kib = family->o->hold_available / 1024;

	atomic_store(&family->shared->allowance, now_kib > wanted_kib ? (now_kib - wanted_kib) * 1024 : 0);
	if (now_kib <= wanted_kib && !family->reached_us) {
		family->reached_us = now_us();
		atomic_store(&family->shared->reached, 1);
	}
	if (family->reached_us) {
		family->looks++;
		family->seen_kib += now_kib;
		family->stopped_us = now_us();
	}
}

static void heed(struct family *family)
{
	const struct options *o = family->o;

	if (o->release_file && access(o->release_file, F_OK) == 0)
		atomic_store(&family->shared->stop, STOP_AT_ONCE);
	else if (o->stop_file && access(o->stop_file, F_OK) == 0)
		atomic_store(&family->shared->stop, STOP_AND_CHECK);
}

static int watch(struct family *family)
{
	const struct options *o = family->o;
	int said = 0;

	while (family->living) {
		unsigned filled = 0;

		usleep(POLL_US);
		reap(family);
		tell_progress(family);
		if (o->hold_available && !atomic_load(&family->shared->stop))
			keep_down(family);
		for (unsigned i = 0; i < o->processes; i++)
			filled += (unsigned)atomic_load(&family->shared->slot[i].filled);
		if (!said && (filled == o->processes || family->reached_us)) {
			say_filled(o);
			said = 1;
		}
		heed(family);
	}
	atomic_store(&family->shared->stop, STOP_AT_ONCE);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	return report(family);
}

static void start(struct family *family)
{
	pid_t parent = getpid();

	for (unsigned i = 0; i < family->o->cpus; i++) {
		family->burner[i] = fork();
		if (family->burner[i] < 0)
			die("fork");
		if (family->burner[i] == 0)
			_exit(burn(i, family->shared, parent));
	}
	for (unsigned i = 0; i < family->o->processes; i++, family->living++) {
		family->eater[i] = fork();
		if (family->eater[i] < 0)
			die("fork");
		if (family->eater[i] == 0)
			_exit(eat(family->o, i, family->shared, parent));
	}
}

static int dump(const struct options *o)
{
	struct page_maker maker = maker_of(o, 0);
	uint64_t page[PAGE_WORDS];

	for (uint64_t i = 0; i < pages_of(o) - file_pages_of(o); i++) {
		page_write(&maker, i, (unsigned char *)page);
		if (fwrite(page, PAGE_BYTES, 1, stdout) != 1)
			die("standard output");
	}
	return fflush(stdout) ? 2 : 0;
}

int main(int argc, char **argv)
{
	struct options o = read_options(argc, argv);
	struct family family = {.o = &o, .began_us = now_us()};
	pid_t parent = getppid();

	if (o.dump)
		return dump(&o);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		return 2;
	if (file_pages_of(&o))
		make_file(&o);
	if (o.prepare)
		return 0;
	if (o.progress && !(family.progress = fopen(o.progress, "we")))
		die(o.progress);
	family.shared = mmap(NULL, sizeof(*family.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (family.shared == MAP_FAILED)
		die("mmap");
	start(&family);
	return watch(&family);
}
