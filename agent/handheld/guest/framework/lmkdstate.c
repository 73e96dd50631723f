// SPDX-License-Identifier: Apache-2.0
/* What lmkd reads: /proc/meminfo (kB), /proc/vmstat (pages), /proc/zoneinfo (pages); see proc(5). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lmkd.h"

enum { FILE_SIZE = 32768, PAGE_KB = 4, WINDOW_MS = 1000 };

struct vmstat {
	long pgscan_kswapd, pgscan_direct, refault_file, file_pages;
};

static struct vmstat last, window;
static uint64_t window_ns;

/* The number after `key` at the start of a line; 0 where the kernel has no such line. */
static long number_of(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && (line[length] == ' ' || line[length] == ':'))
			return strtol(line + length + 1, NULL, 10);
	}
	return 0;
}

/* Sums of `free`, `min`, `low`, `high` over all zones: watermarks as /proc/zoneinfo gives them, in pages. */
struct watermarks {
	long free, min, low, high;
};

static void add_zone_line(struct watermarks *sum, const char *line)
{
	const struct {
		const char *format;
		long *sum;
	} kinds[] = {
		{" pages free %ld", &sum->free},
		{" min %ld", &sum->min},
		{" low %ld", &sum->low},
		{" high %ld", &sum->high},
	};
	long value;

	for (size_t i = 0; i < LENGTH(kinds); i++) {
		if (sscanf(line, kinds[i].format, &value) == 1)
			*kinds[i].sum += value;
	}
}

static bool watermarks_read(struct watermarks *sum)
{
	char text[FILE_SIZE], *rest = text, *line;
	bool zone = false; /* else in the per-CPU lists, which have `high` lines of their own */

	*sum = (struct watermarks){0};
	if (read_file("/proc/zoneinfo", text, sizeof(text)) <= 0)
		return false;
	while ((line = strsep(&rest, "\n"))) {
		if (starts_with(line, "Node"))
			zone = true;
		else if (strstr(line, "pagesets"))
			zone = false;
		if (zone)
			add_zone_line(sum, line);
	}
	return sum->high > 0;
}

static enum watermark watermark_of(const struct watermarks *w)
{
	if (w->free < w->min)
		return BELOW_MIN;
	if (w->free < w->low)
		return BELOW_LOW;
	return w->free < w->high ? BELOW_HIGH : ABOVE_WATERMARKS;
}

static bool vmstat_read(struct vmstat *v)
{
	char text[FILE_SIZE];

	if (read_file("/proc/vmstat", text, sizeof(text)) <= 0)
		return false;
	*v = (struct vmstat){
		.pgscan_kswapd = number_of(text, "pgscan_kswapd"),
		.pgscan_direct = number_of(text, "pgscan_direct"),
		.refault_file = number_of(text, "workingset_refault_file"),
		.file_pages = number_of(text, "nr_inactive_file") + number_of(text, "nr_active_file"),
	};
	return true;
}

void memory_state_restart(void)
{
	vmstat_read(&window);
	window_ns = now_ns();
}

static long thrashing_since_window(const struct vmstat *v)
{
	if (window_ns == 0 || now_ns() - window_ns > (uint64_t)WINDOW_MS * NS_PER_MS) {
		window = *v;
		window_ns = now_ns();
	}
	return (v->refault_file - window.refault_file) * 100 / (window.file_pages + 1);
}

bool memory_state_read(struct memory_state *state)
{
	char text[FILE_SIZE];
	struct watermarks marks;
	struct vmstat now;

	if (read_file("/proc/meminfo", text, sizeof(text)) <= 0 || !watermarks_read(&marks) || !vmstat_read(&now))
		return false;
	*state = (struct memory_state){
		.swap_total_kb = number_of(text, "SwapTotal"),
		.swap_free_kb = number_of(text, "SwapFree"),
		.watermark = watermark_of(&marks),
		.thrashing = thrashing_since_window(&now),
	};
	if (now.pgscan_direct > last.pgscan_direct)
		state->reclaim = RECLAIM_DIRECT;
	else if (now.pgscan_kswapd > last.pgscan_kswapd)
		state->reclaim = RECLAIM_KSWAPD;
	last = now;
	return true;
}
