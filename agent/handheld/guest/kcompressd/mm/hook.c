// SPDX-License-Identifier: GPL-2.0-only
/*
 * Between reclaim and the swap code: takes kswapd's swap-outs at the entry of swap_writepage().
 *
 * pageout() hands over a folio that is unmapped, clean and locked, and looks afterwards what became of it. One that is
 * still locked is to it a folio somebody else is busy with: it goes back to the lists and kswapd goes on. So a folio
 * that is queued as it is, locked and not under writeback, needs no other change to reclaim. Whoever writes it later
 * goes through a_ops->writepage as pageout() does. Checked against mm/vmscan.c and mm/page_io.c of Linux 6.12.
 *
 * The entry is taken by ftrace as live patching does it. The hook stays while the value changes: no code is patched
 * under load, and with 0 the function runs as it stands.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/writeback.h>

#include "mm.h"

static char hooked[] = "swap_writepage";

/*
 * kswapd is inside write_or_queue(). Only kswapd, of which there is one, sets it. What it writes in there goes to the
 * original; the address that a call comes from would not tell, because a tail call has none of its own.
 */
static bool inside;

static int write_page(struct page *page, struct writeback_control *wbc)
{
	return folio_mapping(page_folio(page))->a_ops->writepage(page, wbc);
}

void kcompressd_write(struct folio *folio)
{
	struct writeback_control wbc = {
		.sync_mode = WB_SYNC_NONE,
		.nr_to_write = 1,
		.range_end = LLONG_MAX,
		.for_reclaim = 1,
	};
	int err = write_page(&folio->page, &wbc);

	if (err == AOP_WRITEPAGE_ACTIVATE)
		folio_unlock(folio);
	/* Dirty alone may be a page that needed no write, as nobody swaps it in any more: it has left the swap cache. */
	if (err || (folio_test_dirty(folio) && folio_test_swapcache(folio)))
		atomic_long_inc(&kcompressd_counters.failed);
	folio_put(folio);
}

/* In place of swap_writepage(). */
static int write_or_queue(struct page *page, struct writeback_control *wbc)
{
	struct folio *folio = page_folio(page);
	struct folio *mine = kcompressd_queue_put(folio);
	int err = 0;

	if (mine == folio)
		err = write_page(page, wbc);
	else if (mine)
		kcompressd_write(mine);
	WRITE_ONCE(inside, false);
	return err;
}

/*
 * Less is free than is kept for reclaim itself. A page that kswapd writes is freed at once and pays for its compressed
 * copy. A queued one is freed when it comes up again, late, as reclaim took it for busy: meanwhile the copies, which
 * may use the reserve, would use it up. Seen: writes failed for want of a page; and with half the reserve gone direct
 * reclaim waits for kswapd (allow_direct_reclaim()), which slept because the small DMA zone was still full.
 */
static notrace bool scarce(struct pglist_data *node)
{
	unsigned long reserve = 0, free = 0;
	struct zone *zone;

	for (zone = node->node_zones; zone < node->node_zones + MAX_NR_ZONES; zone++) {
		if (!managed_zone(zone))
			continue;
		reserve += zone->_watermark[WMARK_MIN];
		free += zone_page_state(zone, NR_FREE_PAGES);
	}
	return free < reserve;
}

/* The folio is kswapd's, locked; swap_writepage() also gets shmem's, which are not anonymous. */
static void notrace redirect(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			     struct ftrace_regs *fregs)
{
	struct pglist_data *node = NODE_DATA(first_online_node);
	struct folio *folio;

	if (current != node->kswapd || READ_ONCE(inside) || !kcompressd_queue_open())
		return;
	folio = page_folio((struct page *)ftrace_regs_get_argument(fregs, 0));
	if (!folio_test_anon(folio) || folio_test_large(folio))
		return;
	if (scarce(node)) {
		atomic_long_inc(&kcompressd_counters.full);
		return;
	}
	WRITE_ONCE(inside, true);
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)write_or_queue);
}

/* PERMANENT: kernel.ftrace_enabled=0 would take the hook away unseen; the kernel refuses that write instead. */
static struct ftrace_ops ops = {
	.func = redirect,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT | FTRACE_OPS_FL_SAVE_ARGS,
};

static int hook(void)
{
	int err;

	if (nr_node_ids > 1) {
		pr_err("one kswapd is served, this machine has %u memory nodes\n", nr_node_ids);
		return -EOPNOTSUPP;
	}
	err = ftrace_set_filter(&ops, hooked, strlen(hooked), 1);
	if (!err) {
		err = register_ftrace_function(&ops);
		if (err)
			ftrace_free_filter(&ops);
	}
	if (err)
		pr_err("%s cannot be hooked (%d): ftrace is off, or somebody else has it\n", hooked, err);
	return err;
}

static void unhook(void)
{
	/* Returns when nobody is in redirect() any more; kswapd may have been sent on its way. */
	unregister_ftrace_function(&ops);
	ftrace_free_filter(&ops);
	while (READ_ONCE(inside))
		msleep(1);
	/* It may still have to return. */
	synchronize_rcu_tasks();
}

static int __init kcompressd_init(void)
{
	int err = kcompressd_counters_add();

	if (err)
		return err;
	err = kcompressd_queue_start();
	if (err)
		goto remove;
	err = hook();
	if (err)
		goto stop;
	err = kcompressd_sysctl_start();
	if (err)
		goto release;
	return 0;

release:
	unhook();
stop:
	kcompressd_queue_stop();
remove:
	kcompressd_counters_remove();
	return err;
}

static void __exit kcompressd_exit(void)
{
	kcompressd_sysctl_stop();
	unhook();
	kcompressd_queue_stop();
	kcompressd_counters_remove();
}

module_init(kcompressd_init);
module_exit(kcompressd_exit);
MODULE_DESCRIPTION("Writes kswapd's swap-outs in a thread of its own, the folios locked meanwhile");
MODULE_LICENSE("GPL");
