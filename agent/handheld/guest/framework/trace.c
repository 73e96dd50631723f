// SPDX-License-Identifier: Apache-2.0
#include "trace.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "util.h"

static int marker = -1;
static int own_pid;

static void emit(const char *format, ...) PRINTF(1, 2);

/* One write(2) is one event; while nobody traces the kernel refuses it, which is no error here. */
static void emit(const char *format, ...)
{
	char line[256];
	va_list list;
	int length;

	if (marker < 0)
		return;
	va_start(list, format);
	length = vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	if (length > 0 && write(marker, line, (size_t)length) < 0)
		return;
}

void trace_open(void)
{
	char path[PATH_SIZE];

	marker = open(rooted(path, "/sys/kernel/tracing/trace_marker"), O_WRONLY | O_APPEND | O_CLOEXEC);
	trace_forked();
}

void trace_forked(void)
{
	own_pid = getpid();
}

int trace_descriptor(void)
{
	return marker;
}

void trace_begin(const char *name)
{
	emit("B|%d|%s", own_pid, name);
}

void trace_end(void)
{
	emit("E|%d", own_pid);
}

void trace_async_begin(const char *name, int cookie)
{
	emit("S|%d|%s|%d", own_pid, name, cookie);
}

void trace_async_end(const char *name, int cookie)
{
	emit("F|%d|%s|%d", own_pid, name, cookie);
}

void trace_instant(const char *name)
{
	emit("I|%d|%s", own_pid, name);
}

void trace_counter(const char *name, long value)
{
	emit("C|%d|%s|%ld", own_pid, name, value);
}
