/* SPDX-License-Identifier: Apache-2.0 */
/* An app process, and what it and system_server say to each other (SOCK_SEQPACKET, one struct a message). */
#ifndef RECLAIM_APP_H
#define RECLAIM_APP_H

#include "profile.h"

enum app_order {
	APP_BIND,    /* cold: bindApplication, activityStart, activityResume, first frame */
	APP_START,   /* warm: activityStart, activityResume, first frame */
	APP_RESUME,  /* hot: activityResume, first frame */
	APP_SHOW,    /* the launcher, shown again: no launch, no frame anybody waits for */
	APP_STOP,    /* leaves the screen */
	APP_DESTROY, /* leaves the screen, activity finished; the process stays */
};

struct app_message {
	enum app_order order;
	unsigned launch;   /* which launch this is about; echoed when its first frame was drawn */
	uint64_t drawn_ns; /* in that echo: CLOCK_MONOTONIC at the end of DrawFrame */
};

/* Runs in the forked child; never returns. `fd` is its end of the socket pair. */
_Noreturn void app_run(const struct profile *profile, int fd);

#endif
