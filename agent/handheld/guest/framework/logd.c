// SPDX-License-Identifier: Apache-2.0
#include "logd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

const char *const logd_buffer_names[LOG_BUFFERS] = {"main", "system", "events", "crash"};
static const char priorities[] = "VDIWEF";

static struct log_line kept[LOGD_LINES];
static size_t first, count;

static bool loud_enough(const struct wish *wish, const struct log_line *line)
{
	char least = wish->otherwise;

	for (size_t i = 0; i < wish->filter_count; i++) {
		if (strcmp(wish->filters[i].tag, line->tag) == 0)
			least = wish->filters[i].priority;
	}
	return least != 'S' && strchr(priorities, line->priority) >= strchr(priorities, least);
}

static bool recent_enough(const struct wish *wish, const struct log_line *line)
{
	if (line->when.tv_sec != wish->since.tv_sec)
		return line->when.tv_sec > wish->since.tv_sec;
	return line->when.tv_nsec >= wish->since.tv_nsec;
}

static bool wanted(const struct wish *wish, const struct log_line *line)
{
	return (wish->buffers & (1u << line->buffer)) && (wish->pid < 0 || wish->pid == line->pid) &&
	       loud_enough(wish, line) && recent_enough(wish, line);
}

/* `threadtime`, AOSP system/logging liblog logprint.cpp: "%m-%d %H:%M:%S.mmm PID TID P TAG: text". */
static void show(struct conn *conn, struct wish *wish, const struct log_line *line)
{
	char clock[32];
	struct tm tm;

	if (!(wish->shown & (1u << line->buffer))) {
		reply_out(conn, "--------- %s %s\n", wish->shown ? "switch to" : "beginning of",
			  logd_buffer_names[line->buffer]);
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
	kept[(first + count) % LOGD_LINES] = *line;
	if (count < LOGD_LINES)
		count++;
	else
		first = (first + 1) % LOGD_LINES;
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

void logd_clear(unsigned buffers)
{
	size_t left = 0, all = count;

	for (size_t i = 0; i < all; i++) {
		struct log_line line = kept[(first + i) % LOGD_LINES];

		if (!(buffers & (1u << line.buffer)))
			kept[(first + left++) % LOGD_LINES] = line;
	}
	count = left;
}

void logd_dump(struct conn *conn, struct wish *wish)
{
	long matching = 0;

	for (size_t i = 0; i < count; i++)
		matching += wanted(wish, &kept[(first + i) % LOGD_LINES]);
	for (size_t i = 0; i < count; i++) {
		const struct log_line *line = &kept[(first + i) % LOGD_LINES];

		if (wanted(wish, line) && (wish->tail < 0 || matching-- <= wish->tail))
			show(conn, wish, line);
	}
}

void logd_follow(struct conn *conn, struct wish *wish)
{
	conn->waiting_for = wish;
	conn->left = wish_left;
}
