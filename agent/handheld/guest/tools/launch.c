// SPDX-License-Identifier: Apache-2.0
/*
 * launch: start a daemon the way Android's init does: score for the OOM killer first, then user and groups.
 *
 *   launch [-a OOM_SCORE_ADJ] [-l] [-u UID] [-g GID,...] PROGRAM [ARGUMENT...]
 *
 * -l lets the program keep what it touches in memory (lockmem.so does it inside the program, mlockall(2)).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MAX_GROUPS 32

static void die(const char *what)
{
	fprintf(stderr, "launch: %s: %s\n", what, strerror(errno));
	exit(126);
}

static void set_score(const char *score)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, score, strlen(score)) < 0)
		die("oom_score_adj");
	close(fd);
}

static void lock_memory(void)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

	if (setrlimit(RLIMIT_MEMLOCK, &all))
		die("RLIMIT_MEMLOCK");
	setenv("LD_PRELOAD", "/system/lib/lockmem.so", 1);
}

static void become(const char *user, char *groups)
{
	gid_t list[MAX_GROUPS];
	size_t n = 0;
	uid_t uid = (uid_t)strtoul(user, NULL, 10);

	for (char *word = strtok(groups, ","); word && n < MAX_GROUPS; word = strtok(NULL, ","))
		list[n++] = (gid_t)strtoul(word, NULL, 10);
	if (setgroups(n, list) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		die("user");
}

int main(int argc, char **argv)
{
	const char *user = NULL;
	char *groups = NULL;
	int option;

	while ((option = getopt(argc, argv, "+a:lu:g:")) != -1) {
		switch (option) {
		case 'a': set_score(optarg); break;
		case 'l': lock_memory(); break;
		case 'u': user = optarg; break;
		case 'g': groups = optarg; break;
		default: return 126;
		}
	}
	if (optind >= argc)
		return 126;
	if (user)
		become(user, groups);
	execvp(argv[optind], &argv[optind]);
	die(argv[optind]);
}
