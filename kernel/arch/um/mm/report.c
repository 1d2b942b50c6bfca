// SPDX-License-Identifier: GPL-2.0
/*
 * Memory the guest does not need goes back to the host: mm/page_reporting.c
 * tells of blocks that have stayed free for a while, and a hole is punched for
 * each in the file that is physmem. Host mappings of it that a flush has only
 * noted so far (tlb.c) do no harm: they read zero, and no guest instruction
 * runs before they are gone.
 */
#include <linux/init.h>
#include <linux/page_reporting.h>
#include <linux/printk.h>
#include <linux/scatterlist.h>
#include <asm/page.h>
#include <abi/host.h>

static int release_pages_to_host(struct page_reporting_dev_info *dev,
				 struct scatterlist *sgl, unsigned int nents)
{
	struct scatterlist *sg;
	unsigned int i;
	int err;

	for_each_sg(sgl, sg, nents, i) {
		err = host_physmem_release(page_to_phys(sg_page(sg)), sg->length);
		if (err)
			return err;
	}
	return 0;
}

static struct page_reporting_dev_info host_memory = {
	.report = release_pages_to_host,
};

static int __init start_reporting(void)
{
	int err = page_reporting_register(&host_memory);

	if (err)
		pr_err("physmem: free memory is not returned to the host: error %d\n",
		       err);
	return err;
}
late_initcall(start_reporting);
