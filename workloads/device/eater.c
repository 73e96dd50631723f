// SPDX-License-Identifier: Apache-2.0
/* An eater: fills its memory, touches the hot part again, holds all of it or takes more as it comes free, checks it. */
#define _GNU_SOURCE
#include "eater.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { POLL_US = 20000, GRANT_US = 2000, CHUNK_PAGES = 64, RETOUCH_PAGES = 16, BURN_ROUNDS = 1 << 18 };

/* One eater's memory: anonymous pages, and pages of the file mapped read-only. */
struct meal {
	const struct options *o;
	struct slot *slot;
	struct shared *shared;
	struct page_maker maker, file_maker;
	unsigned char *anonymous;
	const unsigned char *file;
	uint64_t pages, file_pages;
	uint64_t first_file_page; /* of the file: this eater's own stretch */
	uint64_t until_us;        /* memory is taken no longer than that */
	_Atomic int over;         /* the re-touching thread ends */
};

uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

void die(const char *what)
{
	fprintf(stderr, "pressure: %s: %s\n", what, strerror(errno));
	exit(2);
}

struct page_maker maker_of(const struct options *o, unsigned number)
{
	return page_maker(o->seed * MAX_PROCESSES + number, o->compressible, o->same_filled, o->incompressible);
}

/* A file serves every run alike, so its content owes nothing to the seed; noise, as compressed resources are. */
static struct page_maker file_maker(void)
{
	return page_maker(0, 0, 0, 0);
}

/* A phone may forbid it; the process is then merely as likely to be killed as any other. */
static void volunteer_to_be_killed(void)
{
	FILE *file = fopen("/proc/self/oom_score_adj", "w");

	if (file) {
		fputs("1000", file);
		fclose(file);
	}
}

/* The parent may be gone before the kernel is asked to tell of its death. */
static int orphaned(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return getppid() != parent;
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

static void write_pages(int fd, const char *name, uint64_t pages)
{
	struct page_maker maker = file_maker();
	uint64_t chunk[CHUNK_PAGES * PAGE_WORDS];
	unsigned char *bytes = (unsigned char *)chunk;

	for (uint64_t page = 0; page < pages;) {
		unsigned count = 0;

		for (; count < CHUNK_PAGES && page < pages; count++, page++)
			page_write(&maker, page, bytes + count * PAGE_BYTES);
		for (size_t done = 0, size = (size_t)count * PAGE_BYTES; done < size;) {
			ssize_t wrote = write(fd, bytes + done, size - done);

			if (wrote < 0)
				die(name);
			done += (size_t)wrote;
		}
	}
}

/* Written beside and renamed: a file that is there is whole. A longer one serves as well. */
void make_file(const struct options *o)
{
	uint64_t pages = file_pages_of(o) * o->processes;
	char beside[4096];
	int fd = open(o->file, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && lseek(fd, 0, SEEK_END) >= (off_t)(pages * PAGE_BYTES)) {
		close(fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (snprintf(beside, sizeof(beside), "%s.tmp", o->file) >= (int)sizeof(beside)) {
		errno = ENAMETOOLONG;
		die(o->file);
	}
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		die(beside);
	write_pages(fd, beside, pages);
	if (fsync(fd) || close(fd) || rename(beside, o->file))
		die(beside);
}

/* What others read of it before is dropped first, so that every run reads from the disk. */
static const unsigned char *map_file(const struct meal *meal)
{
	size_t size = (size_t)meal->file_pages * PAGE_BYTES;
	off_t start = (off_t)(meal->first_file_page * PAGE_BYTES);
	long kernel_page = sysconf(_SC_PAGESIZE);
	off_t slack = start % (kernel_page > 0 ? kernel_page : PAGE_BYTES);
	int fd = open(meal->o->file, O_RDONLY | O_CLOEXEC);
	unsigned char *mapped;

	if (fd < 0)
		die(meal->o->file);
	posix_fadvise(fd, start, (off_t)size, POSIX_FADV_DONTNEED);
	mapped = mmap(NULL, size + (size_t)slack, PROT_READ, MAP_PRIVATE, fd, start - slack);
	if (mapped == MAP_FAILED)
		die(meal->o->file);
	close(fd);
	return mapped + slack;
}

static void lay_the_table(struct meal *meal)
{
	size_t size = (size_t)(meal->pages - meal->file_pages) * PAGE_BYTES;

	if (size) {
		meal->anonymous = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (meal->anonymous == MAP_FAILED)
			die("mmap");
	}
	if (meal->file_pages)
		meal->file = map_file(meal);
}

/* File pages lie evenly between the anonymous ones: page N is one when the count of them rises there. */
static uint64_t file_pages_before(const struct meal *meal, uint64_t page)
{
	return meal->file_pages * page / meal->pages;
}

static void take_page(struct meal *meal, uint64_t page)
{
	uint64_t files = file_pages_before(meal, page);

	if (file_pages_before(meal, page + 1) > files)
		(void)*(const volatile unsigned char *)(meal->file + files * PAGE_BYTES);
	else
		page_write(&meal->maker, page - files, meal->anonymous + (page - files) * PAGE_BYTES);
}

static bool page_is_good(const struct meal *meal, uint64_t page)
{
	uint64_t files = file_pages_before(meal, page);

	if (file_pages_before(meal, page + 1) > files)
		return page_matches(&meal->file_maker, meal->first_file_page + files, meal->file + files * PAGE_BYTES);
	return page_matches(&meal->maker, page - files, meal->anonymous + (page - files) * PAGE_BYTES);
}

static void note_filled(struct meal *meal, uint64_t pages)
{
	atomic_store(&meal->slot->filled_bytes, pages * PAGE_BYTES);
	atomic_store(&meal->slot->anonymous_pages, pages - file_pages_before(meal, pages));
}

/* Waits until so much may be taken. Returns false when it is over. */
static bool granted(struct meal *meal, uint64_t bytes)
{
	uint64_t left = atomic_load(&meal->shared->allowance);

	for (;;) {
		if (left >= bytes && atomic_compare_exchange_weak(&meal->shared->allowance, &left, left - bytes))
			break;
		if (left >= bytes)
			continue;
		if (atomic_load(&meal->shared->stop) || now_us() > meal->until_us)
			return false;
		usleep(GRANT_US);
		left = atomic_load(&meal->shared->allowance);
	}
	if (atomic_load(&meal->shared->reached))
		atomic_fetch_add(&meal->slot->held_bytes, bytes);
	return true;
}

static void fill(struct meal *meal)
{
	const struct options *o = meal->o;
	uint64_t start = now_us(), due = start, page = 0;

	for (; page < meal->pages; page++) {
		if (o->hold_available && page % CHUNK_PAGES == 0 && !granted(meal, CHUNK_PAGES * PAGE_BYTES))
			break;
		take_page(meal, page);
		if (page % CHUNK_PAGES == CHUNK_PAGES - 1) {
			note_filled(meal, page + 1);
			if ((page + 1) * PAGE_BYTES <= o->at_once)
				due = now_us();
			else if (o->rate)
				due = keep_pace(due, CHUNK_PAGES * PAGE_BYTES, o->rate);
		}
	}
	note_filled(meal, page);
	atomic_store(&meal->slot->fill_us, now_us() - start);
	atomic_store(&meal->slot->filled, 1);
}

/* Pages of the hot part, the first of the memory, in random order; each is written, so that its swap slot is given up. */
static void *retouch(void *given)
{
	struct meal *meal = given;
	const struct options *o = meal->o;
	uint64_t hot = (uint64_t)((double)(meal->pages - meal->file_pages) * o->hot + 0.5);
	uint64_t state = meal->maker.seed, due = now_us();

	while (!atomic_load(&meal->over)) {
		uint64_t there = atomic_load(&meal->slot->anonymous_pages);

		there = there < hot ? there : hot;
		for (unsigned i = 0; there && i < RETOUCH_PAGES; i++) {
			volatile unsigned char *where = meal->anonymous + page_mix(&state) % there * PAGE_BYTES;

			*where = *where;
		}
		if (there)
			atomic_fetch_add(&meal->slot->retouched_bytes, RETOUCH_PAGES * PAGE_BYTES);
		due = keep_pace(due, RETOUCH_PAGES * PAGE_BYTES, o->retouch);
	}
	return NULL;
}

static void check(const struct meal *meal)
{
	unsigned stride = meal->o->check_stride;
	uint64_t bad = 0, checked = 0;

	if (stride == 0)
		return;
	for (uint64_t page = 0; page < atomic_load(&meal->slot->filled_bytes) / PAGE_BYTES; page += stride, checked++)
		bad += !page_is_good(meal, page);
	atomic_store(&meal->slot->checked_pages, checked);
	atomic_store(&meal->slot->bad_pages, bad);
}

static void hold(const struct options *o, const struct shared *shared)
{
	uint64_t until = now_us() + (uint64_t)(o->hold_s * 1e6);

	while (!atomic_load(&shared->stop) && now_us() < until)
		usleep(POLL_US);
}

/* Takes the pages of a stretch back that lie in swap, as far as it is granted. Returns false when it is over. */
static bool take_back(struct meal *meal, unsigned char *where, size_t page_bytes, size_t pages, uint64_t *taken)
{
	unsigned char resident[CHUNK_PAGES];

	if (mincore(where, pages * page_bytes, resident))
		die("mincore");
	for (size_t i = 0; i < pages; i++) {
		volatile unsigned char *page = where + i * page_bytes;

		if (resident[i] & 1)
			continue;
		if (!granted(meal, page_bytes))
			return false;
		*page = *page;
		++*taken;
	}
	return true;
}

/* Round and round: what reclaim has freed is taken again. Pages are those of this kernel, which may be larger. */
static void push(struct meal *meal)
{
	long kernel_page = sysconf(_SC_PAGESIZE);
	size_t page_bytes = kernel_page > 0 ? (size_t)kernel_page : PAGE_BYTES;
	uint64_t pages = (meal->pages - meal->file_pages) * PAGE_BYTES / page_bytes, page = 0, taken = 0;

	while (pages && !atomic_load(&meal->shared->stop) && now_us() < meal->until_us) {
		size_t count = pages - page < CHUNK_PAGES ? (size_t)(pages - page) : CHUNK_PAGES;

		if (!take_back(meal, meal->anonymous + page * page_bytes, page_bytes, count, &taken))
			return;
		page += count;
		if (page < pages)
			continue;
		if (!taken)
			usleep(POLL_US);
		page = taken = 0;
	}
}

int eat(const struct options *o, unsigned number, struct shared *shared, pid_t parent)
{
	struct meal meal = {
		.o = o, .slot = &shared->slot[number], .shared = shared, .maker = maker_of(o, number), .file_maker = file_maker(),
		.pages = pages_of(o), .file_pages = file_pages_of(o), .first_file_page = file_pages_of(o) * number,
		.until_us = now_us() + (uint64_t)(o->hold_s * 1e6),
	};
	pthread_t toucher;
	int touches = o->retouch && meal.file_pages < meal.pages;

	if (orphaned(parent))
		return 2;
	volunteer_to_be_killed();
	lay_the_table(&meal);
	if (touches && (errno = pthread_create(&toucher, NULL, retouch, &meal)))
		die("pthread_create");
	fill(&meal);
	if (o->hold_available)
		push(&meal);
	else
		hold(o, shared);
	atomic_store(&meal.over, 1);
	if (touches)
		pthread_join(toucher, NULL);
	if (atomic_load(&shared->stop) != STOP_AT_ONCE)
		check(&meal);
	atomic_store(&meal.slot->done, 1);
	return atomic_load(&meal.slot->bad_pages) ? 1 : 0;
}

int burn(unsigned number, struct shared *shared, pid_t parent)
{
	volatile uint64_t state = number;
	struct timespec used;

	if (orphaned(parent))
		return 2;
	volunteer_to_be_killed();
	while (!atomic_load(&shared->stop)) {
		for (unsigned i = 0; i < BURN_ROUNDS; i++)
			state = state * 6364136223846793005u + 1;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
		atomic_store(&shared->burnt_us[number], (uint64_t)used.tv_sec * 1000000u + (uint64_t)used.tv_nsec / 1000u);
	}
	return 0;
}
