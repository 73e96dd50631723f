// SPDX-License-Identifier: Apache-2.0
/*
 * framework: a small stand-in for Android's framework on the virtual handheld. One program, many names: it does what
 * its name, or its first argument, says. README.md says what is real and what stands in.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lmkd.h"
#include "props.h"
#include "server.h"
#include "util.h"
#include "wire.h"

/* Room for the process names of apps, which are forked from system_server and rename themselves in its argv. */
static char name_room[] =
	"                                                                                                ";

static char **whole_argv; /* with the program's own name before the applet's */

/* Starts the program anew under the daemon's own name, with room behind it. */
static int become_system_server(int argc, char **argv)
{
	char *words[] = {"system_server", name_room, NULL};

	if (argc < 2 || strcmp(argv[1], name_room) != 0) {
		execv("/proc/self/exe", words);
		perror("system_server");
		return 1;
	}
	process_name_room(argv);
	process_rename("system_server");
	return system_server_main();
}

static int become_lmkd(int argc, char **argv)
{
	if (argc == 1) {
		process_name_room(whole_argv);
		process_rename("lmkd");
	}
	return lmkd_main(argc, argv);
}

static const char *const served[] = {"am", "cmd",     "device_config", "dumpsys", "input", "logcat",
				     "pm", "setprop", "settings",      "svc",     "wm"};

static int usage(FILE *out, int status)
{
	fprintf(out, "usage: framework APPLET [ARGUMENT]...\napplets: system_server lmkd getprop");
	for (size_t i = 0; i < LENGTH(served); i++)
		fprintf(out, " %s", served[i]);
	fprintf(out, "\n");
	return status;
}

static int run(const char *applet, int argc, char **argv)
{
	if (strcmp(applet, "system_server") == 0)
		return become_system_server(argc, argv);
	if (strcmp(applet, "lmkd") == 0)
		return become_lmkd(argc, argv);
	if (strcmp(applet, "getprop") == 0)
		return getprop_main(argc, argv);
	for (size_t i = 0; i < LENGTH(served); i++) {
		if (strcmp(applet, served[i]) == 0)
			return wire_call(argc, argv);
	}
	fprintf(stderr, "framework: %s: no such applet\n", applet);
	return usage(stderr, 2);
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];

	whole_argv = argv;
	if (strcmp(name, "framework") != 0) {
		argv[0] = (char *)name;
		return run(name, argc, argv);
	}
	if (argc < 2 || strcmp(argv[1], "--help") == 0)
		return usage(argc < 2 ? stderr : stdout, argc < 2 ? 2 : 0);
	return run(argv[1], argc - 1, argv + 1);
}
