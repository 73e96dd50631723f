/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the mm-level kcompressd share: one queue of locked folios, and who writes them. */
#ifndef KCOMPRESSD_MM_H
#define KCOMPRESSD_MM_H

#include <linux/types.h>

#include "counters.h"

struct folio;

#define KCOMPRESSD_MAX_PAGES	256
#define KCOMPRESSD_DEFAULT	24

/* queue.c: the thread kcompressd0 and the folios that wait for it, locked, each with a reference of the queue's own. */
int kcompressd_queue_start(void);
void kcompressd_queue_stop(void);
void kcompressd_queue_resize(unsigned int pages);
bool kcompressd_queue_open(void);
struct folio *kcompressd_queue_put(struct folio *folio);

/* hook.c: write a folio that was queued, in the caller's context; gives up lock and reference. */
void kcompressd_write(struct folio *folio);

/* sysctl.c: /proc/sys/vm/kcompressd; the queue opens with _start and is closed and empty after _stop. */
int kcompressd_sysctl_start(void);
void kcompressd_sysctl_stop(void);

#endif
