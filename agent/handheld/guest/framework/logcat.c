// SPDX-License-Identifier: Apache-2.0
/* `logcat`: what its words ask of the log daemon. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "logd.h"

enum { DEFAULT_BUFFERS = (1 << LOG_MAIN) | (1 << LOG_SYSTEM) | (1 << LOG_CRASH) };

/* Buffers the guest has none of, and so nothing in: asking for them is no mistake. */
static bool empty_buffer(const char *name)
{
	return strcmp(name, "kernel") == 0 || strcmp(name, "radio") == 0;
}

static unsigned buffers_called(const char *name)
{
	if (strcmp(name, "all") == 0)
		return DEFAULT_BUFFERS | (1 << LOG_EVENTS);
	if (strcmp(name, "default") == 0)
		return DEFAULT_BUFFERS;
	for (unsigned i = 0; i < LOG_BUFFERS; i++) {
		if (strcmp(name, logd_buffer_names[i]) == 0)
			return 1u << i;
	}
	return 0;
}

static bool add_buffers(struct wish *wish, char *names)
{
	for (char *name; (name = strsep(&names, ","));) {
		if (!buffers_called(name) && !empty_buffer(name))
			return false;
		wish->buffers |= buffers_called(name);
		wish->chosen = true;
	}
	return true;
}

/* TAG:PRIORITY, `*:S` and the like. */
static bool add_filter(struct wish *wish, const char *word)
{
	const char *colon = strrchr(word, ':');
	char priority = colon && colon[1] ? colon[1] : 'V';

	if ((colon && (strlen(colon) > 2 || !strchr("VDIWEFS", priority))) || wish->filter_count == LOGD_FILTERS)
		return false;
	if (word[0] == '*')
		wish->otherwise = priority;
	else {
		struct filter *filter = &wish->filters[wish->filter_count++];

		snprintf(filter->tag, sizeof(filter->tag), "%.*s", colon ? (int)(colon - word) : LOG_TAG_SIZE, word);
		filter->priority = priority;
	}
	return true;
}

/* The forms AOSP's logcat takes: "MM-DD hh:mm:ss.mmm" of this year, "YYYY-MM-DD hh:mm:ss.mmm", "SECONDS.mmm". */
static bool parse_time(const char *text, struct timespec *out)
{
	time_t now = time(NULL);
	double fraction = 0;
	const char *rest;
	struct tm tm;
	char *end;

	localtime_r(&now, &tm);
	rest = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
	if (!rest) {
		localtime_r(&now, &tm);
		rest = strptime(text, "%m-%d %H:%M:%S", &tm);
	}
	if (!rest)
		rest = strptime(text, "%s", &tm);
	if (rest && *rest == '.')
		fraction = strtod(rest, &end), rest = end;
	if (!rest || *rest || fraction < 0 || fraction >= 1)
		return false;
	tm.tm_isdst = -1;
	*out = (struct timespec){.tv_sec = mktime(&tm), .tv_nsec = (long)(fraction * 1e9)};
	return true;
}

/* Options with a value; returns whether both made sense. */
static bool add_valued(struct wish *wish, const char *option, char *value)
{
	if (strcmp(option, "-b") == 0)
		return add_buffers(wish, value);
	if (strcmp(option, "-v") == 0)
		return strcmp(value, "threadtime") == 0; /* the only format there is */
	wish->dump = wish->dump || strcmp(option, "-t") == 0;
	return parse_number(value, 0, LOGD_LINES, &wish->tail) || parse_time(value, &wish->since); /* -t, -T */
}

static bool parse_wish(struct wish *wish, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		bool good = true;

		if (strcmp(argv[i], "-d") == 0)
			wish->dump = true;
		else if (strcmp(argv[i], "-c") == 0)
			wish->clear = true;
		else if (strcmp(argv[i], "-s") == 0)
			wish->otherwise = 'S';
		else if (starts_with(argv[i], "--pid="))
			good = parse_number(argv[i] + 6, 0, INT32_MAX, &wish->pid);
		else if (argv[i][0] == '-' && strchr("bvtT", argv[i][1]) && strlen(argv[i]) == 2 && i + 1 < argc)
			good = add_valued(wish, argv[i], argv[i + 1]), i++;
		else
			good = argv[i][0] != '-' && add_filter(wish, argv[i]);
		if (!good)
			return false;
	}
	if (!wish->chosen)
		wish->buffers = DEFAULT_BUFFERS;
	return true;
}

int logcat_command(struct conn *conn, int argc, char **argv)
{
	struct wish *wish = calloc(1, sizeof(*wish));

	if (!wish)
		return 1;
	*wish = (struct wish){.tail = -1, .pid = -1, .otherwise = 'V'};
	if (!parse_wish(wish, argc, argv)) {
		reply_err(conn, "Usage: logcat [-b BUFFER,...] [-c] [-d] [-t N|TIME] [-T N|TIME] [-s] [-v threadtime] "
				"[--pid=N] "
				"[TAG:P]...\n");
		free(wish);
		return 1;
	}
	if (wish->clear)
		logd_clear(wish->buffers);
	else
		logd_dump(conn, wish);
	if (!wish->clear && !wish->dump) {
		logd_follow(conn, wish);
		return REPLY_LATER;
	}
	free(wish);
	return 0;
}
