// SPDX-License-Identifier: Apache-2.0
#include "logd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "commands.h"
#include "log.h"
#include "server.h"

enum {
	KEPT_LINES = 1024,
	EVERY_BUFFER = (1 << LOG_MAIN) | (1 << LOG_SYSTEM) | (1 << LOG_CRASH),
	NAME_COUNT = LOG_BUFFERS
};

static const char *const buffer_names[NAME_COUNT] = {"main", "system", "events", "crash"};
static const char priorities[] = "VDIWEF";

static struct log_line kept[KEPT_LINES];
static size_t first, count;

/* What one logcat wants. */
struct wish {
	unsigned buffers;
	bool dump, clear, divided;
	long tail; /* -1: all */
	long pid;  /* -1: any */
	struct filter {
		char tag[LOG_TAG_SIZE];
		char priority;
	} filters[16];
	size_t filter_count;
	char otherwise; /* least priority of tags no filter names */
	unsigned shown; /* buffers whose divider was printed */
};

static bool loud_enough(const struct wish *wish, const struct log_line *line)
{
	char least = wish->otherwise;

	for (size_t i = 0; i < wish->filter_count; i++) {
		if (strcmp(wish->filters[i].tag, line->tag) == 0)
			least = wish->filters[i].priority;
	}
	return least != 'S' && strchr(priorities, line->priority) >= strchr(priorities, least);
}

static bool wanted(const struct wish *wish, const struct log_line *line)
{
	return (wish->buffers & (1u << line->buffer)) && (wish->pid < 0 || wish->pid == line->pid) &&
	       loud_enough(wish, line);
}

/* `threadtime`, AOSP system/logging liblog logprint.cpp: "%m-%d %H:%M:%S.mmm PID TID P TAG: text". */
static void show(struct conn *conn, struct wish *wish, const struct log_line *line)
{
	char clock[32];
	struct tm tm;

	if (!(wish->shown & (1u << line->buffer))) {
		reply_out(conn, "--------- %s %s\n", wish->shown ? "switch to" : "beginning of",
			  buffer_names[line->buffer]);
		wish->shown |= 1u << line->buffer;
	}
	localtime_r(&line->when.tv_sec, &tm);
	strftime(clock, sizeof(clock), "%m-%d %H:%M:%S", &tm);
	reply_out(conn, "%s.%03ld %5d %5d %c %-8s: %s\n", clock, line->when.tv_nsec / NS_PER_MS, line->pid, line->tid,
		  line->priority, line->tag, line->text);
}

static void wish_left(struct conn *conn)
{
	free(conn->waiting_for);
	conn->waiting_for = NULL;
}

static void follow(struct conn *conn, void *line)
{
	if (conn->left == wish_left && wanted(conn->waiting_for, line))
		show(conn, conn->waiting_for, line);
}

static void keep(const struct log_line *line)
{
	kept[(first + count) % KEPT_LINES] = *line;
	if (count < KEPT_LINES)
		count++;
	else
		first = (first + 1) % KEPT_LINES;
	conns_each(follow, (void *)line);
}

static void line_arrived(struct source *source, uint32_t events)
{
	struct log_line line;

	(void)events;
	if (recv(source->fd, &line, sizeof(line), MSG_DONTWAIT) != sizeof(line) || line.buffer >= LOG_BUFFERS ||
	    !line.priority || !strchr(priorities, line.priority))
		return;
	line.tag[LOG_TAG_SIZE - 1] = '\0';
	line.text[LOG_TEXT_SIZE - 1] = '\0';
	keep(&line);
}

static struct source socket_source = {.fd = -1, .ready = line_arrived};

int logd_start(void)
{
	int room = 1 << 20;

	socket_source.fd = listen_at(LOG_SOCKET, SOCK_DGRAM);
	if (socket_source.fd < 0)
		return -1;
	log_sink = keep;
	setsockopt(socket_source.fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return source_add(&socket_source, EPOLLIN);
}

void logd_forked(void)
{
	close(socket_source.fd);
	log_sink = NULL;
}

static void clear(unsigned buffers)
{
	size_t left = 0, all = count;

	for (size_t i = 0; i < all; i++) {
		struct log_line line = kept[(first + i) % KEPT_LINES];

		if (!(buffers & (1u << line.buffer)))
			kept[(first + left++) % KEPT_LINES] = line;
	}
	count = left;
}

static void dump(struct conn *conn, struct wish *wish)
{
	long matching = 0;

	for (size_t i = 0; i < count; i++)
		matching += wanted(wish, &kept[(first + i) % KEPT_LINES]);
	for (size_t i = 0; i < count; i++) {
		const struct log_line *line = &kept[(first + i) % KEPT_LINES];

		if (wanted(wish, line) && (wish->tail < 0 || matching-- <= wish->tail))
			show(conn, wish, line);
	}
}

static bool add_buffers(struct wish *wish, char *names)
{
	for (char *name; (name = strsep(&names, ","));) {
		unsigned before = wish->buffers;

		if (strcmp(name, "all") == 0)
			wish->buffers |= EVERY_BUFFER | (1 << LOG_EVENTS);
		else if (strcmp(name, "default") == 0)
			wish->buffers |= EVERY_BUFFER;
		for (unsigned i = 0; i < NAME_COUNT; i++)
			wish->buffers |= strcmp(name, buffer_names[i]) == 0 ? 1u << i : 0;
		if (wish->buffers == before && strcmp(name, "kernel") != 0 && strcmp(name, "radio") != 0)
			return false;
	}
	return true;
}

/* TAG:PRIORITY, `*:S` and the like. */
static bool add_filter(struct wish *wish, const char *word)
{
	const char *colon = strrchr(word, ':');
	char priority = colon && colon[1] ? colon[1] : 'V';

	if ((colon && (strlen(colon) > 2 || !strchr("VDIWEFS", priority))) ||
	    wish->filter_count == LENGTH(wish->filters))
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

/* Options with a value; returns whether both made sense. */
static bool add_valued(struct wish *wish, const char *option, char *value)
{
	if (strcmp(option, "-b") == 0)
		return add_buffers(wish, value);
	if (strcmp(option, "-v") == 0)
		return strcmp(value, "threadtime") == 0; /* the only format there is */
	if (strcmp(option, "-t") == 0) {
		wish->dump = true;
		return parse_number(value, 0, KEPT_LINES, &wish->tail);
	}
	return parse_number(value, 0, KEPT_LINES, &wish->tail); /* -T */
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
	if (!wish->buffers)
		wish->buffers = EVERY_BUFFER;
	return true;
}

int logcat_command(struct conn *conn, int argc, char **argv)
{
	struct wish *wish = calloc(1, sizeof(*wish));

	if (!wish)
		return 1;
	*wish = (struct wish){.tail = -1, .pid = -1, .otherwise = 'V'};
	if (!parse_wish(wish, argc, argv)) {
		reply_err(conn, "Usage: logcat [-b BUFFER,...] [-c] [-d] [-t N] [-T N] [-s] [-v threadtime] [--pid=N] "
				"[TAG:P]...\n");
		free(wish);
		return 1;
	}
	if (wish->clear)
		clear(wish->buffers);
	else
		dump(conn, wish);
	if (!wish->clear && !wish->dump) {
		conn->waiting_for = wish;
		conn->left = wish_left;
		return REPLY_LATER;
	}
	free(wish);
	return 0;
}
