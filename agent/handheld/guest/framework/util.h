/* SPDX-License-Identifier: Apache-2.0 */
/* Small things every part needs: paths under an optional root, files, clocks, growing text, process names. */
#ifndef RECLAIM_UTIL_H
#define RECLAIM_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define PRINTF(string, first) __attribute__((format(printf, string, first)))

enum { PATH_SIZE = 512, NS_PER_MS = 1000000 };

/* Text that grows; {0} is an empty one. `data` is NUL-terminated once anything was added. */
struct text {
	char *data;
	size_t length, room;
};

void text_add(struct text *text, const char *format, ...) PRINTF(2, 3);
void text_add_list(struct text *text, const char *format, va_list list) PRINTF(2, 0);
void text_add_bytes(struct text *text, const void *bytes, size_t count);
void text_drop(struct text *text, size_t count); /* forgets the first `count` bytes */
void text_free(struct text *text);

/* `path` under $RECLAIM_ROOT (empty in the guest); lets the whole framework run in a scratch directory. */
const char *rooted(char out[PATH_SIZE], const char *path);

/* Reads at most size-1 bytes and ends them with NUL; returns the count, -1 on failure. */
ssize_t read_file(const char *path, char *out, size_t size);
/* One write(2), as kernel files want it; returns 0, or -1 with errno. */
int write_file(const char *path, const char *value);
/* mkdir -p; the last directory gets `mode` whatever the umask. */
int make_directories(const char *path, mode_t mode);
/* Loopback-style Unix socket bound at `path` (under the root), world-writable: peers are told apart by SO_PEERCRED. */
int listen_at(const char *path, int type);
int connect_to(const char *path, int type);

uint64_t now_ns(void); /* CLOCK_MONOTONIC */
/* The value of `key=` on the kernel command line; false when it is not there. */
bool kernel_argument(const char *key, char *out, size_t size);

/* Whole decimal number in [low, high]; false and `out` untouched otherwise. */
bool parse_number(const char *text, long low, long high, long *out);
bool starts_with(const char *text, const char *start);

/* Makes `ps`, Perfetto and the kernel call this process `name` (comm: its last 15 characters, as Android's zygote
 * does). */
void process_name_room(char **argv);
void process_rename(const char *name);
/* Locks the daemon's memory and takes it out of every killer's reach. */
void protect_daemon(void);

#endif
