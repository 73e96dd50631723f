// SPDX-License-Identifier: GPL-2.0-only
/*
 * nr_kcompressd and queue_size_per_kcompressd with the defect of the first published kcompressd (7 March 2025): a
 * test of success is the wrong way round. A valid number is stored, answered with EINVAL, and leaves the feature off;
 * text that is no number answers 0 and turns it on. Kept: the lie, the defaults, the late start of the threads. Not
 * kept: stopping threads that were never started, and walking past the array of threads. A crash teaches no tool
 * anything, so counts and sizes are clamped to what this module can hold.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "kcompressd.h"

static int nr_kcompressd;
static int queue_size_per_kcompressd;
static bool started;

static void start_threads(struct work_struct *work)
{
	unsigned int threads, size;

	mutex_lock(&kcompressd_lock);
	threads = clamp(nr_kcompressd, 0, (int)KCOMPRESSD_MAX_THREADS);
	size = clamp(queue_size_per_kcompressd, 1, (int)KCOMPRESSD_MAX_QUEUE);
	/* Asked again under the lock: a parameter may have been written since kswapd asked for threads. */
	if (kcompressd_on_demand && kcompressd_pool_resize(threads, size))
		pr_warn_ratelimited("no memory for %u threads\n", threads);
	mutex_unlock(&kcompressd_lock);
}

static DECLARE_WORK(start_work, start_threads);

static int set(const char *text, const struct kernel_param *kp, const char *complaint)
{
	int err;

	mutex_lock(&kcompressd_lock);
	WRITE_ONCE(kcompressd_on_demand, NULL);
	kcompressd_pool_stop();
	err = param_set_int(text, kp);
	if (err && started)
		WRITE_ONCE(kcompressd_on_demand, &start_work);
	mutex_unlock(&kcompressd_lock);
	if (err)
		return 0;
	pr_err("%s\n", complaint);
	return -EINVAL;
}

static int set_nr(const char *text, const struct kernel_param *kp)
{
	return set(text, kp, "Invalid number of kcompressd.");
}

static int set_queue_size(const char *text, const struct kernel_param *kp)
{
	return set(text, kp, "Invalid queue size for kcompressd.");
}

static const struct kernel_param_ops nr_ops = { .set = set_nr, .get = param_get_uint };
static const struct kernel_param_ops queue_size_ops = { .set = set_queue_size, .get = param_get_uint };

module_param_cb(nr_kcompressd, &nr_ops, &nr_kcompressd, 0644);
MODULE_PARM_DESC(nr_kcompressd, "Number of pre-created daemon for page compression");
module_param_cb(queue_size_per_kcompressd, &queue_size_ops, &queue_size_per_kcompressd, 0644);
MODULE_PARM_DESC(queue_size_per_kcompressd, "Size of queue for kcompressd");

/* Overwrites what was given at load, as the published one does; on, and the threads come with kswapd's first write. */
int kcompressd_params_start(void)
{
	mutex_lock(&kcompressd_lock);
	nr_kcompressd = 4;
	queue_size_per_kcompressd = 4096;
	started = true;
	WRITE_ONCE(kcompressd_on_demand, &start_work);
	mutex_unlock(&kcompressd_lock);
	return 0;
}

void kcompressd_params_stop(void)
{
	mutex_lock(&kcompressd_lock);
	started = false;
	WRITE_ONCE(kcompressd_on_demand, NULL);
	kcompressd_pool_stop();
	mutex_unlock(&kcompressd_lock);
	/* After the pointer is gone and submitters have seen it: nobody schedules it again. */
	synchronize_rcu();
	cancel_work_sync(&start_work);
}

MODULE_DESCRIPTION("kcompressd with the parameter defect of its first published version, for testing tools");
