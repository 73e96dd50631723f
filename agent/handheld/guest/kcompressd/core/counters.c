// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/kcompressd/: what the threads did, one number per file, world-readable.
 */
#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "counters.h"

struct kcompressd_counters kcompressd_counters;
static struct kobject *directory;

#define COUNTER(name, value)                                                                        \
	static ssize_t name##_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)    \
	{                                                                                           \
		return sysfs_emit(buf, "%lu\n", (unsigned long)(value));                            \
	}                                                                                           \
	static struct kobj_attribute name##_attribute = __ATTR_RO(name)

COUNTER(queued, atomic_long_read(&kcompressd_counters.queued));
COUNTER(full, atomic_long_read(&kcompressd_counters.full));
COUNTER(drained, atomic_long_read(&kcompressd_counters.drained));
COUNTER(failed, atomic_long_read(&kcompressd_counters.failed));
COUNTER(wakeups, atomic_long_read(&kcompressd_counters.wakeups));
COUNTER(peak, READ_ONCE(kcompressd_counters.peak));
COUNTER(inflight, kcompressd_inflight());
COUNTER(threads, kcompressd_threads());

static const struct attribute *const counters[] = {
	&queued_attribute.attr,	 &full_attribute.attr,	   &drained_attribute.attr,
	&failed_attribute.attr,	 &wakeups_attribute.attr,  &peak_attribute.attr,
	&inflight_attribute.attr, &threads_attribute.attr, NULL,
};

int kcompressd_counters_add(void)
{
	int err;

	directory = kobject_create_and_add("kcompressd", kernel_kobj);
	if (!directory)
		return -ENOMEM;
	err = sysfs_create_files(directory, counters);
	if (err)
		kobject_put(directory);
	return err;
}

void kcompressd_counters_remove(void)
{
	kobject_put(directory);
}
