/* SPDX-License-Identifier: Apache-2.0 */
/* Writing to the log: any process, one datagram per line, to the log daemon inside system_server (logd.h). */
#ifndef RECLAIM_LOG_H
#define RECLAIM_LOG_H

#include <time.h>

#include "util.h"

#define LOG_SOCKET "/dev/socket/logdw"

enum log_buffer { LOG_MAIN, LOG_SYSTEM, LOG_EVENTS, LOG_CRASH, LOG_BUFFERS };
enum { LOG_TAG_SIZE = 32, LOG_TEXT_SIZE = 512 };

struct log_line {
	struct timespec when; /* CLOCK_REALTIME, as `logcat -v threadtime` prints it */
	enum log_buffer buffer;
	pid_t pid, tid;
	char priority; /* V D I W E F */
	char tag[LOG_TAG_SIZE];
	char text[LOG_TEXT_SIZE];
};

/* Where lines go instead of the socket: set inside the log daemon, which cannot wait for itself. */
extern void (*log_sink)(const struct log_line *line);

/* Never blocks and never fails the caller: a line nobody takes is lost, as on a phone. */
void log_line(enum log_buffer buffer, char priority, const char *tag, const char *format, ...) PRINTF(4, 5);

#endif
