// SPDX-License-Identifier: Apache-2.0
/*
 * su of a userdebug build, with the syntax of AOSP's system/extras/su: `su [WHO [COMMAND [ARGUMENT...]]]`, where WHO
 * is a user, or user,group,... ; without a command a shell. Only root and the shell user may use it, as in AOSP.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AID_SHELL 2000
#define MAX_GROUPS 32

static unsigned int number_of(const char *word)
{
	char *end;
	unsigned long value = strtoul(word, &end, 10);
	const struct passwd *user;
	const struct group *group;

	if (*word && !*end)
		return (unsigned int)value;
	user = getpwnam(word);
	if (user)
		return user->pw_uid;
	group = getgrnam(word);
	if (group)
		return group->gr_gid;
	fprintf(stderr, "su: invalid uid/gid '%s'\n", word);
	exit(1);
}

static void become(char *who)
{
	gid_t groups[MAX_GROUPS];
	size_t n = 0;
	char *rest = who;
	uid_t uid = number_of(strsep(&rest, ","));
	gid_t gid = uid;

	if (rest)
		gid = number_of(strsep(&rest, ","));
	while (rest && n < MAX_GROUPS)
		groups[n++] = number_of(strsep(&rest, ","));
	if (setgroups(n, groups) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)) {
		fprintf(stderr, "su: cannot become %u: %s\n", uid, strerror(errno));
		exit(1);
	}
}

int main(int argc, char **argv)
{
	char root[] = "root";
	char *shell[] = {"/system/bin/sh", NULL};
	char **command = argc > 2 ? argv + 2 : shell;

	if (getuid() != 0 && getuid() != AID_SHELL) {
		fprintf(stderr, "su: uid %u not allowed to su\n", getuid());
		return 1;
	}
	if (argc > 1 && argv[1][0] == '-') {
		fprintf(stderr, "usage: su [WHO [COMMAND...]]\n"); /* AOSP's has no -c either */
		return 1;
	}
	become(argc > 1 ? argv[1] : root);
	execvp(command[0], command);
	fprintf(stderr, "su: failed to exec %s: %s\n", command[0], strerror(errno));
	return 1;
}
