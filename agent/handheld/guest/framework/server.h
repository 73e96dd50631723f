/* SPDX-License-Identifier: Apache-2.0 */
/* system_server's event loop and the connections of commands. One thread: nothing here needs a lock, and fork is safe.
 */
#ifndef RECLAIM_SERVER_H
#define RECLAIM_SERVER_H

#include "util.h"
#include "wire.h"

/* Something epoll watches; embed it and get the owner back with OWNER. */
struct source {
	int fd;
	void (*ready)(struct source *source, uint32_t events);
};

#define OWNER(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

int source_add(struct source *source, uint32_t events);
void source_change(struct source *source, uint32_t events);
void source_close(struct source *source);

enum { REPLY_LATER = -1000 }; /* a command's status when somebody else will call reply_end */

/* One command being answered. Freed by the server when it ended and all was sent, or when the client left. */
struct conn {
	struct source source;
	struct text in, out;
	bool called, ended;
	uint64_t called_ns; /* when the request was whole */
	pid_t pid;
	uid_t uid;
	/* told when the client leaves before reply_end; cleared by the owner of the pending work */
	void (*left)(struct conn *conn);
	void *waiting_for;
	struct conn *next;
};

void reply_out(struct conn *conn, const char *format, ...) PRINTF(2, 3);
void reply_err(struct conn *conn, const char *format, ...) PRINTF(2, 3);
void reply_bytes(struct conn *conn, enum wire_kind kind, const void *bytes, size_t count);
void reply_end(struct conn *conn, int status);
/* Visits every open connection; `visit` must not end it. */
void conns_each(void (*visit)(struct conn *conn, void *context), void *context);

/* Calls back once after `ms`; returns an id for timer_cancel, which forgets it without a call. */
unsigned timer_start(unsigned ms, void (*call)(void *context), void *context);
void timer_cancel(unsigned id);

int system_server_main(void);
/* In a forked app: closes what belongs to system_server alone. */
void server_forked(void);

#endif
