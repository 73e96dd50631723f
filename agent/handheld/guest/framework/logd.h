/* SPDX-License-Identifier: Apache-2.0 */
/* The log daemon inside system_server: takes lines (log.h), keeps the newest, gives them to logcat. */
#ifndef RECLAIM_LOGD_H
#define RECLAIM_LOGD_H

int logd_start(void);
void logd_forked(void);

#endif
