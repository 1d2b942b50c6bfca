// SPDX-License-Identifier: GPL-2.0
/*
 * What a disk has in sysfs of its own:
 *
 *	serial	as on the command line
 *	nospace	error or wait: what a write does when the host has no room
 *	rescan	write 1: the host's file may have grown
 */
#include <linux/blkdev.h>
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "ubd.h"

static struct ubd_disk *disk_of(struct device *dev)
{
	return dev_to_disk(dev)->private_data;
}

static ssize_t serial_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%s\n", disk_of(dev)->serial ?: "");
}
static DEVICE_ATTR_RO(serial);

static ssize_t nospace_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	u32 flags = READ_ONCE(disk_of(dev)->flags);

	return sysfs_emit(buf, "%s\n",
			  flags & HOST_UBD_WAIT ? "wait" : "error");
}

/* A throw-away layer has a limit, at which it would wait for ever. */
static ssize_t nospace_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	static const char * const words[] = { "error", "wait" };
	struct ubd_disk *d = disk_of(dev);
	int wait = sysfs_match_string(words, buf);
	unsigned long irqs;

	if (wait < 0)
		return wait;
	if (wait && (d->flags & HOST_UBD_LAYER))
		return -EOPNOTSUPP;
	device_lock(dev);
	WRITE_ONCE(d->flags, (d->flags & ~HOST_UBD_WAIT) |
			     (wait ? HOST_UBD_WAIT : 0));
	local_irq_save(irqs);
	host_ubd_set_wait(d->host, wait);
	local_irq_restore(irqs);
	device_unlock(dev);
	return count;
}
static DEVICE_ATTR_RW(nospace);

static ssize_t rescan_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	struct ubd_disk *d = disk_of(dev);
	unsigned long irqs;
	bool now;
	u64 bytes;
	int err = kstrtobool(buf, &now);

	if (err || !now)
		return err ?: -EINVAL;
	device_lock(dev);
	local_irq_save(irqs);
	err = host_ubd_rescan(d->host, &bytes);
	local_irq_restore(irqs);
	if (!err)
		set_capacity_and_notify(d->gd, bytes >> SECTOR_SHIFT);
	device_unlock(dev);
	if (err == -ERANGE)
		pr_warn("%s: the host's file is shorter than the disk: left as it is\n",
			d->gd->disk_name);
	return err ?: count;
}
static DEVICE_ATTR_WO(rescan);

static struct attribute *ubd_attrs[] = {
	&dev_attr_serial.attr,
	&dev_attr_nospace.attr,
	&dev_attr_rescan.attr,
	NULL
};

static const struct attribute_group ubd_group = { .attrs = ubd_attrs };

const struct attribute_group *ubd_sysfs_groups[] = { &ubd_group, NULL };
