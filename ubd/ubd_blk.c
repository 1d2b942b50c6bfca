// SPDX-License-Identifier: GPL-2.0
/*
 * Disks for the block layer: one hardware queue per vcpu, so each submits for
 * itself; the pages of a request go to the host as they are (all memory is in
 * the direct map). What the host side does at once is completed before
 * queue_rq returns; the rest by the disk's event.
 *
 * Interrupts are off around the call to the host: it would not notice them
 * anyway, and switching them on again takes what came meanwhile.
 */
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/hdreg.h>
#include <linux/interrupt.h>
#include <linux/irqflags.h>
#include <linux/major.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include <asm/irq.h>
#include <abi/host.h>

#include "ubd.h"

#define DEPTH		32		/* requests per queue */
#define SEGMENTS	64
#define MAX_BYTES	(1u << 20)	/* of one request with data */
#define MAX_ZERO_BYTES	(256u << 20)	/* of one without */

struct ubd_cmd {
	struct host_ubd_req req;
	struct host_iov iov[SEGMENTS];
};

/* ---- requests ---- */

static void add_pages(struct ubd_cmd *cmd, struct request *rq)
{
	struct req_iterator iter;
	struct bio_vec bv;
	u32 n = 0;

	rq_for_each_bvec(bv, rq, iter) {
		cmd->iov[n].base = page_address(bv.bv_page) + bv.bv_offset;
		cmd->iov[n++].len = bv.bv_len;
	}
	cmd->req.niov = n;
}

/* False: not an operation of ours. */
static bool translate(struct ubd_cmd *cmd, struct request *rq)
{
	struct host_ubd_req *req = &cmd->req;

	*req = (struct host_ubd_req){ .iov = cmd->iov };
	if (req_op(rq) != REQ_OP_FLUSH) {
		req->offset = (u64)blk_rq_pos(rq) << SECTOR_SHIFT;
		req->len = blk_rq_bytes(rq);
	}
	if (rq->cmd_flags & REQ_FUA)
		req->flags |= HOST_UBD_FUA;
	switch (req_op(rq)) {
	case REQ_OP_READ:
		req->op = HOST_UBD_READ;
		add_pages(cmd, rq);
		return true;
	case REQ_OP_WRITE:
		req->op = HOST_UBD_WRITE;
		add_pages(cmd, rq);
		return true;
	case REQ_OP_FLUSH:
		req->op = HOST_UBD_FLUSH;
		return true;
	case REQ_OP_DISCARD:
		req->op = HOST_UBD_DISCARD;
		return true;
	case REQ_OP_WRITE_ZEROES:
		req->op = HOST_UBD_ZERO;
		if (rq->cmd_flags & REQ_NOUNMAP)
			req->flags |= HOST_UBD_KEEP;
		return true;
	default:
		return false;
	}
}

static blk_status_t status_of(const struct host_ubd_req *req)
{
	switch (req->error) {
	case -EDQUOT:
	case -EFBIG:
		return BLK_STS_NOSPC;
	case -EAGAIN:
	case -ENOMEM:
		return BLK_STS_IOERR;	/* nobody would try again */
	default:
		return errno_to_blk_status(req->error);
	}
}

static void ubd_complete(struct request *rq)
{
	struct ubd_cmd *cmd = blk_mq_rq_to_pdu(rq);

	blk_mq_end_request(rq, status_of(&cmd->req));
}

static blk_status_t ubd_queue_rq(struct blk_mq_hw_ctx *hctx,
				 const struct blk_mq_queue_data *bd)
{
	struct ubd_disk *d = hctx->queue->queuedata;
	struct ubd_cmd *cmd = blk_mq_rq_to_pdu(bd->rq);
	unsigned long flags;
	int done;

	if (!translate(cmd, bd->rq))
		return BLK_STS_NOTSUPP;
	blk_mq_start_request(bd->rq);
	local_irq_save(flags);
	done = host_ubd_submit(d->host, &cmd->req);
	local_irq_restore(flags);
	if (done)
		ubd_complete(bd->rq);
	return BLK_STS_OK;
}

static irqreturn_t ubd_interrupt(int irq, void *dev)
{
	struct ubd_disk *d = dev;
	struct host_ubd_req *req = host_ubd_take_done(d->host), *next;

	for (; req; req = next) {
		struct ubd_cmd *cmd = container_of(req, struct ubd_cmd, req);

		next = req->next;
		blk_mq_complete_request(blk_mq_rq_from_pdu(cmd));
	}
	um_event_arm(d->event, HOST_EVENT_IN);
	return IRQ_HANDLED;
}

/* The request is with the host, and its pages with it: there is nothing to do
 * but wait, and to say so. */
static enum blk_eh_timer_return ubd_timeout(struct request *rq)
{
	struct ubd_disk *d = rq->q->queuedata;

	pr_warn_ratelimited("%s: the host has not answered for %u s\n",
			    d->name, rq->timeout / HZ);
	return BLK_EH_RESET_TIMER;
}

static const struct blk_mq_ops ubd_mq_ops = {
	.queue_rq	= ubd_queue_rq,
	.complete	= ubd_complete,
	.timeout	= ubd_timeout,
};

/* ---- the device ---- */

static int ubd_getgeo(struct block_device *bdev, struct hd_geometry *geo)
{
	geo->heads = 128;
	geo->sectors = 32;
	geo->cylinders = get_capacity(bdev->bd_disk) / (128 * 32);
	return 0;
}

static const struct block_device_operations ubd_fops = {
	.owner	= THIS_MODULE,
	.getgeo	= ubd_getgeo,
};

/* ---- making disks ---- */

/* ubda, ubdz, ubdaa... */
static void disk_name(char *name, unsigned int unit)
{
	if (unit < 26)
		sprintf(name, "ubd%c", 'a' + unit);
	else
		sprintf(name, "ubd%c%c", 'a' + unit / 26 - 1, 'a' + unit % 26);
}

static void set_limits(struct queue_limits *lim,
		       const struct host_ubd_info *info, u32 flags)
{
	*lim = (struct queue_limits){
		.logical_block_size	= 512,
		.physical_block_size	= info->block,
		.max_hw_sectors		= MAX_BYTES >> SECTOR_SHIFT,
		.max_segments		= SEGMENTS,
		.max_segment_size	= MAX_BYTES,
	};
	if (info->readonly)
		return;
	if (!(flags & HOST_UBD_LAYER))
		lim->features = BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA;
	lim->max_write_zeroes_sectors = MAX_ZERO_BYTES >> SECTOR_SHIFT;
	if (info->can_discard) {
		lim->discard_granularity = 4096;
		lim->max_hw_discard_sectors = UINT_MAX >> SECTOR_SHIFT;
	}
}

static int make_tags(struct ubd_disk *d)
{
	d->tags.ops = &ubd_mq_ops;
	d->tags.nr_hw_queues = num_possible_cpus();
	d->tags.queue_depth = DEPTH;
	d->tags.numa_node = NUMA_NO_NODE;
	d->tags.cmd_size = sizeof(struct ubd_cmd);
	d->tags.flags = BLK_MQ_F_SHOULD_MERGE;
	return blk_mq_alloc_tag_set(&d->tags);
}

static int make_disk(struct ubd_disk *d, unsigned int unit,
		     const struct host_ubd_info *info, u32 flags)
{
	struct queue_limits lim;
	int err = make_tags(d);

	if (err)
		return err;
	set_limits(&lim, info, flags);
	d->gd = blk_mq_alloc_disk(&d->tags, &lim, d);
	if (IS_ERR(d->gd))
		return PTR_ERR(d->gd);
	d->gd->major = UBD_MAJOR;
	d->gd->first_minor = unit * UBD_PARTS;
	d->gd->minors = UBD_PARTS;
	d->gd->fops = &ubd_fops;
	d->gd->private_data = d;
	disk_name(d->gd->disk_name, unit);
	set_capacity(d->gd, info->bytes >> SECTOR_SHIFT);
	set_disk_ro(d->gd, info->readonly);
	d->parent = platform_device_register_simple("uml-blkdev", unit, NULL, 0);
	if (IS_ERR(d->parent))
		return PTR_ERR(d->parent);
	return device_add_disk(&d->parent->dev, d->gd, ubd_sysfs_groups);
}

static void open_host(struct ubd_disk *d, const struct ubd_option *option,
		      const char *layer_dir, u64 layer_max,
		      struct host_ubd_info *info)
{
	struct host_ubd_config config = {
		.name = d->name,
		.file = option->file,
		.backing = option->backing,
		.layer_dir = layer_dir,
		.layer_max = layer_max,
		.flags = option->flags,
		.event = d->event,
	};

	if (host_ubd_open(&config, &d->host, info))
		host_fatal(d->name, info->err, 0);
	if (info->note[0])
		pr_notice("%s: %s\n", d->name, info->note);
}

void ubd_add(unsigned int unit, const struct ubd_option *option,
	     const char *layer_dir, u64 layer_max)
{
	struct host_ubd_info *info = kzalloc(sizeof(*info), GFP_KERNEL);
	struct ubd_disk *d = kzalloc(sizeof(*d), GFP_KERNEL);
	int err;

	if (!d || !info)
		host_fatal("ubd", "out of memory: give a larger mem=", 0);
	snprintf(d->name, sizeof(d->name), "ubd%u", unit);
	d->serial = option->serial;
	d->flags = option->flags;
	d->event = um_event_irq(-1, ubd_interrupt, "ubd", d);
	if (d->event < 0)
		host_fatal(d->name, "host event", -d->event);
	open_host(d, option, layer_dir, layer_max, info);
	um_event_arm(d->event, HOST_EVENT_IN);
	err = make_disk(d, unit, info, option->flags);
	if (err)
		host_fatal(d->name, "block device", -err);
	pr_info("%s: %s: %llu sectors%s%s\n", d->gd->disk_name, option->file,
		info->bytes >> SECTOR_SHIFT,
		info->readonly ? ", read-only" : "",
		option->flags & HOST_UBD_LAYER ? ", throw-away layer" : "");
	kfree(info);
}

int ubd_register(void)
{
	int err = register_blkdev(UBD_MAJOR, "ubd");

	if (err < 0)
		pr_err("ubd: major %d: error %d\n", UBD_MAJOR, err);
	return err < 0 ? err : 0;
}
