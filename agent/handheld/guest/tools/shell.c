// SPDX-License-Identifier: Apache-2.0
/*
 * /bin/sh: what adbd starts. adb's children inherit its oom_score_adj (-1000) and its memory lock limit: a shell and
 * what it runs must be killable and limited like any other program, so both are put back before mksh takes over.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define MEMLOCK_BYTES (64 * 1024) /* RLIMIT_MEMLOCK of Android's init, system/core/rootdir/init.rc */

int main(int argc, char **argv)
{
	const struct rlimit limit = {MEMLOCK_BYTES, MEMLOCK_BYTES};
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) != 1)
		perror("sh: oom_score_adj");
	if (fd >= 0)
		close(fd);
	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		perror("sh: RLIMIT_MEMLOCK");
	if (argc < 1)
		return 127;
	execv("/system/bin/sh", argv);
	perror("/system/bin/sh");
	return 127;
}
