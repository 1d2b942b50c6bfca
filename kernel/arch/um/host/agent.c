// SPDX-License-Identifier: GPL-2.0
/*
 * Agents: the thread of each space that maps and unmaps. Idle, it waits in a
 * notification; the answer is a batch's length, the next notification its
 * result. So it runs on our CPU, in our time. (Without listeners: turn.c.)
 *
 * nr_maps counts what the host may have at most: an op that changes part of a
 * mapping makes up to two more. Near the limit everything is unmapped; the
 * guest kernel faults it back.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>

#include "backend_priv.h"
#include "place.h"

#define MAPS_AT_START	16

static int hear_first(struct host_mm *hmm, int fd)
{
	struct seccomp_notif n;
	int ret;

	if (backend.turns) {
		hmm->agent_tid = hmm->ctrl->tid;
		return turn_agent_start(hmm);
	}
	hmm->agent_fd = fd;
	notif_setup(fd);
	ret = notif_wait(fd, &n);
	hmm->agent_id = n.id;
	hmm->agent_seq = n.data.args[2];
	hmm->agent_tid = n.pid;
	return ret;
}

int agent_start(struct host_mm *hmm)
{
	int ret = zygote_receive(hmm);

	if (ret < 0)
		return ret;
	hmm->agent_cpu = -1;
	hmm->nr_maps = MAPS_AT_START;
	return hear_first(hmm, ret);
}

/* Answers until a later word than that of the answered notification comes. */
static int hand_over(struct host_mm *hmm, u32 nops, u32 *made, int *err)
{
	struct seccomp_notif n;
	int ret;

	do {
		ret = notif_send(hmm->agent_fd, hmm->agent_id, nops);
		if (ret && ret != -ENOENT)
			return ret;
		ret = notif_wait(hmm->agent_fd, &n);
		if (ret)
			return ret;
		hmm->agent_id = n.id;
	} while ((u32)n.data.args[2] == hmm->agent_seq);
	hmm->agent_seq = n.data.args[2];
	*made = n.data.args[0];
	*err = n.data.args[1];
	return 0;
}

int agent_run(struct host_mm *hmm, int nops)
{
	int ret, err;
	u32 made;

	if (hmm->dead)
		return -ESRCH;
	count(C_BATCHES);
	/* whoever wakes many is not followed by them, though SYNC_WAKE_UP says so */
	follow_vcpu(hmm->agent_tid, &hmm->agent_cpu);
	ret = backend.turns ? turn_agent_run(hmm, nops, &made, &err) :
			      hand_over(hmm, nops, &made, &err);
	if (ret) {
		space_kill(hmm);
		return -ESRCH;
	}
	return made < (u32)nops ? err ?: -EIO : 0;
}

static void put_unmap_all(struct host_mm *hmm, int *n)
{
	hmm->batch[(*n)++] = (struct agent_op) {
		.kind = AGENT_UNMAP, .va = 0, .len = GUEST_TASK_SIZE,
	};
	hmm->nr_maps = MAPS_AT_START + hmm->nr_slots;
	count(C_FLUSHES);
}

int agent_flush(struct host_mm *hmm)
{
	int n = 0;

	put_unmap_all(hmm, &n);
	return agent_run(hmm, n) ? -ESRCH : 0;
}

int agent_map_slot(struct host_mm *hmm, u64 va, s64 offset)
{
	const struct agent_op op = {
		.kind = AGENT_MAP_SLOT, .va = va,
		.len = STUB_SLOT_SIZE, .offset = offset,
	};
	int ret;

	hmm->nr_maps++;
	hmm->batch[0] = op;
	ret = agent_run(hmm, 1);
	if (ret != -ENOMEM)
		return ret;
	ret = agent_flush(hmm);
	hmm->batch[0] = op;
	return ret ?: agent_run(hmm, 1);
}

/* ---- what the guest kernel asks for ---- */

static const u32 agent_kind[] = {
	[HOST_MAP_PHYS] = AGENT_MAP_PHYS,
	[HOST_MAP_UNMAP] = AGENT_UNMAP,
	[HOST_MAP_PROTECT] = AGENT_PROTECT,
};

/* What is only read, and not all of it perhaps (a program's text), comes when it
 * is touched: the host then maps 64 KiB at a time. To map a page beforehand costs
 * about a tenth of that. */
#define LAZY_ABOVE	(64 << 10)

static u32 kind_of(const struct host_map_op *op)
{
	if (op->kind == HOST_MAP_PHYS && !(op->prot & HOST_PROT_WRITE) &&
	    op->len > LAZY_ABOVE)
		return AGENT_MAP_LAZY;
	return agent_kind[op->kind];
}

static bool op_valid(const struct host_map_op *op)
{
	return op->kind >= HOST_MAP_PHYS && op->kind <= HOST_MAP_PROTECT &&
	       op->len && op->va < GUEST_TASK_SIZE &&
	       op->len <= GUEST_TASK_SIZE - op->va && !((op->va | op->len) & 4095);
}

static bool ops_valid(const struct host_map_op *ops, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (!op_valid(&ops[i]))
			return false;
	return true;
}

static int update_locked(struct host_mm *hmm, const struct host_map_op *ops,
			 int n, bool *flushed)
{
	int i, m = 0, ret;

	if (hmm->nr_maps + 2 * n > backend.max_maps) {
		*flushed = true;
		put_unmap_all(hmm, &m);
	}
	for (i = 0; i < n; i++) {
		hmm->batch[m++] = (struct agent_op) {
			.kind = kind_of(&ops[i]), .prot = ops[i].prot,
			.va = ops[i].va, .len = ops[i].len, .offset = ops[i].gpa,
		};
		hmm->nr_maps += ops[i].kind == HOST_MAP_UNMAP ? 1 : 2;
		count(ops[i].kind == HOST_MAP_UNMAP ? C_UNMAPS : C_MAPS);
		if (m == AGENT_BATCH) {
			ret = agent_run(hmm, m);
			if (ret)
				return ret;
			m = 0;
		}
	}
	return m ? agent_run(hmm, m) : 0;
}

int host_mm_update(struct host_mm *hmm, const struct host_map_op *ops, int n,
		   bool *flushed)
{
	int ret;

	*flushed = false;
	if (!ops_valid(ops, n))
		return -EINVAL;
	spin_lock(&hmm->lock);
	ret = n ? update_locked(hmm, ops, n, flushed) : 0;
	if (ret && ret != -ESRCH)
		ret = agent_flush(hmm) ?: -ENOMEM;
	spin_unlock(&hmm->lock);
	return ret;
}

/* The host has the process register first, which costs only the first time. */
int host_mm_barrier(struct host_mm *hmm)
{
	int ret;

	spin_lock(&hmm->lock);
	hmm->batch[0] = (struct agent_op) {
		.kind = AGENT_BARRIER,
		.va = MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED,
	};
	hmm->batch[1] = (struct agent_op) {
		.kind = AGENT_BARRIER, .va = MEMBARRIER_CMD_PRIVATE_EXPEDITED,
	};
	ret = agent_run(hmm, 2);
	spin_unlock(&hmm->lock);
	return ret;
}

int host_mm_req_xcomp(struct host_mm *hmm, u64 feature)
{
	int ret;

	spin_lock(&hmm->lock);
	hmm->batch[0] = (struct agent_op) { .kind = AGENT_XCOMP, .va = feature };
	ret = agent_run(hmm, 1);
	hmm->granted |= !ret;
	spin_unlock(&hmm->lock);
	return ret;
}
