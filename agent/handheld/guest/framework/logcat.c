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
	int length = (int)strcspn(word, ":");
	const char *priority = word[length] ? word + length + 1 : "V";
	struct filter *filter = &wish->filters[wish->filter_count];

	if (strlen(priority) != 1 || !strchr("VDIWEFS", *priority) || wish->filter_count == LOGD_FILTERS)
		return false;
	if (word[0] == '*') {
		wish->otherwise = *priority;
		return true;
	}
	snprintf(filter->tag, sizeof(filter->tag), "%.*s", length, word);
	filter->priority = *priority;
	wish->filter_count++;
	return true;
}

/* What strptime leaves over: nothing, or a fraction of a second. */
static bool parse_fraction(const char *rest, long *ns)
{
	char *end = (char *)rest;
	double fraction = *rest == '.' ? strtod(rest, &end) : 0;

	*ns = (long)(fraction * 1e9);
	return *end == '\0' && fraction >= 0 && fraction < 1;
}

/* The forms AOSP's logcat takes: "MM-DD hh:mm:ss.mmm" of this year, "YYYY-MM-DD hh:mm:ss.mmm", "SECONDS.mmm". */
static bool parse_time(const char *text, struct timespec *out)
{
	static const char *const forms[] = {"%Y-%m-%d %H:%M:%S", "%m-%d %H:%M:%S", "%s"};
	time_t now = time(NULL);

	for (size_t i = 0; i < LENGTH(forms); i++) {
		const char *rest;
		struct tm tm;

		localtime_r(&now, &tm);
		rest = strptime(text, forms[i], &tm);
		tm.tm_isdst = -1;
		out->tv_sec = mktime(&tm);
		if (rest && parse_fraction(rest, &out->tv_nsec))
			return true;
	}
	return false;
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

/* Options that stand alone, and filters. */
static bool add_single(struct wish *wish, const char *word)
{
	if (strcmp(word, "-d") == 0)
		wish->dump = true;
	else if (strcmp(word, "-c") == 0)
		wish->clear = true;
	else if (strcmp(word, "-s") == 0)
		wish->otherwise = 'S';
	else if (starts_with(word, "--pid="))
		return parse_number(word + strlen("--pid="), 0, INT32_MAX, &wish->pid);
	else
		return word[0] != '-' && add_filter(wish, word);
	return true;
}

static bool takes_value(const char *word)
{
	return word[0] == '-' && strlen(word) == 2 && strchr("bvtT", word[1]);
}

static bool parse_wish(struct wish *wish, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		bool valued = takes_value(argv[i]) && i + 1 < argc;

		if (!(valued ? add_valued(wish, argv[i], argv[i + 1]) : add_single(wish, argv[i])))
			return false;
		i += valued;
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
