/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECLAIM_PM_H
#define RECLAIM_PM_H

#include "profile.h"

/* `class` is ".Main" or "com.x.Main". */
bool pm_has_activity(const struct profile *profile, const char *class);
/* ActivityTaskManager's line about an intent: START u0 {...} from uid N. */
void pm_log_start(uid_t by, const char *intent);

#endif
