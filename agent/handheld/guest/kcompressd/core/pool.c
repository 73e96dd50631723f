// SPDX-License-Identifier: GPL-2.0-only
/*
 * The threads kcompressd:0..N-1 and the queue in front of each.
 *
 * One producer (kswapd; disk.c refuses machines with more than one of it), one consumer per queue: kfifo needs no
 * lock then. kswapd reads the pool under RCU, so that stopping is: unpublish, wait for readers, let each thread empty
 * its queue, free. Nothing is allocated on the way of a page.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/freezer.h>
#include <linux/kfifo.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/wait.h>

#include "kcompressd.h"

/*
 * Below kswapd: as its equals, woken for each page, they would take its processor for one page and give it back, and the
 * two would do by turns what one does alone. A vendor's kernel for the Galaxy S20 came to the same (azrim/samsung_sm8250).
 */
enum { KCOMPRESSD_NICE = 5 };

struct kcompressd_queue {
	struct task_struct *task;
	wait_queue_head_t wait;
	atomic_t pages; /* queued or being compressed: what the queue size bounds */
	struct kcompressd_write *slots;
	DECLARE_KFIFO_PTR(fifo, struct kcompressd_write);
};

struct kcompressd_pool {
	unsigned int threads;
	unsigned int queue_size; /* pages */
	struct kcompressd_queue queues[] __counted_by(threads);
};

static struct kcompressd_pool __rcu *active;
DEFINE_MUTEX(kcompressd_lock);
struct work_struct *kcompressd_on_demand;

static void write_queued(struct kcompressd_queue *queue)
{
	struct kcompressd_write write;

	while (kfifo_get(&queue->fifo, &write)) {
		long pages = folio_nr_pages(write.folio);

		kcompressd_disk_write(&write);
		/* drained first: queued == drained + inflight must never come out short of a page */
		atomic_long_add(pages, &kcompressd_counters.drained);
		atomic_sub(pages, &queue->pages);
		cond_resched();
	}
}

static int kcompressd(void *data)
{
	struct kcompressd_queue *queue = data;
	/* As kswapd itself: memory is needed to free memory, and reclaim must not wait for reclaim. */
	unsigned int flags = memalloc_noreclaim_save();
	bool stop;

	set_freezable();
	do {
		/* Asked before looking: whatever was queued before the stop is seen by this round. */
		stop = kthread_should_stop();
		write_queued(queue);
		if (!stop)
			wait_event_freezable(queue->wait, !kfifo_is_empty(&queue->fifo) || kthread_should_stop());
	} while (!stop);
	memalloc_noreclaim_restore(flags);
	return 0;
}

static void pool_free(struct kcompressd_pool *pool)
{
	unsigned int i;

	for (i = 0; i < pool->threads; i++) {
		if (pool->queues[i].task)
			kthread_stop(pool->queues[i].task);
		kvfree(pool->queues[i].slots);
	}
	kfree(pool);
}

static int queue_init(struct kcompressd_queue *queue, unsigned int number, unsigned int size)
{
	/* A slot holds at least one page, so pages run out before slots do; kfifo wants a power of two. */
	size_t slots = max(2UL, roundup_pow_of_two(size));
	struct task_struct *task;

	init_waitqueue_head(&queue->wait);
	queue->slots = kvmalloc_array(slots, sizeof(*queue->slots), GFP_KERNEL);
	if (!queue->slots)
		return -ENOMEM;
	kfifo_init(&queue->fifo, queue->slots, slots * sizeof(*queue->slots));
	task = kthread_create(kcompressd, queue, "kcompressd:%u", number);
	if (IS_ERR(task))
		return PTR_ERR(task);
	set_user_nice(task, KCOMPRESSD_NICE);
	queue->task = task;
	return 0;
}

static struct kcompressd_pool *pool_create(unsigned int threads, unsigned int queue_size)
{
	struct kcompressd_pool *pool = kzalloc(struct_size(pool, queues, threads), GFP_KERNEL);
	unsigned int i;
	int err;

	if (!pool)
		return ERR_PTR(-ENOMEM);
	pool->threads = threads;
	pool->queue_size = queue_size;
	for (i = 0; i < threads; i++) {
		err = queue_init(&pool->queues[i], i, queue_size);
		if (err) {
			pool_free(pool);
			return ERR_PTR(err);
		}
	}
	return pool;
}

static void pool_start(struct kcompressd_pool *pool)
{
	unsigned int i;

	WRITE_ONCE(kcompressd_counters.peak, 0);
	for (i = 0; i < pool->threads; i++)
		wake_up_process(pool->queues[i].task);
	rcu_assign_pointer(active, pool);
}

/* From here on kswapd compresses by itself; returns when every page taken so far has been written. */
void kcompressd_pool_stop(void)
{
	struct kcompressd_pool *pool = rcu_replace_pointer(active, NULL, lockdep_is_held(&kcompressd_lock));

	if (!pool)
		return;
	synchronize_rcu();
	pool_free(pool);
}

/* Replaces the threads; 0 threads is off. An error leaves the old ones running. */
int kcompressd_pool_resize(unsigned int threads, unsigned int queue_size)
{
	struct kcompressd_pool *old = rcu_dereference_protected(active, lockdep_is_held(&kcompressd_lock));
	struct kcompressd_pool *pool = NULL;

	if (old && old->threads == threads && old->queue_size == queue_size)
		return 0;
	if (threads) {
		pool = pool_create(threads, queue_size);
		if (IS_ERR(pool))
			return PTR_ERR(pool);
	}
	/* The old threads end before the new ones begin: two writes of one swap slot must not pass each other. */
	kcompressd_pool_stop();
	if (pool)
		pool_start(pool);
	return 0;
}

/*
 * The lowest thread that is less than one reclaim batch behind, else the one least behind. A batch stays together: one
 * wake-up, one CPU with warm compression buffers; another thread joins only once kswapd is a whole batch ahead.
 */
static struct kcompressd_queue *choose(struct kcompressd_pool *pool, unsigned int pages)
{
	struct kcompressd_queue *best = NULL;
	unsigned int i, backlog, least = UINT_MAX;

	for (i = 0; i < pool->threads; i++) {
		backlog = atomic_read(&pool->queues[i].pages);
		if (backlog + pages > pool->queue_size || backlog >= least)
			continue;
		best = &pool->queues[i];
		least = backlog;
		if (backlog < SWAP_CLUSTER_MAX)
			break;
	}
	return best;
}

static bool pool_take(struct kcompressd_pool *pool, const struct kcompressd_write *write)
{
	unsigned int pages = folio_nr_pages(write->folio);
	struct kcompressd_queue *queue = choose(pool, pages);
	unsigned long backlog;

	if (!queue) {
		atomic_long_add(pages, &kcompressd_counters.full);
		return false;
	}
	backlog = atomic_add_return(pages, &queue->pages);
	if (backlog > kcompressd_counters.peak)
		WRITE_ONCE(kcompressd_counters.peak, backlog);
	atomic_long_add(pages, &kcompressd_counters.queued);
	kfifo_put(&queue->fifo, *write);
	/* Only a thread that sleeps is woken; wq_has_sleeper() brings the barrier its own check pairs with. */
	if (wq_has_sleeper(&queue->wait)) {
		atomic_long_inc(&kcompressd_counters.wakeups);
		wake_up(&queue->wait);
	}
	return true;
}

/* True: the write belongs to a thread now, and its folio must not be touched again. Called by kswapd only; never sleeps. */
bool kcompressd_pool_take(const struct kcompressd_write *write)
{
	struct work_struct *start = READ_ONCE(kcompressd_on_demand);
	struct kcompressd_pool *pool;
	bool taken = false;

	rcu_read_lock();
	pool = rcu_dereference(active);
	if (pool)
		taken = pool_take(pool, write);
	else if (start)
		schedule_work(start);
	rcu_read_unlock();
	return taken;
}

unsigned int kcompressd_threads(void)
{
	struct kcompressd_pool *pool;
	unsigned int threads;

	rcu_read_lock();
	pool = rcu_dereference(active);
	threads = pool ? pool->threads : 0;
	rcu_read_unlock();
	return threads;
}

unsigned long kcompressd_inflight(void)
{
	struct kcompressd_pool *pool;
	unsigned long pages = 0;
	unsigned int i;

	rcu_read_lock();
	pool = rcu_dereference(active);
	for (i = 0; pool && i < pool->threads; i++)
		pages += atomic_read(&pool->queues[i].pages);
	rcu_read_unlock();
	return pages;
}
