// SPDX-License-Identifier: GPL-2.0-only
/*
 * The thread kcompressd0 and the folios that wait for it.
 *
 * A ring of fixed size: nothing is allocated on the way of a page. kswapd puts folios in; the thread takes them out,
 * and so does kswapd, of the oldest, when there is no room. Hence the lock; it is held for a few instructions.
 *
 * A folio here is locked and in the swap cache: nobody can map, free, move or queue it again until it was written. A
 * fault on it waits for its lock, swapoff too. The queue's own reference is for what comes after: when the last
 * process that had the page is gone, writing it takes it out of the swap cache, and with it the last other reference.
 */
#include <linux/err.h>
#include <linux/freezer.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/nodemask.h>
#include <linux/sched/mm.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/wait.h>

#include "mm.h"

#define HOLD_MAX_MS 60000

static DEFINE_SPINLOCK(lock);
static struct folio *ring[KCOMPRESSD_MAX_PAGES];
static unsigned int oldest;	/* where in the ring */
static unsigned int waiting;
static unsigned int limit;	/* of waiting; 0: closed */
static bool writing;		/* the thread has one more, which waits no longer */

static DECLARE_WAIT_QUEUE_HEAD(thread_wait);
static DECLARE_WAIT_QUEUE_HEAD(resize_wait);
static struct task_struct *thread;

/*
 * For tests: what is queued stays queued, for so long at most. Whoever needs such a page waits, as on a thread that
 * gets no CPU: kcompactd too, with all the pages it is moving. Hence a limit; a shell may be unable to undo it.
 */
static unsigned int hold_ms;
static bool held;

static void hold_ends(struct timer_list *timer)
{
	WRITE_ONCE(held, false);
	wake_up(&thread_wait);
}

static DEFINE_TIMER(hold_timer, hold_ends);

static int set_hold(const char *text, const struct kernel_param *kp)
{
	int err = param_set_uint_minmax(text, kp, 0, HOLD_MAX_MS);

	if (err)
		return err;
	WRITE_ONCE(held, hold_ms);
	mod_timer(&hold_timer, jiffies + msecs_to_jiffies(hold_ms));
	return 0;
}

static const struct kernel_param_ops hold_ops = { .set = set_hold, .get = param_get_uint };
module_param_cb(hold_ms, &hold_ops, &hold_ms, 0644);
MODULE_PARM_DESC(hold_ms, "for tests: from this write on the thread writes nothing for so long, 0 to 60000");

static struct folio *pop(void)
{
	struct folio *folio = ring[oldest];

	oldest = (oldest + 1) % KCOMPRESSD_MAX_PAGES;
	waiting--;
	return folio;
}

static void push(struct folio *folio)
{
	ring[(oldest + waiting) % KCOMPRESSD_MAX_PAGES] = folio;
	waiting++;
	if (waiting > kcompressd_counters.peak)
		WRITE_ONCE(kcompressd_counters.peak, waiting);
}

bool notrace kcompressd_queue_open(void)
{
	return READ_ONCE(limit);
}

/*
 * Returns the folio that the caller, kswapd, has to write itself: none, the oldest when there was no room, or the very
 * folio that was given when the queue is closed. Any other given folio must not be touched again. Never sleeps.
 */
struct folio *kcompressd_queue_put(struct folio *folio)
{
	struct folio *back = NULL;

	spin_lock(&lock);
	if (!limit) {
		spin_unlock(&lock);
		return folio;
	}
	/* One in, one out: it is the same whether the old one or the new one counts as queued, and queued only grows. */
	if (waiting < limit) {
		atomic_long_inc(&kcompressd_counters.queued);
	} else {
		atomic_long_inc(&kcompressd_counters.full);
		back = pop();
	}
	folio_get(folio);
	push(folio);
	spin_unlock(&lock);
	/* Only a thread that sleeps is woken; wq_has_sleeper() brings the barrier its own check pairs with. */
	if (wq_has_sleeper(&thread_wait)) {
		atomic_long_inc(&kcompressd_counters.wakeups);
		wake_up(&thread_wait);
	}
	return back;
}

static struct folio *take(void)
{
	struct folio *folio;

	spin_lock(&lock);
	folio = waiting && !READ_ONCE(held) ? pop() : NULL;
	writing = folio != NULL;
	spin_unlock(&lock);
	return folio;
}

static void write_waiting(void)
{
	struct folio *folio;

	while ((folio = take())) {
		kcompressd_write(folio);
		/* drained first: queued == drained + inflight must never come out short of a page */
		atomic_long_inc(&kcompressd_counters.drained);
		spin_lock(&lock);
		writing = false;
		spin_unlock(&lock);
		if (wq_has_sleeper(&resize_wait))
			wake_up(&resize_wait);
		cond_resched();
	}
}

static bool has_work(void)
{
	return READ_ONCE(waiting) && !READ_ONCE(held);
}

static int kcompressd(void *data)
{
	/* As kswapd itself: memory is needed to free memory, and reclaim must not wait for reclaim. */
	unsigned int flags = memalloc_noreclaim_save();
	bool stop;

	set_freezable();
	do {
		/* Asked before looking: whatever was queued before the stop is seen by this round. */
		stop = kthread_should_stop();
		write_waiting();
		if (!stop)
			wait_event_freezable(thread_wait, has_work() || kthread_should_stop());
	} while (!stop);
	memalloc_noreclaim_restore(flags);
	return 0;
}

static bool settled(unsigned int pages)
{
	bool fits;

	spin_lock(&lock);
	fits = pages ? waiting <= pages : !waiting && !writing;
	spin_unlock(&lock);
	return fits;
}

/* Returns when no more than that many wait; with 0, when every page taken so far has been written. */
void kcompressd_queue_resize(unsigned int pages)
{
	spin_lock(&lock);
	WRITE_ONCE(limit, pages);
	spin_unlock(&lock);
	wait_event(resize_wait, settled(pages));
	/* Only now: until then more waited than the new size allows. */
	spin_lock(&lock);
	WRITE_ONCE(kcompressd_counters.peak, waiting);
	spin_unlock(&lock);
}

int kcompressd_queue_start(void)
{
	struct task_struct *task = kthread_run(kcompressd, NULL, "kcompressd%d", first_online_node);

	if (IS_ERR(task))
		return PTR_ERR(task);
	thread = task;
	return 0;
}

void kcompressd_queue_stop(void)
{
	/* Not merely deleted: the parameter can be written until the module is gone. */
	timer_shutdown_sync(&hold_timer);
	kthread_stop(thread);
}

/* It is there from load to unload, as published: also while the value is 0. */
unsigned int kcompressd_threads(void)
{
	return 1;
}

unsigned long kcompressd_inflight(void)
{
	unsigned long pages;

	spin_lock(&lock);
	pages = waiting + writing;
	spin_unlock(&lock);
	return pages;
}
