// SPDX-License-Identifier: Apache-2.0
#include "appmemory.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"

enum { PAGE = 4096, CHUNK = 128 * 1024 }; /* the kernel's usual read-ahead */

static size_t pages_of(const struct app_memory *memory)
{
	return (size_t)memory->profile->anon_bytes / PAGE;
}

/* xorshift64, G. Marsaglia 2003: cheap, and lz4 finds nothing in it. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* The compressible share is small numbers and repeats, as object headers and padding are; the rest is noise. No page
 * equals another, so neither zram's same-filled pages nor KSM get any. */
static void write_page(struct app_memory *memory, size_t page)
{
	uint64_t *words = (uint64_t *)(memory->anon + page * PAGE);
	size_t total = PAGE / sizeof(*words);
	size_t plain = (size_t)((double)total * memory->profile->compressible);

	words[0] = page + 1;
	for (size_t i = 1; i < plain; i++)
		words[i] = i & 3;
	for (size_t i = plain ? plain : 1; i < total; i++)
		words[i] = next_random(&memory->random);
}

static void map_file(struct mapped_file *mapped, const struct profile *profile, const struct profile_file *file)
{
	char name[PATH_SIZE], path[PATH_SIZE];
	int fd;

	snprintf(name, sizeof(name), "/product/app/%s/%s", profile->package, file->name);
	fd = open(rooted(path, name), O_RDONLY | O_CLOEXEC);
	mapped->length = (size_t)file->bytes;
	mapped->bytes = fd < 0 ? MAP_FAILED : mmap(NULL, mapped->length, PROT_READ, MAP_SHARED, fd, 0);
	if (fd < 0 || lseek(fd, 0, SEEK_END) < file->bytes || mapped->bytes == MAP_FAILED) {
		log_line(LOG_MAIN, 'E', profile->package, "%s: missing or shorter than %ld bytes", name, file->bytes);
		mapped->length = 0; /* a page past the end of a file would be SIGBUS */
	}
	if (fd >= 0)
		close(fd);
}

void memory_open(struct app_memory *memory, const struct profile *profile)
{
	*memory = (struct app_memory){.profile = profile, .random = 88172645463325252u + (uint64_t)profile->uid};
	memory->anon =
		mmap(NULL, (size_t)profile->anon_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory->anon == MAP_FAILED) {
		log_line(LOG_MAIN, 'F', profile->package, "OutOfMemoryError: %ld bytes", profile->anon_bytes);
		_exit(1);
	}
	for (size_t i = 0; i < profile->file_count; i++)
		map_file(&memory->files[i], profile, &profile->files[i]);
}

void memory_fill(struct app_memory *memory)
{
	for (size_t page = 0; page < pages_of(memory); page++)
		write_page(memory, page);
	memory->trimmed_pages = 0;
}

void memory_refill(struct app_memory *memory)
{
	for (size_t page = pages_of(memory) - memory->trimmed_pages; page < pages_of(memory); page++)
		write_page(memory, page);
	memory->trimmed_pages = 0;
}

/* Written, not only read: a page read back from zram and left clean would cost nothing to reclaim again. */
static void touch_page(struct app_memory *memory, size_t page)
{
	memory->anon[page * PAGE] = (unsigned char)(memory->anon[page * PAGE] + 1);
}

/* Spread evenly, as a heap's live objects are. */
void memory_touch(struct app_memory *memory, long percent)
{
	size_t present = pages_of(memory) - memory->trimmed_pages;
	size_t wanted = present * (size_t)percent / 100;

	for (size_t i = 0; i < wanted; i++)
		touch_page(memory, i * present / wanted);
}

void memory_touch_some(struct app_memory *memory, long percent)
{
	size_t present = pages_of(memory) - memory->trimmed_pages;

	for (size_t left = present * (size_t)percent / 100; left > 0; left--) {
		memory->next_touch = (memory->next_touch + 1) % present;
		touch_page(memory, memory->next_touch);
	}
}

void memory_trim(struct app_memory *memory)
{
	size_t pages = pages_of(memory) * (size_t)memory->profile->trim_percent / 100;

	if (pages == 0 || memory->trimmed_pages)
		return;
	madvise(memory->anon + (pages_of(memory) - pages) * PAGE, pages * PAGE, MADV_DONTNEED);
	memory->trimmed_pages = pages;
}

/* A number near 0.618 n that shares no factor with n: its multiples visit every chunk once, far from the one before. */
static size_t scattered_step(size_t n)
{
	size_t step = n * 618 / 1000 + 1;

	for (;; step++) {
		size_t a = step, b = n;

		while (b) {
			size_t rest = a % b;

			a = b;
			b = rest;
		}
		if (a == 1)
			return step;
	}
}

static unsigned read_chunk(const struct mapped_file *file, size_t chunk)
{
	size_t end = (chunk + 1) * CHUNK < file->length ? (chunk + 1) * CHUNK : file->length;
	unsigned sum = 0;

	for (size_t offset = chunk * CHUNK; offset < end; offset += PAGE)
		sum += file->bytes[offset];
	return sum;
}

/* Code and resources are not read from front to back; what a lower percentage reads, a higher one reads too. */
void memory_read_files(const struct app_memory *memory, long percent)
{
	unsigned sum = 0;

	for (size_t i = 0; i < memory->profile->file_count; i++) {
		const struct mapped_file *file = &memory->files[i];
		size_t chunks = (file->length + CHUNK - 1) / CHUNK;
		size_t step = scattered_step(chunks);

		for (size_t k = 0; k < chunks * (size_t)percent / 100; k++)
			sum += read_chunk(file, k * step % chunks);
	}
	/* The compiler must believe that somebody wants the sum. */
	__asm__ volatile("" : : "r"(sum));
}

void burn_cpu(long thousand_rounds)
{
	uint64_t state = 88172645463325252u;

	for (long i = 0; i < thousand_rounds * 1000; i++)
		next_random(&state);
	__asm__ volatile("" : : "r"(state));
}
