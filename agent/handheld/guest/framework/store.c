// SPDX-License-Identifier: Apache-2.0
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_MAX_LENGTH = 200 };

static bool good_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:@");

	return length > 0 && length <= NAME_MAX_LENGTH && name[length] == '\0' && name[0] != '.';
}

static const char *file_of(char out[PATH_SIZE], const char *directory, const char *prefix, const char *name)
{
	char path[PATH_SIZE];

	if (snprintf(path, sizeof(path), "%s/%s%s", directory, prefix, name) >= (int)sizeof(path))
		path[0] = '\0'; /* opens nothing */
	return rooted(out, path);
}

bool store_get(const char *directory, const char *name, char out[STORE_VALUE_SIZE])
{
	char path[PATH_SIZE];

	out[0] = '\0';
	return good_name(name) && read_file(file_of(path, directory, "", name), out, STORE_VALUE_SIZE) >= 0;
}

int store_set(const char *directory, const char *name, const char *value)
{
	char path[PATH_SIZE], draft[PATH_SIZE];
	size_t length = strlen(value);
	bool whole;
	int fd;

	if (!good_name(name) || length >= STORE_VALUE_SIZE) {
		errno = EINVAL;
		return -1;
	}
	fd = open(file_of(draft, directory, ".new.", name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return -1;
	whole = write(fd, value, length) == (ssize_t)length;
	close(fd);
	if (whole && rename(draft, file_of(path, directory, "", name)) == 0)
		return 0;
	unlink(draft);
	return -1;
}

bool store_delete(const char *directory, const char *name)
{
	char path[PATH_SIZE];

	return good_name(name) && unlink(file_of(path, directory, "", name)) == 0;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

void store_each(const char *directory, void (*visit)(const char *name, const char *value, void *context), void *context)
{
	char path[PATH_SIZE], value[STORE_VALUE_SIZE];
	struct dirent **entries;
	int count = scandir(rooted(path, directory), &entries, visible, alphasort);

	for (int i = 0; i < count; i++) {
		if (store_get(directory, entries[i]->d_name, value))
			visit(entries[i]->d_name, value, context);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}
