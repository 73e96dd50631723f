/* SPDX-License-Identifier: GPL-2.0-only */
/* The figures that every kcompressd of ours keeps, and how they are shown. */
#ifndef KCOMPRESSD_COUNTERS_H
#define KCOMPRESSD_COUNTERS_H

#include <linux/atomic.h>

/* All in pages, since the module was loaded, except peak (see there) and wakeups (times). */
struct kcompressd_counters {
	atomic_long_t queued;	/* taken from kswapd */
	atomic_long_t full;	/* compressed by kswapd itself, because no queue had room */
	atomic_long_t drained;	/* finished by the threads: queued == drained + inflight */
	atomic_long_t failed;	/* finished with a write error: the page stays dirty in memory */
	atomic_long_t wakeups;	/* of a sleeping thread */
	unsigned long peak;	/* most pages one thread had at once since threads or queue size last changed */
};

extern struct kcompressd_counters kcompressd_counters;

/* counters.c: /sys/kernel/kcompressd */
int kcompressd_counters_add(void);
void kcompressd_counters_remove(void);

/* What else stands there; each module's queue knows. */
unsigned int kcompressd_threads(void);
unsigned long kcompressd_inflight(void);

#endif
