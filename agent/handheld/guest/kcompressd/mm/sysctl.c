// SPDX-License-Identifier: GPL-2.0-only
/*
 * vm.kcompressd: how many folios may wait for kcompressd0, 0 to 256; 0 leaves all to kswapd. A value in range takes
 * effect before the write returns, any other answers EINVAL and changes nothing.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mutex.h>
#include <linux/sysctl.h>

#include "mm.h"

static int most = KCOMPRESSD_MAX_PAGES;
static int kcompressd = KCOMPRESSD_DEFAULT;
static DEFINE_MUTEX(lock);
static struct ctl_table_header *header;

static int handle(const struct ctl_table *table, int write, void *buffer, size_t *length, loff_t *position)
{
	struct ctl_table trial = *table;
	int wanted, err;

	if (!write)
		return proc_dointvec_minmax(&trial, write, buffer, length, position);
	mutex_lock(&lock);
	/* Into a copy first: the file must not show a value that is not in force. */
	wanted = kcompressd;
	trial.data = &wanted;
	err = proc_dointvec_minmax(&trial, write, buffer, length, position);
	if (!err) {
		kcompressd_queue_resize(wanted);
		WRITE_ONCE(kcompressd, wanted);
	}
	mutex_unlock(&lock);
	return err;
}

static struct ctl_table table[] = {
	{
		.procname = "kcompressd",
		.data = &kcompressd,
		.maxlen = sizeof(kcompressd),
		.mode = 0644,
		.proc_handler = handle,
		.extra1 = SYSCTL_ZERO,
		.extra2 = &most,
	},
};

int kcompressd_sysctl_start(void)
{
	header = register_sysctl("vm", table);
	if (!header) {
		pr_err("vm.kcompressd cannot be added\n");
		return -EEXIST;
	}
	mutex_lock(&lock);
	kcompressd_queue_resize(kcompressd);
	mutex_unlock(&lock);
	return 0;
}

void kcompressd_sysctl_stop(void)
{
	/* Waits for whoever is in handle(). */
	unregister_sysctl_table(header);
	kcompressd_queue_resize(0);
}
