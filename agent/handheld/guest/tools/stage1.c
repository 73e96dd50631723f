// SPDX-License-Identifier: Apache-2.0
/*
 * stage1: the only program of the initramfs, static. It loads the disk driver, mounts the read-only system disk,
 * gives the initramfs's memory back and becomes /system/init. An initramfs is unevictable memory, so nothing else
 * lives there. The order of work is that of switch_root(8); file systems by mount(2).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "stage1: %s: %s\n", what, strerror(errno));
	for (;;)
		pause(); /* the console keeps the line; exiting init would bury it under a kernel panic */
}

static void insert_modules(void)
{
	FILE *list = fopen("/modules/order", "re");
	char path[256];

	if (!list)
		die("/modules/order");
	while (fgets(path, sizeof(path), list)) {
		int fd;

		path[strcspn(path, "\n")] = '\0';
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
			die(path);
		close(fd);
		unlink(path);
	}
	fclose(list);
	unlink("/modules/order");
}

static void mount_system(void)
{
	const struct timespec tick = {.tv_nsec = 10 * 1000 * 1000};

	for (int tries = 0; tries < 500; tries++) {
		if (!mount("/dev/vda", "/root", "ext4", MS_RDONLY, ""))
			return;
		if (errno != ENOENT && errno != ENXIO)
			break;
		nanosleep(&tick, NULL); /* the disk appears a moment after its driver */
	}
	die("mount /dev/vda");
}

int main(void)
{
	mkdir("/root", 0755);
	mkdir("/dev", 0755);
	if (mount("devtmpfs", "/dev", "devtmpfs", 0, "") && errno != EBUSY)
		die("mount /dev");
	insert_modules();
	mount_system();
	if (mount("/dev", "/root/dev", NULL, MS_MOVE, NULL))
		die("move /dev");
	unlink("/init");
	if (chdir("/root") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		die("switch root");
	execl("/system/bin/sh", "sh", "/system/init", (char *)NULL);
	die("/system/init");
}
