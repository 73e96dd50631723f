// SPDX-License-Identifier: GPL-2.0-only
/*
 * nr_kcompressd and queue_size_per_kcompressd that do what they say: a value in range takes effect before the write
 * returns, any other answers EINVAL and changes nothing, and a read gives what is in force.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "kcompressd.h"

/* 4 MiB a thread: two of them hold about what lies between two watermarks of a 768 MiB guest (7.4 MiB). */
static unsigned int nr_kcompressd = 2;
static unsigned int queue_size_per_kcompressd = 1024;
static bool started;

static int set(const char *text, const struct kernel_param *kp, unsigned int least, unsigned int most)
{
	unsigned int *value = kp->arg;
	unsigned int wanted, before;
	int err = 0;

	if (kstrtouint(text, 0, &wanted) || wanted < least || wanted > most)
		return -EINVAL;
	mutex_lock(&kcompressd_lock);
	before = *value;
	*value = wanted;
	if (started)
		err = kcompressd_pool_resize(nr_kcompressd, queue_size_per_kcompressd);
	if (err)
		*value = before;
	mutex_unlock(&kcompressd_lock);
	return err;
}

static int set_nr(const char *text, const struct kernel_param *kp)
{
	return set(text, kp, 0, KCOMPRESSD_MAX_THREADS);
}

static int set_queue_size(const char *text, const struct kernel_param *kp)
{
	return set(text, kp, 1, KCOMPRESSD_MAX_QUEUE);
}

static const struct kernel_param_ops nr_ops = { .set = set_nr, .get = param_get_uint };
static const struct kernel_param_ops queue_size_ops = { .set = set_queue_size, .get = param_get_uint };

module_param_cb(nr_kcompressd, &nr_ops, &nr_kcompressd, 0644);
MODULE_PARM_DESC(nr_kcompressd, "threads that compress for kswapd, 0 (off) to 8");
module_param_cb(queue_size_per_kcompressd, &queue_size_ops, &queue_size_per_kcompressd, 0644);
MODULE_PARM_DESC(queue_size_per_kcompressd, "pages that may wait for one thread, 1 to 65536");

int kcompressd_params_start(void)
{
	int err;

	mutex_lock(&kcompressd_lock);
	err = kcompressd_pool_resize(nr_kcompressd, queue_size_per_kcompressd);
	started = !err;
	mutex_unlock(&kcompressd_lock);
	return err;
}

void kcompressd_params_stop(void)
{
	mutex_lock(&kcompressd_lock);
	started = false;
	kcompressd_pool_stop();
	mutex_unlock(&kcompressd_lock);
}

MODULE_DESCRIPTION("Compresses kswapd's zram writes in threads of their own");
/* /sys/module/kcompressd/version: how a tool tells this module from the published version, whose parameters it has. */
MODULE_VERSION("reclaim 1");
