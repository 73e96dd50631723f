/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of kcompressd share: who writes pages, how many, and the figures kept of it. */
#ifndef KCOMPRESSD_H
#define KCOMPRESSD_H

#include <linux/atomic.h>
#include <linux/blk_types.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#define KCOMPRESSD_MAX_THREADS	8U
#define KCOMPRESSD_MAX_QUEUE	65536U

/* One swap write, taken over from kswapd. The folio is under writeback, which keeps it in the swap cache. */
struct kcompressd_write {
	struct block_device *bdev;
	struct folio *folio;
	sector_t sector;
	blk_opf_t opf;
};

/* All in pages, since the module was loaded, except peak (see there) and wakeups (times). */
struct kcompressd_counters {
	atomic_long_t queued;	/* taken from kswapd */
	atomic_long_t full;	/* compressed by kswapd itself, because no queue had room */
	atomic_long_t drained;	/* finished by the threads: queued == drained + inflight */
	atomic_long_t failed;	/* finished with a write error: the page stays dirty in memory */
	atomic_long_t wakeups;	/* of a sleeping thread */
	unsigned long peak;	/* most pages one thread had at once since the threads last started */
};

extern struct kcompressd_counters kcompressd_counters;

/* pool.c: threads and their queues. The caller of _resize and _stop holds kcompressd_lock. */
extern struct mutex kcompressd_lock;
int kcompressd_pool_resize(unsigned int threads, unsigned int queue_size);
void kcompressd_pool_stop(void);
bool kcompressd_pool_take(const struct kcompressd_write *write);
unsigned int kcompressd_pool_threads(void);
unsigned long kcompressd_pool_inflight(void);

/* Scheduled when kswapd writes and no thread exists; NULL unless the module starts its threads that late. */
extern struct work_struct *kcompressd_on_demand;

/* disk.c: compress and store one page in the caller's context. */
void kcompressd_disk_write(const struct kcompressd_write *write);

/* counters.c: /sys/kernel/kcompressd */
int kcompressd_counters_add(void);
void kcompressd_counters_remove(void);

/* params.c, one per module: what the two parameters do. Before _start and after _stop they only store. */
int kcompressd_params_start(void);
void kcompressd_params_stop(void);

#endif
