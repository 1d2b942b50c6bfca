// SPDX-License-Identifier: GPL-2.0
/*
 * The seccomp filter of a container without capabilities, after Docker's
 * default profile: what is not in the list fails with EPERM. The profile also
 * lists calls of the 32-bit and x32 tables; here all of those fail.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"
#include "sandbox_calls.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ARG(i) (offsetof(struct seccomp_data, args) + 8 * (i))

enum { MAX_INSNS = 1024 };

static struct sock_filter insns[MAX_INSNS];
static unsigned int len;

/* All namespaces but that of the time, whose bit is a signal number's. */
static const unsigned int clone_namespaces =
	CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
	CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

static const unsigned int personalities[] = {
	0, 0x8, 0x20000, 0x20008, 0xffffffff,
};

/* Address families that are denied: of the little used, and AF_VSOCK. */
static const unsigned int denied_families[] = {
	AF_DECnet, 19, 20, AF_IRDA, 25, 34, 37, AF_ALG, AF_VSOCK,
};

enum { LAST_FAMILY = 45 };

static void emit(unsigned short code, unsigned int k, unsigned char jt,
		 unsigned char jf)
{
	if (len < MAX_INSNS)
		insns[len] = (struct sock_filter){ code, jt, jf, k };
	len++;
}

static void load(unsigned int offset)
{
	emit(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void verdict(unsigned int action)
{
	emit(BPF_RET | BPF_K, action, 0, 0);
}

static void deny(int err)
{
	verdict(SECCOMP_RET_ERRNO | (unsigned int)err);
}

/* The verdict, if the accumulator is k. */
static void if_equal(unsigned int k, unsigned int action)
{
	emit(BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1);
	verdict(action);
}

/* What follows is for call nr only; returns the place end_call() needs. */
static unsigned int begin_call(unsigned int nr)
{
	emit(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 0);
	return len - 1;
}

static void end_call(unsigned int begin)
{
	deny(EPERM);
	insns[begin].jf = (unsigned char)(len - begin - 1);
}

static void socket_rules(void)
{
	unsigned int begin = begin_call(SYS_socket);

	load(ARG(0));
	for (size_t i = 0; i < COUNT(denied_families); i++)
		if_equal(denied_families[i], SECCOMP_RET_ERRNO | EPERM);
	emit(BPF_JMP | BPF_JGT | BPF_K, LAST_FAMILY, 1, 0);
	verdict(SECCOMP_RET_ALLOW);
	end_call(begin);
}

static void personality_rules(void)
{
	unsigned int begin = begin_call(SYS_personality);

	load(ARG(0));
	for (size_t i = 0; i < COUNT(personalities); i++)
		if_equal(personalities[i], SECCOMP_RET_ALLOW);
	end_call(begin);
}

static void clone_rules(void)
{
	unsigned int begin = begin_call(SYS_clone);

	load(ARG(0));
	emit(BPF_JMP | BPF_JSET | BPF_K, clone_namespaces, 1, 0);
	verdict(SECCOMP_RET_ALLOW);
	end_call(begin);
}

static void build(bool listen)
{
	load(offsetof(struct seccomp_data, arch));
	emit(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	deny(EPERM);
	load(offsetof(struct seccomp_data, nr));
	if (listen)
		if_equal(SYS_mknod, SECCOMP_RET_USER_NOTIF);
	for (size_t i = 0; i < COUNT(allowed_calls); i++)
		if_equal(allowed_calls[i], SECCOMP_RET_ALLOW);
	if_equal(SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
	socket_rules();
	personality_rules();
	clone_rules();
	deny(EPERM);
}

int sandbox_filter(bool listen)
{
	struct sock_fprog prog = { .filter = insns };
	int fd;

	build(listen);
	if (len > MAX_INSNS) {
		errno = E2BIG;
		return -1;
	}
	prog.len = (unsigned short)len;
	if (!listen)
		return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
	fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			  SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
	return fd < 0 ? -1 : fcntl(fd, F_SETFD, 0);
}
