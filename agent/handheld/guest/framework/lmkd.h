/* SPDX-License-Identifier: Apache-2.0 */
/* The low-memory killer: wakes on PSI, decides as AOSP's lmkd does in outline, kills the app needed least. */
#ifndef RECLAIM_LMKD_H
#define RECLAIM_LMKD_H

#include "util.h"

/* enum kill_reasons of AOSP system/memory/lmkd statslog.h; Perfetto's android.memory.lmk names them. */
enum kill_reason {
	KILL_NONE = -1,
	PRESSURE_AFTER_KILL = 0,
	NOT_RESPONDING = 1,
	LOW_SWAP_AND_THRASHING = 2,
	LOW_MEM_AND_SWAP = 3,
	LOW_MEM_AND_THRASHING = 4,
	DIRECT_RECL_AND_THRASHING = 5,
};

/* ro.lmk.NAME, overridden by persist.device_config.lmkd_native.NAME; defaults of AOSP lmkd for a high-RAM device. */
struct lmkd_limits {
	long psi_partial_stall_ms;
	long psi_complete_stall_ms;
	long thrashing_limit; /* % of the file pages that were refaulted within one window */
	long thrashing_limit_critical;
	long swap_free_low_percentage;
	long kill_timeout_ms; /* how long a victim may take to die before the next one goes */
	bool kill_volunteers; /* ours: also processes that are no apps and have oom_score_adj 1000; AOSP: never */
};

enum watermark { BELOW_MIN, BELOW_LOW, BELOW_HIGH, ABOVE_WATERMARKS };
enum reclaim_kind { RECLAIM_NONE, RECLAIM_KSWAPD, RECLAIM_DIRECT };

/* What the kernel says, in kB and pages, at one moment. */
struct memory_state {
	long swap_total_kb, swap_free_kb;
	enum watermark watermark;
	enum reclaim_kind reclaim; /* since the last look */
	long thrashing;            /* % since the window began */
};

struct decision {
	enum kill_reason reason;
	int least_adj; /* nothing with a lower oom_score_adj may go */
	char text[160];
};

struct lmkd_limits lmkd_limits_read(void);
/* Reads /proc/meminfo, /proc/vmstat and /proc/zoneinfo; false when one cannot be read. */
bool memory_state_read(struct memory_state *state);
/* The window in which thrashing is counted begins anew. */
void memory_state_restart(void);

/* Pure. `complete`: PSI full went over its limit; `after_kill`: a victim died since the last look. */
struct decision lmkd_decide(const struct memory_state *state, const struct lmkd_limits *limits, bool complete,
			    bool after_kill);

/* Kills the app with the highest oom_score_adj >= decision->least_adj, the largest among equals. */
pid_t lmkd_kill(const struct decision *decision, long thrashing, bool volunteers);

int lmkd_main(int argc, char **argv);
/* Makes the running lmkd read its properties again. */
void lmkd_reinit(void);

#endif
