// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "util.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static char *name_start;
static size_t name_room;

void text_add_bytes(struct text *text, const void *bytes, size_t count)
{
	if (text->length + count + 1 > text->room) {
		text->room = (text->length + count + 1) * 2;
		text->data = realloc(text->data, text->room);
		if (!text->data)
			abort(); /* a daemon without memory for a line of text has nothing left to say */
	}
	memcpy(text->data + text->length, bytes, count);
	text->length += count;
	text->data[text->length] = '\0';
}

void text_add_list(struct text *text, const char *format, va_list list)
{
	char *line;
	int length = vasprintf(&line, format, list);

	if (length < 0)
		abort();
	text_add_bytes(text, line, (size_t)length);
	free(line);
}

void text_add(struct text *text, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	text_add_list(text, format, list);
	va_end(list);
}

void text_drop(struct text *text, size_t count)
{
	if (count >= text->length) {
		text->length = 0;
		return;
	}
	memmove(text->data, text->data + count, text->length - count);
	text->length -= count;
}

void text_free(struct text *text)
{
	free(text->data);
	*text = (struct text){0};
}

const char *rooted(char out[PATH_SIZE], const char *path)
{
	const char *root = getenv("RECLAIM_ROOT");

	snprintf(out, PATH_SIZE, "%s%s", root ? root : "", path);
	return out;
}

ssize_t read_file(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = 0, got = 1;

	if (fd < 0)
		return -1;
	while (got > 0 && (size_t)length + 1 < size) {
		got = read(fd, out + length, size - 1 - (size_t)length);
		length += got > 0 ? got : 0;
	}
	close(fd);
	out[length] = '\0';
	return got < 0 ? -1 : length;
}

int write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t length = (ssize_t)strlen(value), written;

	if (fd < 0)
		return -1;
	written = write(fd, value, (size_t)length);
	close(fd);
	return written == length ? 0 : -1;
}

int make_directories(const char *path, mode_t mode)
{
	char part[PATH_SIZE];

	snprintf(part, sizeof(part), "%s", path);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	if (mkdir(part, mode) < 0 && errno != EEXIST)
		return -1;
	return chmod(part, mode);
}

static int socket_at(const char *path, int type, struct sockaddr_un *address)
{
	char full[PATH_SIZE];

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	rooted(full, path);
	if (strlen(full) >= sizeof(address->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address->sun_path, full);
	return socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
}

int listen_at(const char *path, int type)
{
	struct sockaddr_un address;
	int fd = socket_at(path, type | SOCK_NONBLOCK, &address);

	if (fd < 0)
		return -1;
	unlink(address.sun_path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(address.sun_path, 0666) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 64) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

int connect_to(const char *path, int type)
{
	struct sockaddr_un address;
	int fd = socket_at(path, type, &address);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool kernel_argument(const char *key, char *out, size_t size)
{
	char line[4096], *rest = line, *word;
	size_t length = strlen(key);
	bool found = false;

	if (read_file("/proc/cmdline", line, sizeof(line)) < 0)
		return false;
	while ((word = strsep(&rest, " \n"))) {
		if (strncmp(word, key, length) == 0 && word[length] == '=') {
			snprintf(out, size, "%s", word + length + 1);
			found = true; /* the last one wins, as the kernel's own parsers have it */
		}
	}
	return found;
}

bool parse_number(const char *text, long low, long high, long *out)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || isspace((unsigned char)*text) || value < low || value > high)
		return false;
	*out = value;
	return true;
}

bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* The kernel shows /proc/PID/cmdline from the argv area: whatever room argv has is the room a name can have. */
void process_name_room(char **argv)
{
	name_start = argv[0];
	name_room = 0;
	for (; *argv; argv++)
		name_room = (size_t)(*argv + strlen(*argv) + 1 - name_start);
}

void process_rename(const char *name)
{
	size_t length = strlen(name);

	prctl(PR_SET_NAME, length > 15 ? name + length - 15 : name);
	if (name_room == 0)
		return;
	memset(name_start, 0, name_room);
	strncpy(name_start, name, name_room - 1);
}

void protect_daemon(void)
{
	mlockall(MCL_CURRENT | MCL_FUTURE);
	write_file("/proc/self/oom_score_adj", "-1000");
}
