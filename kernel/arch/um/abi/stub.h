/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What lies in the stub region of a guest process, and how the host side
 * talks to the code there. Used by stub/stub.S and by host/.
 *
 *   STUB_CODE	read, execute: the sealed stub code
 *   STUB_CTRL	read-only here, written by the kernel process: two pages of
 *		this space (struct stub_ctrl, then the agent's batch)
 *   STUB_SLOTS	read, write: one slot per guest thread: a small header, and
 *		above it the alternate stack for signal frames
 *
 * STUB_CTRL holds no secret and no byte that guest threads may write.
 */
#ifndef UM_ABI_STUB_H
#define UM_ABI_STUB_H

#include "layout.h"

#define STUB_CODE		STUB_START
#define STUB_CODE_SIZE		0x1000
#define STUB_CTRL		(STUB_START + 0x2000)
#define STUB_CTRL_SIZE		0x2000
#define STUB_BATCH		(STUB_CTRL + 0x1000)
#define STUB_SLOTS		(STUB_START + 0x100000)
#define STUB_SLOT_SIZE		0x8000		/* power of two; slots aligned */
#define STUB_SLOT_HEADER	0x100
#define STUB_MAX_SLOTS		32768
#define STUB_REGION_END		(STUB_SLOTS + 0x40000000)	/* slots * size */

/* Descriptors in the zygote and its children. */
#define STUB_FD_PHYSMEM		3
#define STUB_FD_ARENA		4
#define STUB_FD_SOCKETS		5		/* one per vcpu */

/* Host signal that brings a running guest thread into its stub. */
#define STUB_SIG_KICK		10		/* SIGUSR1 */

/* The number with which stub and agent notify: every profile allows it. */
#define STUB_NR_NOTIFY		39		/* getpid */

/* The answer to a stub notification (in rax) is the address of the ucontext
 * from which the thread is to return, or this: the thread ends. The stub
 * believes nothing else of what it had in registers or on its stack. */
#define STUB_EXIT		0

/* Flags with which zygote and spawner call clone(2). */
#define STUB_CLONE_SPACE	0x8011	/* PARENT, SIGCHLD */
#define STUB_CLONE_THREAD	0x50f00	/* VM FS FILES SIGHAND THREAD SYSVSEM */

/* stub_ctrl.command */
#define STUB_CMD_AGENT		1
#define STUB_CMD_THREAD		2
#define STUB_CMD_SPACE		3		/* zygote: fork a guest process */

/* Offsets in struct stub_ctrl. */
#define CTRL_SEQ		0
#define CTRL_COMMAND		4
#define CTRL_FLAGS		8
#define CTRL_LISTENER		12
#define CTRL_SOCKET		16
#define CTRL_PARENT		20
#define CTRL_ARENA_OFFSET	24
#define CTRL_RESULT		32
#define CTRL_DONE		36
#define CTRL_ZERO		40
#define CTRL_STACK		64
#define CTRL_MSG		96
#define CTRL_IOV		160
#define CTRL_CMSG		176
#define CTRL_TAG		208
#define CTRL_FPROG		224
#define CTRL_AGENT_FPROG	240
#define CTRL_SELF		256
#define CTRL_TURNS		264
#define CTRL_TID		268
#define CTRL_BATCH_GO		272
#define CTRL_BATCH_OPS		276
#define CTRL_BATCH_DONE		280
#define CTRL_BATCH_MADE		284
#define CTRL_BATCH_ERROR	288
#define CTRL_FILTER		320		/* shared text of filters */

/* Kinds of agent ops (never system call numbers). */
#define AGENT_MAP_PHYS		1
#define AGENT_UNMAP		2
#define AGENT_PROTECT		3
#define AGENT_MAP_SLOT		4
#define AGENT_XCOMP		5
#define AGENT_BARRIER		6
#define AGENT_MAP_LAZY		7	/* as MAP_PHYS; pages come when touched */
#define AGENT_OP_SIZE		32
#define AGENT_BATCH		128

/* Offsets in a slot's header, written by the kernel before a resume; in the
 * transport `trap` by the stub, too. */
#define SLOT_FS_BASE		0
#define SLOT_GS_BASE		8

/* The transport `trap` only: what the stub has to say, whose turn it is (a
 * futex: 0 the thread's, 1 the vcpu's), and the vcpu's answer. */
#define SLOT_TURN		16
#define SLOT_SIGNAL		20
#define SLOT_UC			24
#define SLOT_ANSWER		32

#ifndef __ASSEMBLER__
#include "types.h"

struct agent_op {
	u32 kind, prot;
	u64 va, len, offset;
};

/* Pointers are addresses in the guest process. */
struct stub_ctrl {
	u32 seq;		/* futex: a new command is there */
	u32 command;		/* STUB_CMD_* */
	u32 filter_flags;	/* for seccomp(2) */
	s32 listener;		/* descriptor seccomp(2) is to return */
	s32 socket;		/* where the listener is sent */
	s32 parent;		/* pid that getppid() is to return */
	u64 arena_offset;	/* STUB_CMD_SPACE: control pages of the child */
	s32 result;		/* zygote only: pid or -errno */
	u32 done;		/* zygote only, futex: seq of the last command
				 * carried out; ~0: not ready yet */
	u64 zero[3];		/* an empty signal set */
	struct { u64 sp; s32 flags; u32 pad; u64 size; u64 pad1; } stack;
	struct {		/* struct msghdr */
		u64 name; u32 namelen, pad; u64 iov, iovlen;
		u64 control, controllen; u32 flags, pad1; u64 pad2;
	} msg;
	struct { u64 base, len; } iov;
	struct { u64 len; s32 level, type; s32 fd; u32 pad[3]; } cmsg;
	u64 tag[2];		/* payload: what the listener is for; written
				 * before seq */
	struct { u16 len; u16 pad[3]; u64 filter; } fprog, agent_fprog;
	/* The transport `trap`. The last four are written with pwrite(2) by
	 * trusted threads: guest threads have no descriptor for that. */
	u64 self;		/* offset of these pages in the arena */
	u32 turns;		/* 1: it is in use */
	u32 tid;		/* of the last thread made */
	u32 batch_go;		/* futex: number of the batch that is there */
	u32 batch_ops;		/* how many ops are in it */
	u32 batch_done;		/* futex: number of the last batch done */
	u32 batch_made;		/* after an error: ops carried out... */
	u32 batch_error;	/* ... and errno of the next one, else 0 */
	u32 pad[7];
	u64 filter[(0x1000 - CTRL_FILTER) / 8];
};

#define STUB_ASSERT(field, off) \
	static_assert(offsetof(struct stub_ctrl, field) == (off), "stub_ctrl")
STUB_ASSERT(seq, CTRL_SEQ);
STUB_ASSERT(command, CTRL_COMMAND);
STUB_ASSERT(filter_flags, CTRL_FLAGS);
STUB_ASSERT(listener, CTRL_LISTENER);
STUB_ASSERT(socket, CTRL_SOCKET);
STUB_ASSERT(parent, CTRL_PARENT);
STUB_ASSERT(arena_offset, CTRL_ARENA_OFFSET);
STUB_ASSERT(result, CTRL_RESULT);
STUB_ASSERT(done, CTRL_DONE);
STUB_ASSERT(zero, CTRL_ZERO);
STUB_ASSERT(stack, CTRL_STACK);
STUB_ASSERT(msg, CTRL_MSG);
STUB_ASSERT(iov, CTRL_IOV);
STUB_ASSERT(cmsg, CTRL_CMSG);
STUB_ASSERT(tag, CTRL_TAG);
STUB_ASSERT(fprog, CTRL_FPROG);
STUB_ASSERT(agent_fprog, CTRL_AGENT_FPROG);
STUB_ASSERT(self, CTRL_SELF);
STUB_ASSERT(turns, CTRL_TURNS);
STUB_ASSERT(tid, CTRL_TID);
STUB_ASSERT(batch_go, CTRL_BATCH_GO);
STUB_ASSERT(batch_ops, CTRL_BATCH_OPS);
STUB_ASSERT(batch_done, CTRL_BATCH_DONE);
STUB_ASSERT(batch_made, CTRL_BATCH_MADE);
STUB_ASSERT(batch_error, CTRL_BATCH_ERROR);
STUB_ASSERT(filter, CTRL_FILTER);
static_assert(sizeof(struct stub_ctrl) == 0x1000, "stub_ctrl");
static_assert(sizeof(struct agent_op) == AGENT_OP_SIZE, "agent_op");
#endif

#endif
