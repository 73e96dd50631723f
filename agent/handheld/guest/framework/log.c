// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

void (*log_sink)(const struct log_line *line);

static void send_line(const struct log_line *line)
{
	static int fd = -1;

	if (fd < 0)
		fd = connect_to(LOG_SOCKET, SOCK_DGRAM);
	if (fd >= 0 && send(fd, line, sizeof(*line), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		close(fd); /* the log daemon may have been restarted: the next line looks for it again */
		fd = -1;
	}
}

void log_line(enum log_buffer buffer, char priority, const char *tag, const char *format, ...)
{
	struct log_line line = {.buffer = buffer, .priority = priority, .pid = getpid()};
	va_list list;

	line.tid = (pid_t)syscall(SYS_gettid);
	clock_gettime(CLOCK_REALTIME, &line.when);
	snprintf(line.tag, sizeof(line.tag), "%s", tag);
	va_start(list, format);
	vsnprintf(line.text, sizeof(line.text), format, list);
	va_end(list);
	if (log_sink)
		log_sink(&line);
	else
		send_line(&line);
}
