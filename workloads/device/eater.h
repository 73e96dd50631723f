// SPDX-License-Identifier: Apache-2.0
/* The processes that put a phone under pressure, and what they leave in memory shared with their parent. */
#ifndef RECLAIM_EATER_H
#define RECLAIM_EATER_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "options.h"
#include "pages.h"

/* Else they would be guarded by a lock of each process's own. */
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit counters shared between processes must be lock-free");

/* One eater's own slot: an eater that is killed leaves what it had done. */
struct slot {
	_Atomic uint64_t filled_bytes;
	_Atomic uint64_t fill_us;
	_Atomic uint64_t anonymous_pages; /* of those filled */
	_Atomic uint64_t retouched_bytes;
	_Atomic uint64_t checked_pages;
	_Atomic uint64_t bad_pages;
	_Atomic uint64_t held_bytes; /* taken since as little was available as is to be held */
	_Atomic int filled;
	_Atomic int done;
};

enum stop { GO_ON, STOP_AND_CHECK, STOP_AT_ONCE };

struct shared {
	_Atomic int stop; /* enum stop */
	_Atomic int reached;        /* as little is available as is to be held */
	_Atomic uint64_t allowance; /* bytes that may be taken to get there again */
	struct slot slot[MAX_PROCESSES];
	_Atomic uint64_t burnt_us[MAX_CPUS];
};

/* The content of one eater's anonymous pages. */
struct page_maker maker_of(const struct options *o, unsigned number);

/* Make the file that all eaters read, unless it is there in full. */
void make_file(const struct options *o);

/* Fill, re-touch, hold (at rest, or taking memory as it becomes available), check. Returns the process' exit status: 0, 1 a page differed, 2 a system error. */
int eat(const struct options *o, unsigned number, struct shared *shared, pid_t parent);

/* Keep one processor busy until told to stop. */
int burn(unsigned number, struct shared *shared, pid_t parent);

uint64_t now_us(void);

/* Ends the process with status 2 and a line that says what failed. */
void die(const char *what);

#endif
