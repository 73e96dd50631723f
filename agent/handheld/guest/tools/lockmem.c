// SPDX-License-Identifier: Apache-2.0
/*
 * lockmem.so: preloaded into the measuring daemons, keeps the pages they have touched in memory, so that a trial's
 * pressure is felt by the apps and not by the tools that watch them. MCL_ONFAULT (mlock2(2), Linux 4.4): a large
 * trace buffer is not paid for before it is used. The variable is removed so that children are not locked.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

__attribute__((constructor)) static void lock_what_is_touched(void)
{
	unsetenv("LD_PRELOAD");
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		perror("lockmem");
}
