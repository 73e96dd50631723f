/* SPDX-License-Identifier: Apache-2.0 */
/* The log daemon inside system_server: takes lines (log.h), keeps the newest, shows logcat those it wishes for. */
#ifndef RECLAIM_LOGD_H
#define RECLAIM_LOGD_H

#include "log.h"
#include "server.h"

enum { LOGD_LINES = 1024, LOGD_FILTERS = 16 };

/* What one logcat wants. */
struct wish {
	unsigned buffers; /* 1 << enum log_buffer */
	bool chosen;      /* by -b */
	bool dump, clear;
	long tail;             /* the newest so many; -1: all */
	struct timespec since; /* only lines not older; {0}: all */
	long pid;              /* -1: any */
	struct filter {
		char tag[LOG_TAG_SIZE];
		char priority;
	} filters[LOGD_FILTERS];
	size_t filter_count;
	char otherwise; /* least priority of tags no filter names */
	unsigned shown; /* buffers whose divider was printed */
};

extern const char *const logd_buffer_names[LOG_BUFFERS];

int logd_start(void);
void logd_forked(void);
void logd_clear(unsigned buffers);
void logd_dump(struct conn *conn, struct wish *wish);
/* Shows every new line that fits until the client leaves; the wish is then freed. */
void logd_follow(struct conn *conn, struct wish *wish);

#endif
