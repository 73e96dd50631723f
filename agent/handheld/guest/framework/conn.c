// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
/* Connections of commands: reading one request, queueing the reply, sending it as the client takes it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "commands.h"
#include "server.h"

enum { MAX_ARGUMENTS = 256 };

static struct conn *conns;

static void conn_free(struct conn *conn)
{
	struct conn **link = &conns;

	while (*link && *link != conn)
		link = &(*link)->next;
	if (*link)
		*link = conn->next;
	if (conn->left)
		conn->left(conn);
	source_close(&conn->source);
	text_free(&conn->in);
	text_free(&conn->out);
	free(conn);
}

static bool later(int error)
{
	return error == EAGAIN || error == EINTR;
}

/* Sends what the client takes now; the rest waits for EPOLLOUT. Never frees: only the event handler does. */
static bool conn_flush(struct conn *conn)
{
	ssize_t sent = 0;

	while (conn->out.length > 0 && sent >= 0) {
		sent = send(conn->source.fd, conn->out.data, conn->out.length, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent > 0)
			text_drop(&conn->out, (size_t)sent);
	}
	if (sent < 0 && !later(errno))
		return false;
	source_change(&conn->source, EPOLLIN | (conn->out.length || conn->ended ? EPOLLOUT : 0));
	return true;
}

void reply_bytes(struct conn *conn, enum wire_kind kind, const void *bytes, size_t count)
{
	struct wire_header header = {.kind = kind, .length = (uint32_t)count};

	text_add_bytes(&conn->out, &header, sizeof(header));
	text_add_bytes(&conn->out, bytes, count);
	conn_flush(conn);
}

static void reply_list(struct conn *conn, enum wire_kind kind, const char *format, va_list list)
{
	struct text text = {0};

	text_add_list(&text, format, list);
	reply_bytes(conn, kind, text.data, text.length);
	text_free(&text);
}

void reply_out(struct conn *conn, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	reply_list(conn, WIRE_OUT, format, list);
	va_end(list);
}

void reply_err(struct conn *conn, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	reply_list(conn, WIRE_ERR, format, list);
	va_end(list);
}

void reply_end(struct conn *conn, int status)
{
	int32_t value = status;

	conn->ended = true;
	conn->left = NULL;
	reply_bytes(conn, WIRE_EXIT, &value, sizeof(value));
}

void conns_each(void (*visit)(struct conn *conn, void *context), void *context)
{
	for (struct conn *conn = conns; conn; conn = conn->next)
		visit(conn, context);
}

/* The request's words; 0 when they are not what the header promised. */
static int split_request(struct conn *conn, uint32_t promised, char *argv[MAX_ARGUMENTS + 1])
{
	char *word = conn->in.data + sizeof(struct wire_header), *end = conn->in.data + conn->in.length;
	uint32_t argc = 0;

	for (; word < end && argc < MAX_ARGUMENTS; word += strlen(word) + 1)
		argv[argc++] = word;
	argv[argc] = NULL;
	return argc == promised ? (int)argc : 0;
}

/* Runs the request once it is whole. */
static void run_request(struct conn *conn)
{
	struct wire_header header;
	char *argv[MAX_ARGUMENTS + 1];
	int argc = 0;

	if (conn->in.length < sizeof(header))
		return;
	memcpy(&header, conn->in.data, sizeof(header));
	if (conn->in.length - sizeof(header) < header.length && header.length <= WIRE_MAX_REQUEST)
		return;
	conn->called = true;
	conn->called_ns = now_ns();
	if (header.length <= WIRE_MAX_REQUEST)
		argc = split_request(conn, header.kind, argv);
	if (argc) {
		command_call(conn, argc, argv);
		return;
	}
	reply_err(conn, "the request is not a list of 1 to %d arguments\n", MAX_ARGUMENTS);
	reply_end(conn, 255);
}

/* Takes what the client sent; false when it has left. */
static bool conn_receive(struct conn *conn)
{
	char bytes[4096];
	ssize_t got = recv(conn->source.fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got < 0)
		return later(errno);
	if (got > 0 && !conn->called) {
		text_add_bytes(&conn->in, bytes, (size_t)got);
		run_request(conn);
	}
	return got > 0;
}

static void conn_ready(struct source *source, uint32_t events)
{
	struct conn *conn = OWNER(source, struct conn, source);
	bool there = true;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		there = conn_receive(conn);
	if (!there || !conn_flush(conn) || (conn->ended && conn->out.length == 0))
		conn_free(conn);
}

static void accept_one(struct source *source, uint32_t events)
{
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred who;
	socklen_t length = sizeof(who);
	struct conn *conn;

	(void)events;
	if (fd < 0)
		return;
	conn = calloc(1, sizeof(*conn));
	if (!conn || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) < 0) {
		free(conn);
		close(fd);
		return;
	}
	conn->source = (struct source){.fd = fd, .ready = conn_ready};
	conn->pid = who.pid;
	conn->uid = who.uid;
	conn->next = conns;
	conns = conn;
	source_add(&conn->source, EPOLLIN);
}

static struct source listener = {.fd = -1, .ready = accept_one};

int conns_start(void)
{
	listener.fd = listen_at(SYSTEM_SOCKET, SOCK_STREAM);
	return listener.fd < 0 ? -1 : source_add(&listener, EPOLLIN);
}

void conns_forked(void)
{
	close(listener.fd);
	for (struct conn *conn = conns; conn; conn = conn->next)
		close(conn->source.fd);
}
