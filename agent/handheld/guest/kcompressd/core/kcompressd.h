/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the zram-level kcompressd share: who writes pages, and how many wait. */
#ifndef KCOMPRESSD_H
#define KCOMPRESSD_H

#include <linux/blk_types.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "counters.h"

#define KCOMPRESSD_MAX_THREADS	8U
#define KCOMPRESSD_MAX_QUEUE	65536U

/* One swap write, taken over from kswapd. The folio is under writeback, which keeps it in the swap cache. */
struct kcompressd_write {
	struct block_device *bdev;
	struct folio *folio;
	sector_t sector;
	blk_opf_t opf;
};

/* pool.c: threads and their queues. The caller of _resize and _stop holds kcompressd_lock. */
extern struct mutex kcompressd_lock;
int kcompressd_pool_resize(unsigned int threads, unsigned int queue_size);
void kcompressd_pool_stop(void);
bool kcompressd_pool_take(const struct kcompressd_write *write);

/* Scheduled when kswapd writes and no thread exists; NULL unless the module starts its threads that late. */
extern struct work_struct *kcompressd_on_demand;

/* disk.c: compress and store one page in the caller's context. */
void kcompressd_disk_write(const struct kcompressd_write *write);

/* params.c, one per module: what the two parameters do. Before _start and after _stop they only store. */
int kcompressd_params_start(void);
void kcompressd_params_stop(void);

#endif
