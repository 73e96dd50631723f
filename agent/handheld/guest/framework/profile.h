/* SPDX-License-Identifier: Apache-2.0 */
/*
 * App profiles: /system/framework/apps/NAME.profile, one `keyword values` per line, `#` starts a comment line.
 *
 *   package NAME              as on a phone; also the process name
 *   label TEXT
 *   activity .NAME            the launcher activity, relative to the package
 *   version NAME CODE
 *   role home                 the launcher: a system app, started at boot, shown when nothing else is
 *   role unlisted             no launcher shows it; it is launched by its component
 *   file NAME BYTES           under /product/app/PACKAGE/, mapped and read page by page
 *   anon BYTES SHARE          anonymous memory written at cold start; SHARE of each page is compressible, 0..1
 *   cold READ - ROUNDS        cold start: % of each file read, all of anon written, CPU work in 1000 rounds
 *   warm READ TOUCH ROUNDS    activity made anew in a living process: % of files, % of anon touched again, CPU work
 *   hot READ TOUCH ROUNDS     brought back to the front
 *   trim PERCENT              of anon given back when it leaves the screen (and written again on return)
 *   background SECONDS TOUCH  while in the background: every so often, % of anon touched
 *   slow MS                   a cold start waits so long for something besides memory, as for a server
 *   crash                     a cold start ends in an exception that nobody catches, before the first frame
 *   dies SECONDS              ends by itself after so long in the background
 *
 * Bytes of `anon` are for a guest of 768 MiB and grow with its memory; files are as large as they are.
 */
#ifndef RECLAIM_PROFILE_H
#define RECLAIM_PROFILE_H

#include "util.h"

#define PROFILE_DIRECTORY "/system/framework/apps"

enum { MAX_PROFILES = 32, MAX_FILES = 8, PACKAGE_SIZE = 96, FIRST_APP_UID = 10080 };
enum launch_kind { LAUNCH_COLD, LAUNCH_WARM, LAUNCH_HOT, LAUNCH_KINDS };

struct work {
	long read_percent, touch_percent, rounds;
};

struct profile {
	char package[PACKAGE_SIZE], label[64], activity[64], version_name[32];
	long version_code;
	bool home, unlisted;
	struct profile_file {
		char name[64];
		long bytes;
	} files[MAX_FILES];
	size_t file_count;
	long anon_bytes;
	double compressible;
	struct work work[LAUNCH_KINDS];
	long trim_percent, background_seconds, background_touch;
	long slow_ms, dies_seconds;
	bool crashes;
	int uid;
};

/* Reads every profile, in order of file name; a broken one is logged and left out. Returns how many there are. */
size_t profiles_load(void);
size_t profile_count(void);
const struct profile *profile_at(size_t index);
const struct profile *profile_of_package(const char *package);

#endif
