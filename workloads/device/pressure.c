// SPDX-License-Identifier: Apache-2.0
/*
 * pressure: eats anonymous memory of known content, holds it, checks it, says what became of it.
 *
 * A parent forks the eaters and outlives them, so that an eater killed under pressure is still reported. Each eater
 * makes itself the first to be killed (oom_score_adj 1000, proc(5)) and dies with its parent (PR_SET_PDEATHSIG,
 * prctl(2)). A page's content follows from seed, eater and page number alone, so every page can be checked.
 *
 * Files: REPORT.filled appears when every living eater has filled its share; REPORT, one line per eater, appears
 * whole when all have ended. Exit status: 0 all pages as written, 1 a page differed, 2 usage or system error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pages.h"

enum { MAX_PROCESSES = 64, POLL_US = 20000, MAX_PATH = 4096, CHUNK_PAGES = 64 };

struct options {
	unsigned processes;
	uint64_t bytes;        /* each */
	uint64_t rate;         /* bytes/s each; 0: as fast as it goes */
	uint64_t at_once;      /* bytes each that come before any pace */
	double compressible;   /* share of a page, 0..1 */
	double hold_s;         /* after filling, unless the stop file comes first */
	uint64_t seed;
	unsigned check_stride; /* every Nth page is checked; 0: none */
	const char *report;
	const char *stop_file; /* NULL: hold_s alone decides */
};

/* One eater's own slot, in memory shared with the parent: a killed eater leaves what it had done. */
struct slot {
	_Atomic uint64_t filled_bytes;
	_Atomic uint64_t fill_us;
	_Atomic uint64_t checked_pages;
	_Atomic uint64_t bad_pages;
	_Atomic int filled;
	_Atomic int done;
};

struct shared {
	_Atomic int stop;
	struct slot slot[MAX_PROCESSES];
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static void die(const char *what)
{
	fprintf(stderr, "pressure: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* A phone may forbid it; the eater is then merely as likely to be killed as any other process. */
static void volunteer_to_be_killed(void)
{
	FILE *file = fopen("/proc/self/oom_score_adj", "w");

	if (file) {
		fputs("1000", file);
		fclose(file);
	}
}

/* Time lost to a stall is not made up for: a burst after each stall would feed the next one. */
static uint64_t keep_pace(uint64_t due_us, uint64_t bytes, uint64_t rate)
{
	uint64_t now = now_us();

	due_us += bytes * 1000000u / rate;
	if (due_us <= now)
		return now;
	usleep((useconds_t)(due_us - now));
	return due_us;
}

static void fill(const struct options *o, struct slot *slot, struct page_maker *maker, unsigned char *memory)
{
	uint64_t pages = o->bytes / PAGE_BYTES, start = now_us(), due = start;

	for (uint64_t page = 0; page < pages; page++) {
		page_write(maker, page, memory + page * PAGE_BYTES);
		if (page % CHUNK_PAGES == CHUNK_PAGES - 1) {
			atomic_store(&slot->filled_bytes, (page + 1) * PAGE_BYTES);
			if ((page + 1) * PAGE_BYTES <= o->at_once)
				due = now_us();
			else if (o->rate)
				due = keep_pace(due, CHUNK_PAGES * PAGE_BYTES, o->rate);
		}
	}
	atomic_store(&slot->filled_bytes, pages * PAGE_BYTES);
	atomic_store(&slot->fill_us, now_us() - start);
	atomic_store(&slot->filled, 1);
}

static void check(const struct options *o, struct slot *slot, struct page_maker *maker, const unsigned char *memory)
{
	uint64_t bad = 0, checked = 0;

	if (o->check_stride == 0)
		return;
	for (uint64_t page = 0; page < o->bytes / PAGE_BYTES; page += o->check_stride, checked++)
		bad += !page_matches(maker, page, memory + page * PAGE_BYTES);
	atomic_store(&slot->checked_pages, checked);
	atomic_store(&slot->bad_pages, bad);
}

static int eat(const struct options *o, unsigned number, struct shared *shared)
{
	struct slot *slot = &shared->slot[number];
	struct page_maker maker = page_maker(o->seed * MAX_PROCESSES + number, o->compressible);
	unsigned char *memory;
	uint64_t until;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == 1)
		return 2;
	volunteer_to_be_killed();
	memory = mmap(NULL, o->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		die("mmap");
	fill(o, slot, &maker, memory);
	until = now_us() + (uint64_t)(o->hold_s * 1e6);
	while (!atomic_load(&shared->stop) && now_us() < until)
		usleep(POLL_US);
	check(o, slot, &maker, memory);
	atomic_store(&slot->done, 1);
	return atomic_load(&slot->bad_pages) ? 1 : 0;
}

/* Written beside and renamed, so that a reader sees all of it or none. */
static FILE *open_beside(const char *path, char *beside)
{
	FILE *file;

	snprintf(beside, MAX_PATH, "%s.tmp", path);
	file = fopen(beside, "w");
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

static int report(const struct options *o, const struct shared *shared)
{
	char beside[MAX_PATH];
	FILE *file = open_beside(o->report, beside);
	int bad = 0;

	for (unsigned i = 0; i < o->processes; i++) {
		const struct slot *slot = &shared->slot[i];

		fprintf(file, "eater=%u filled_bytes=%llu fill_us=%llu checked_pages=%llu bad_pages=%llu survived=%d\n",
			i + 1, (unsigned long long)slot->filled_bytes, (unsigned long long)slot->fill_us,
			(unsigned long long)slot->checked_pages, (unsigned long long)slot->bad_pages, slot->done);
		bad |= slot->bad_pages != 0;
	}
	publish(file, beside, o->report);
	return bad;
}

static void reap(struct shared *shared, pid_t *children, const struct options *o, unsigned *living)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned i = 0; i < o->processes; i++)
			if (children[i] == pid)
				atomic_store(&shared->slot[i].filled, 1); /* nobody waits for the dead */
		(*living)--;
	}
}

static int watch(const struct options *o, struct shared *shared, pid_t *children)
{
	unsigned living = o->processes;
	int said = 0;

	while (living) {
		unsigned filled = 0;

		usleep(POLL_US);
		reap(shared, children, o, &living);
		for (unsigned i = 0; i < o->processes; i++)
			filled += (unsigned)atomic_load(&shared->slot[i].filled);
		if (!said && filled == o->processes) {
			say_filled(o);
			said = 1;
		}
		if (o->stop_file && access(o->stop_file, F_OK) == 0)
			atomic_store(&shared->stop, 1);
	}
	return report(o, shared);
}

static uint64_t number(const char *text, const char *name)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-') {
		fprintf(stderr, "pressure: --%s takes a whole number, not '%s'\n", name, text);
		exit(2);
	}
	return value;
}

static double real(const char *text, const char *name, double most)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= 0) || value > most) {
		fprintf(stderr, "pressure: --%s takes a number from 0 to %g, not '%s'\n", name, most, text);
		exit(2);
	}
	return value;
}

static void take(struct options *o, int option, const char *name)
{
	switch (option) {
	case 'p': o->processes = (unsigned)number(optarg, name); break;
	case 'b': o->bytes = number(optarg, name); break;
	case 'r': o->rate = number(optarg, name); break;
	case 'a': o->at_once = number(optarg, name); break;
	case 'c': o->compressible = real(optarg, name, 1); break;
	case 'h': o->hold_s = real(optarg, name, 86400); break;
	case 's': o->seed = number(optarg, name); break;
	case 'k': o->check_stride = (unsigned)number(optarg, name); break;
	case 'o': o->report = optarg; break;
	case 'x': o->stop_file = optarg; break;
	default: exit(2);
	}
}

static struct options options(int argc, char **argv)
{
	static const struct option known[] = {
		{"processes", 1, NULL, 'p'}, {"bytes", 1, NULL, 'b'}, {"rate", 1, NULL, 'r'},
		{"at-once", 1, NULL, 'a'}, {"compressible", 1, NULL, 'c'}, {"hold", 1, NULL, 'h'}, {"seed", 1, NULL, 's'},
		{"check-stride", 1, NULL, 'k'}, {"report", 1, NULL, 'o'}, {"stop-file", 1, NULL, 'x'}, {0},
	};
	struct options o = {.processes = 1, .compressible = 0.5, .hold_s = 0, .seed = 1, .check_stride = 1};
	int option, index = 0;

	while ((option = getopt_long(argc, argv, "", known, &index)) != -1)
		take(&o, option, option == '?' ? "" : known[index].name);
	if (o.processes < 1 || o.processes > MAX_PROCESSES || o.bytes < PAGE_BYTES || !o.report || optind != argc) {
		fprintf(stderr, "usage: pressure --bytes N --report FILE [--processes 1..%d] [--rate BYTES/S] [--at-once BYTES]\n"
			"                [--compressible 0..1] [--hold S] [--stop-file FILE] [--seed N] [--check-stride N]\n", MAX_PROCESSES);
		exit(2);
	}
	return o;
}

int main(int argc, char **argv)
{
	struct options o = options(argc, argv);
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t children[MAX_PROCESSES] = {0};

	if (shared == MAP_FAILED)
		die("mmap");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0; i < o.processes; i++) {
		children[i] = fork();
		if (children[i] < 0)
			die("fork");
		if (children[i] == 0)
			_exit(eat(&o, i, shared));
	}
	return watch(&o, shared, children);
}
