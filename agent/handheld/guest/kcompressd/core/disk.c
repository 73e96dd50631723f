// SPDX-License-Identifier: GPL-2.0-only
/*
 * Between the swap code and zram: takes kswapd's swap writes off the disk's submit_bio, leaves everything else alone.
 *
 * zram is a synchronous device: swap_writepage_bdev_sync() puts a bio on kswapd's stack, waits for it and then ends
 * the writeback of the folio that the bio names. To let kswapd go on while a thread compresses, the write is copied
 * out of the bio, the bio is given another folio, the stand-in, and completed: kswapd ends the writeback of the
 * stand-in, the thread that of the real one. The device stays synchronous, so swap-in, direct reclaim and kswapd
 * without threads run the very code of a stock kernel. (Clearing BLK_FEAT_SYNCHRONOUS instead would also send every
 * swap-in through the swap cache and keep its slot.) Checked against mm/page_io.c of Linux 6.12.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bio.h>
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/file.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/pagemap.h>
#include <linux/percpu-refcount.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/vmstat.h>

#include "kcompressd.h"

static char *device = "/dev/zram0";
module_param(device, charp, 0);
MODULE_PARM_DESC(device, "zram disk to serve (/dev/zram0)");

static struct gendisk *disk;
static const struct block_device_operations *original;
static struct block_device_operations replacement;
static struct folio *stand_in;

/* kswapd's own swap write, of the shape that swap_writepage_bdev_sync() gives it; anything else goes to zram as ever. */
static bool may_take(const struct bio *bio)
{
	const struct bio_vec *vec = bio->bi_io_vec;
	struct folio *folio;

	if (!(current->flags & PF_KSWAPD) || bio_op(bio) != REQ_OP_WRITE || !(bio->bi_opf & REQ_SWAP))
		return false;
	if (bio->bi_pool || bio->bi_vcnt != 1 || vec->bv_offset || bdev_is_partition(bio->bi_bdev))
		return false;
	folio = page_folio(vec->bv_page);
	return vec->bv_page == &folio->page && bio->bi_iter.bi_size == folio_size(folio) &&
	       folio_test_swapcache(folio) && folio_test_writeback(folio);
}

static bool take(struct bio *bio)
{
	struct kcompressd_write write = {
		.bdev = bio->bi_bdev,
		.folio = page_folio(bio->bi_io_vec->bv_page),
		.sector = bio->bi_iter.bi_sector,
		.opf = bio->bi_opf,
	};

	/* To the block layer the write goes on until a thread has done it: whoever freezes the queue waits for that. */
	percpu_ref_get(&disk->queue->q_usage_counter);
	if (!kcompressd_pool_take(&write)) {
		percpu_ref_put(&disk->queue->q_usage_counter);
		return false;
	}
	folio_start_writeback(stand_in);
	/* Its end will count a page as written; the real one counts itself. */
	mod_node_page_state(folio_pgdat(stand_in), NR_WRITTEN, -1);
	bio->bi_io_vec->bv_page = &stand_in->page;
	bio_endio(bio);
	return true;
}

static void submit_or_take(struct bio *bio)
{
	if (!may_take(bio) || !take(bio))
		original->submit_bio(bio);
}

static void written(struct bio *bio)
{
	complete(bio->bi_private);
}

static void end_writeback(const struct kcompressd_write *write, blk_status_t status)
{
	if (status) {
		/* As the swap code does: the only copy is the one in memory, so it must not be dropped. */
		folio_mark_dirty(write->folio);
		folio_clear_reclaim(write->folio);
		atomic_long_add(folio_nr_pages(write->folio), &kcompressd_counters.failed);
		pr_alert_ratelimited("write error at sector %llu\n", (unsigned long long)write->sector);
	}
	folio_end_writeback(write->folio);
}

void kcompressd_disk_write(const struct kcompressd_write *write)
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct bio_vec vec;
	struct bio bio;

	bio_init(&bio, write->bdev, &vec, 1, write->opf);
	bio.bi_iter.bi_sector = write->sector;
	bio.bi_private = &done;
	bio.bi_end_io = written;
	bio_add_folio_nofail(&bio, write->folio, folio_size(write->folio), 0);
	/* Straight to zram: the block layer let this write in, and counted it, when kswapd submitted it. */
	original->submit_bio(&bio);
	wait_for_completion_io(&done);
	end_writeback(write, bio.bi_status);
	bio_uninit(&bio);
	percpu_ref_put(&disk->queue->q_usage_counter);
}

static void use_operations(const struct block_device_operations *operations)
{
	unsigned int flags = memalloc_noio_save();

	/* With the queue frozen nobody is inside submit_bio, neither zram's nor ours. */
	blk_mq_freeze_queue(disk->queue);
	WRITE_ONCE(disk->fops, operations);
	blk_mq_unfreeze_queue(disk->queue);
	memalloc_noio_restore(flags);
}

static int check(const struct gendisk *candidate, struct block_device *bdev)
{
	if (!candidate->fops->submit_bio || !bdev_synchronous(bdev)) {
		pr_err("%s is not a zram disk\n", device);
		return -EOPNOTSUPP;
	}
	if (nr_node_ids > 1) {
		pr_err("one kswapd is served, this machine has %u memory nodes\n", nr_node_ids);
		return -EOPNOTSUPP;
	}
	return try_module_get(candidate->fops->owner) ? 0 : -ENODEV;
}

/* Holds the disk's memory and zram's code, not the disk open: zram can be reset and set up anew meanwhile. */
static int disk_get(void)
{
	struct file *file = bdev_file_open_by_path(device, BLK_OPEN_READ, NULL, NULL);
	struct gendisk *candidate;
	int err;

	if (IS_ERR(file)) {
		pr_err("cannot open %s\n", device);
		return PTR_ERR(file);
	}
	candidate = file_bdev(file)->bd_disk;
	err = check(candidate, file_bdev(file));
	if (!err) {
		get_device(disk_to_dev(candidate));
		disk = candidate;
		original = candidate->fops;
	}
	bdev_fput(file);
	return err;
}

static void disk_put(void)
{
	module_put(original->owner);
	put_device(disk_to_dev(disk));
}

static int disk_hook(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	int err;

	if (!page)
		return -ENOMEM;
	stand_in = page_folio(page);
	err = disk_get();
	if (err) {
		folio_put(stand_in);
		return err;
	}
	replacement = *original;
	replacement.submit_bio = submit_or_take;
	use_operations(&replacement);
	return 0;
}

static void disk_unhook(void)
{
	use_operations(original);
	/* Somebody may have read disk->fops and not yet the member they are after: those finish first. */
	synchronize_rcu_tasks();
	/* kswapd has left submit_bio, but may still have to end the stand-in's writeback. */
	folio_wait_writeback(stand_in);
	folio_put(stand_in);
	disk_put();
}

static int __init kcompressd_init(void)
{
	int err = kcompressd_counters_add();

	if (err)
		return err;
	err = disk_hook();
	if (err)
		goto remove;
	err = kcompressd_params_start();
	if (err)
		goto unhook;
	return 0;

unhook:
	disk_unhook();
remove:
	kcompressd_counters_remove();
	return err;
}

static void __exit kcompressd_exit(void)
{
	kcompressd_params_stop();
	disk_unhook();
	kcompressd_counters_remove();
}

module_init(kcompressd_init);
module_exit(kcompressd_exit);
MODULE_LICENSE("GPL");
