/* SPDX-License-Identifier: GPL-2.0 */
/* The block driver's guest side: from command line to disks. */
#ifndef UBD_UBD_H
#define UBD_UBD_H

#include <linux/blk-mq.h>
#include <linux/types.h>

#include "abi/host_ubd.h"

#define UBD_DISKS	64
#define UBD_PARTS	16	/* minors per disk */

/* One disk as the command line has it; strings live as long as the kernel. */
struct ubd_option {
	const char *file;	/* NULL: no such disk */
	const char *backing;
	const char *serial;
	u32 flags;		/* HOST_UBD_* */
};

struct ubd_disk {
	struct host_ubd *host;
	struct gendisk *gd;
	struct platform_device *parent;
	struct blk_mq_tag_set tags;
	int event;
	u32 flags;			/* HOST_UBD_* */
	const char *serial;
	char name[8];			/* "ubd0" */
};

/* What is in /sys/block/ubda beside the usual. */
extern const struct attribute_group *ubd_sysfs_groups[];

/* Makes disk number unit with all that belongs to it, or ends the program
 * with one line that says why it can't. */
void ubd_add(unsigned int unit, const struct ubd_option *option,
	     const char *layer_dir, u64 layer_max);

/* Registers the major number. 0 or -errno. */
int ubd_register(void);

#endif
