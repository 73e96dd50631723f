// SPDX-License-Identifier: Apache-2.0
#include "dropcaches.h"

#include <unistd.h>

#include "props.h"

static pid_t worker;

void drop_caches(void)
{
	char path[PATH_SIZE];

	if (worker > 0)
		return; /* one is on its way and serves this request too */
	worker = fork();
	if (worker == 0)
		_exit(write_file(rooted(path, "/proc/sys/vm/drop_caches"), "3") == 0 ? 0 : 1);
	if (worker < 0)
		store_set(PROPERTY_DIRECTORY, "perf.drop_caches", "0");
}

bool drop_caches_ended(pid_t pid)
{
	if (pid != worker || pid <= 0)
		return false;
	worker = 0;
	store_set(PROPERTY_DIRECTORY, "perf.drop_caches", "0");
	return true;
}
