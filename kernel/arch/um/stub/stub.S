/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All code that runs in the stub region: position independent, copied into a
 * sealed memfd at start (host/arena.c) and mapped read-execute at STUB_CODE in
 * the zygote and so in every guest process.
 *
 * Two kinds of code, kept apart:
 *
 *  - the stub proper runs on guest threads, on memory that the guest may
 *    write, and is trusted with nothing: whatever it says, guest code could
 *    have said;
 *  - zygote, spawner and agent are trusted: they use registers only, no stack
 *    and no memory but the read-only control pages, all signals are blocked,
 *    and rseq, robust list, clear_child_tid and alternate stack are off. A
 *    guest thread of the same process cannot reach their state.
 *
 * r12 = STUB_CTRL throughout trusted code.
 */
#include "../abi/stub.h"

/* A call, and the address by which the filters know it. */
.macro CALL nr, name
	movl	$\nr, %eax
	syscall
	.globl stub_\name\()_ip
stub_\name\()_ip:
.endm

#define NR_mmap			9
#define NR_mprotect		10
#define NR_munmap		11
#define NR_rt_sigprocmask	14
#define NR_rt_sigreturn		15
#define SIG_SETMASK		2
#define NR_write		1
#define NR_close		3
#define NR_pwrite64		18
#define NR_getppid		110
#define NR_sendmsg		46
#define NR_clone		56
#define NR_exit			60
#define NR_sigaltstack		131
#define NR_prctl		157
#define NR_gettid		186
#define NR_arch_prctl		158
#define NR_futex		202
#define NR_exit_group		231
#define NR_seccomp		317
#define NR_membarrier		324
#define NR_close_range		436

#define FUTEX_WAIT		0
#define FUTEX_WAKE		1
#define SIGKILL			9
#define PR_SET_PDEATHSIG	1
#define PROT_READ		1
#define PROT_RW			3
#define MAP_SHARED_FIXED	0x11
#define MAP_POPULATE		0x8000
#define CLOSE_RANGE_UNSHARE	2
#define MSG_NOSIGNAL		0x4000
#define SECCOMP_SET_MODE_FILTER	1
#define ARCH_REQ_XCOMP_PERM	0x1023
#define EINVAL			22

	.section .stub, "ax", @progbits
	.globl stub_begin, stub_end
stub_begin:

/* ---- the stub: signal handler of guest threads ---- */

/*
 * Guest code may come here with registers of its choice. So what counts after
 * the notification is the answer alone: it says where the frame is.
 */
	.globl stub_handler
stub_handler:				/* rdi: signal, rsi: info, rdx: ucontext */
	rdfsbase %r10
	rdgsbase %r8
	CALL	STUB_NR_NOTIFY, notify
stub_return:				/* rax: the answer */
	testq	%rax, %rax
	jle	stub_exit		/* or the listener is gone: ENOSYS */
	movq	%rax, %rsp
	andq	$-STUB_SLOT_SIZE, %rax
	movq	SLOT_FS_BASE(%rax), %rdx
	wrfsbase %rdx
	movq	SLOT_GS_BASE(%rax), %rdx
	wrgsbase %rdx
	.globl stub_restorer
stub_restorer:
	CALL	NR_rt_sigreturn, sigreturn
	hlt
stub_exit:
	xorl	%edi, %edi
	CALL	NR_exit, exit
	hlt

/*
 * The same in the transport `trap`: all that guest code does for the vcpu's
 * attention comes here, and says so in its slot's header. Siblings may write
 * there too; they can only harm each other.
 */
	.globl stub_turn_handler
stub_turn_handler:
	rdfsbase %r10
	rdgsbase %r8
	movq	%rsp, %rbx
	andq	$-STUB_SLOT_SIZE, %rbx
	.globl stub_turn_say
stub_turn_say:				/* rbx: slot */
	movq	%r10, SLOT_FS_BASE(%rbx)
	movq	%r8, SLOT_GS_BASE(%rbx)
	movl	%edi, SLOT_SIGNAL(%rbx)
	movq	%rdx, SLOT_UC(%rbx)
	movl	$1, %eax
	xchgl	%eax, SLOT_TURN(%rbx)
	leaq	SLOT_TURN(%rbx), %rdi
	movl	$FUTEX_WAKE, %esi
	movl	$1, %edx
	CALL	NR_futex, turn_wake
1:	leaq	SLOT_TURN(%rbx), %rdi
	xorl	%esi, %esi		/* FUTEX_WAIT, shared */
	movl	$1, %edx
	xorl	%r10d, %r10d
	CALL	NR_futex, turn_wait
	cmpl	$0, SLOT_TURN(%rbx)
	jne	1b
	movq	SLOT_ANSWER(%rbx), %rax
	jmp	stub_return

/* ---- a new guest thread: its last trusted code ---- */

/*
 * Makes a listener with the filter at fprog, checks its number (the kernel
 * process knows which is free) and sends it. The calls made after the filter
 * is on are allowed at exactly these addresses; to guest code that jumps here
 * they are of no use, since it has no descriptors.
 */
.macro INSTALL_LISTENER name, fprog
	movl	$SECCOMP_SET_MODE_FILTER, %edi
	movl	CTRL_FLAGS(%r12), %esi
	leaq	\fprog(%r12), %rdx
	CALL	NR_seccomp, \name\()_seccomp
	cmpl	CTRL_LISTENER(%r12), %eax
	jne	report
	movl	CTRL_SOCKET(%r12), %edi
	leaq	CTRL_MSG(%r12), %rsi
	movl	$MSG_NOSIGNAL, %edx
	CALL	NR_sendmsg, \name\()_sendmsg
	movl	CTRL_LISTENER(%r12), %edi
	CALL	NR_close, \name\()_close
.endm

guest_thread:
	leaq	CTRL_STACK(%r12), %rdi
	xorl	%esi, %esi
	CALL	NR_sigaltstack, thread_stack
	testl	%eax, %eax
	jnz	report
	INSTALL_LISTENER thread, CTRL_FPROG
	xorl	%edi, %edi
	movl	$-1, %esi
	movl	$CLOSE_RANGE_UNSHARE, %edx
	CALL	NR_close_range, close_range
	/* until here all signals were blocked: none may reach a thread that
	 * has no filter yet, and the stack of its frames is guest memory */
	movl	$SIG_SETMASK, %edi
	leaq	CTRL_ZERO(%r12), %rsi
	xorl	%edx, %edx
	movl	$8, %r10d
	CALL	NR_rt_sigprocmask, unblock
	.globl stub_start_ip
stub_start_ip:
	ud2				/* into the stub, with a full frame */

/* Tells an errno (in eax) as one byte of the table below, and ends: the
 * thread alone, or the process if this was to be its agent. */
report:
	negl	%eax
	movzbl	%al, %eax
	leaq	errno_table(%rip), %rsi
	addq	%rax, %rsi
	movl	$1, %edx
	movl	CTRL_SOCKET(%r12), %edi
	CALL	NR_write, report
	cmpl	$STUB_CMD_AGENT, %ebx
	jne	stub_exit
die:	movl	$1, %edi
	CALL	NR_exit_group, die
	hlt

/* ---- zygote: forks guest processes on command ---- */

	.globl stub_zygote
stub_zygote:
	/* first, away with all that the kernel process had: stack, libc, and
	 * the host's vdso, which nobody needs here */
	xorl	%edi, %edi
	movabsq	$GUEST_TASK_SIZE, %rsi
	CALL	NR_munmap, unmap_low
	testl	%eax, %eax
	jnz	die
	movabsq	$STUB_CODE + STUB_CODE_SIZE, %rdi
	movl	$STUB_CTRL - STUB_CODE - STUB_CODE_SIZE, %esi
	CALL	NR_munmap, unmap_gap
	testl	%eax, %eax
	jnz	die
	movabsq	$STUB_CTRL + STUB_CTRL_SIZE, %rdi
	movl	$STUB_REGION_END - STUB_CTRL - STUB_CTRL_SIZE, %esi
	CALL	NR_munmap, unmap_slots
	testl	%eax, %eax
	jnz	die
	movabsq	$STUB_REGION_END, %rdi
	movabsq	$HOST_TASK_SIZE, %rsi
	subq	%rdi, %rsi
	CALL	NR_munmap, unmap_high
	testl	%eax, %eax
	jnz	die
	movabsq	$STUB_CTRL, %r12	/* its own control page, writable */
	xorl	%r13d, %r13d		/* done: 0, which says ready */
zygote_done:
	movl	%r13d, CTRL_DONE(%r12)
	leaq	CTRL_DONE(%r12), %rdi
	movl	$FUTEX_WAKE, %esi
	movl	$1, %edx
	CALL	NR_futex, zygote_done
zygote_wait:
	leaq	CTRL_SEQ(%r12), %rdi
	xorl	%esi, %esi		/* FUTEX_WAIT, shared */
	movl	%r13d, %edx
	xorl	%r10d, %r10d
	CALL	NR_futex, zygote_wait
	movl	CTRL_SEQ(%r12), %eax
	cmpl	%eax, %r13d
	je	zygote_wait
	movl	%eax, %r13d
	movq	CTRL_ARENA_OFFSET(%r12), %r14
	movl	CTRL_PARENT(%r12), %r15d
	movl	$STUB_CLONE_SPACE, %edi
	xorl	%esi, %esi
	xorl	%edx, %edx
	xorl	%r10d, %r10d
	xorl	%r8d, %r8d
	CALL	NR_clone, zygote_clone
	testl	%eax, %eax
	jz	guest_process
	movl	%eax, CTRL_RESULT(%r12)
	jmp	zygote_done

/* ---- a guest process: becomes the spawner ---- */

guest_process:				/* r14: arena offset, r15: parent */
	movl	$PR_SET_PDEATHSIG, %edi
	movl	$SIGKILL, %esi
	CALL	NR_prctl, pdeathsig
	CALL	NR_getppid, getppid
	cmpl	%r15d, %eax
	jne	die			/* the parent went first */
	movq	%r12, %rdi		/* its own control pages, read-only */
	movl	$STUB_CTRL_SIZE, %esi
	movl	$PROT_READ, %edx
	movl	$MAP_SHARED_FIXED, %r10d
	movl	$STUB_FD_ARENA, %r8d
	movq	%r14, %r9
	CALL	NR_mmap, ctrl
	cmpq	%r12, %rax
	jne	die
	xorl	%r13d, %r13d		/* seq counts from 0 */
spawner_wait:
	leaq	CTRL_SEQ(%r12), %rdi
	xorl	%esi, %esi
	movl	%r13d, %edx
	xorl	%r10d, %r10d
	CALL	NR_futex, spawner_wait
	movl	CTRL_SEQ(%r12), %eax
	cmpl	%eax, %r13d
	je	spawner_wait
	movl	%eax, %r13d
	movl	CTRL_COMMAND(%r12), %ebx
	movl	$STUB_CLONE_THREAD + 0x100, %edi
	subl	$0x100, %edi		/* (0x50f00 has the bytes of syscall) */
	xorl	%esi, %esi		/* same stack pointer: nobody uses it */
	xorl	%edx, %edx
	xorl	%r10d, %r10d
	xorl	%r8d, %r8d
	CALL	NR_clone, spawner_clone
	testl	%eax, %eax
	jz	1f
	jns	spawner_wait
	negl	%eax			/* as in report, but go on */
	movzbl	%al, %eax
	leaq	errno_table(%rip), %rsi
	addq	%rax, %rsi
	movl	$1, %edx
	movl	CTRL_SOCKET(%r12), %edi
	CALL	NR_write, spawner_write
	jmp	spawner_wait
1:	cmpl	$0, CTRL_TURNS(%r12)
	je	3f
	/* nobody is notified of a new thread's number: it tells it, byte by
	 * byte, where guest threads cannot write */
	CALL	NR_gettid, gettid
	movl	%eax, %r14d
	movq	CTRL_SELF(%r12), %r10
	addq	$CTRL_TID, %r10
	movl	$4, %ebp
2:	movzbl	%r14b, %eax
	leaq	errno_table(%rip), %rsi
	addq	%rax, %rsi
	movl	$STUB_FD_ARENA, %edi
	movl	$1, %edx
	CALL	NR_pwrite64, tid_write
	shrl	$8, %r14d
	incq	%r10
	decl	%ebp
	jnz	2b
3:	cmpl	$STUB_CMD_AGENT, %ebx
	jne	guest_thread

/* ---- agent: changes the address space, in batches ---- */

/*
 * Notifies "idle" with (ops done, -errno of the one after them or 0, number of
 * the notification); the answer is the number of ops in the batch. The third
 * tells a new word from one repeated after a stop (SIGSTOP) of the process.
 * rbx: index, r13: notifications, r14: ops, r15: op.
 */
	INSTALL_LISTENER agent, CTRL_AGENT_FPROG
	xorl	%r13d, %r13d
	xorl	%ebx, %ebx
	xorl	%eax, %eax
agent_idle:
	cmpl	$0, CTRL_TURNS(%r12)
	jne	agent_turn
	incl	%r13d
	movl	%ebx, %edi
	movq	%rax, %rsi
	movl	%r13d, %edx
	CALL	STUB_NR_NOTIFY, agent_idle
	cmpq	$AGENT_BATCH, %rax
	ja	die			/* the listener is gone: ENOSYS */
	movl	%eax, %r14d
agent_batch:
	xorl	%ebx, %ebx
	movabsq	$STUB_BATCH, %r15
agent_next:
	xorl	%eax, %eax
	cmpl	%r14d, %ebx
	jae	agent_idle
	movl	4(%r15), %edx		/* prot */
	movq	8(%r15), %rdi		/* va */
	movq	16(%r15), %rsi		/* len */
	movq	24(%r15), %r9		/* offset */
	movl	(%r15), %ecx
	cmpl	$AGENT_MAP_PHYS, %ecx
	je	1f
	cmpl	$AGENT_MAP_LAZY, %ecx
	je	8f
	cmpl	$AGENT_UNMAP, %ecx
	je	2f
	cmpl	$AGENT_PROTECT, %ecx
	je	3f
	cmpl	$AGENT_MAP_SLOT, %ecx
	je	4f
	cmpl	$AGENT_XCOMP, %ecx
	je	5f
	cmpl	$AGENT_BARRIER, %ecx
	je	7f
	movq	$-EINVAL, %rax
	jmp	agent_idle
1:	movl	$MAP_SHARED_FIXED | MAP_POPULATE, %r10d
	movl	$STUB_FD_PHYSMEM, %r8d
	CALL	NR_mmap, agent_phys
	jmp	6f
2:	CALL	NR_munmap, agent_unmap
	jmp	6f
3:	CALL	NR_mprotect, agent_protect
	jmp	6f
4:	movl	$PROT_RW, %edx
	movl	$MAP_SHARED_FIXED, %r10d
	movl	$STUB_FD_ARENA, %r8d
	CALL	NR_mmap, agent_slot
	jmp	6f
5:	movq	%rdi, %rsi
	movl	$ARCH_REQ_XCOMP_PERM, %edi
	CALL	NR_arch_prctl, agent_xcomp
	jmp	6f
8:	movl	$MAP_SHARED_FIXED, %r10d
	movl	$STUB_FD_PHYSMEM, %r8d
	CALL	NR_mmap, agent_lazy
	jmp	6f
7:	xorl	%esi, %esi		/* rdi: the command */
	xorl	%edx, %edx
	CALL	NR_membarrier, agent_barrier
6:	cmpq	$-4095, %rax
	jae	agent_idle
	incl	%ebx
	addq	$AGENT_OP_SIZE, %r15
	jmp	agent_next

/*
 * The transport `trap`: the batch is told by its number in batch_go, and the
 * result by writing that number to batch_done; after an error (rax not 0) how
 * many ops were carried out and errno first, as one byte each.
 * r13: number of the batch at hand, 0 at first.
 */
agent_turn:
	testq	%rax, %rax
	jz	2f
	negq	%rax
	movq	%rax, %rbp
	movl	%ebx, %eax
	movl	$CTRL_BATCH_MADE, %r10d
1:	movzbl	%al, %eax
	leaq	errno_table(%rip), %rsi
	addq	%rax, %rsi
	addq	CTRL_SELF(%r12), %r10
	movl	$STUB_FD_ARENA, %edi
	movl	$1, %edx
	CALL	NR_pwrite64, batch_error
	movl	$CTRL_BATCH_ERROR, %r10d
	movq	%rbp, %rax
	xorl	%ebp, %ebp
	testq	%rax, %rax
	jnz	1b
2:	leaq	CTRL_BATCH_GO(%r12), %rsi
	movq	CTRL_SELF(%r12), %r10
	addq	$CTRL_BATCH_DONE, %r10
	movl	$STUB_FD_ARENA, %edi
	movl	$4, %edx
	CALL	NR_pwrite64, batch_done
	leaq	CTRL_BATCH_DONE(%r12), %rdi
	movl	$FUTEX_WAKE, %esi
	movl	$1, %edx
	CALL	NR_futex, batch_wake
3:	leaq	CTRL_BATCH_GO(%r12), %rdi
	xorl	%esi, %esi		/* FUTEX_WAIT, shared */
	movl	%r13d, %edx
	xorl	%r10d, %r10d
	CALL	NR_futex, batch_wait
	movl	CTRL_BATCH_GO(%r12), %eax
	cmpl	%eax, %r13d
	je	3b
	movl	%eax, %r13d
	movl	CTRL_BATCH_OPS(%r12), %r14d
	cmpl	$AGENT_BATCH, %r14d
	ja	die
	jmp	agent_batch

/* byte i is i: what a trusted thread writes from to tell an errno */
errno_table:
	.set	i, 0
	.rept	256
	.byte	i
	.set	i, i + 1
	.endr
stub_end:
	.section .note.GNU-stack,"",@progbits
