// SPDX-License-Identifier: GPL-2.0
/*
 * What a space has, and has not, before its first guest code runs. An rseq
 * area or a robust list that a trusted thread still had would be written by
 * the host into memory that the guest may map later; a signal it does not
 * block would run a handler there.
 */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "backend-tests.h"
#include "abi/stub.h"

/* All but SIGKILL and SIGSTOP. */
#define ALL_BLOCKED (~0ull & ~(1ull << (SIGKILL - 1)) & ~(1ull << (SIGSTOP - 1)))

static u64 blocked(int pid, int tid)
{
	unsigned long long mask = 0;
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "SigBlk: %llx", &mask) == 1)
			break;
	fclose(f);
	return mask;
}

/* Entries of a directory of numbers; the last n are in them. */
static int numbers(const char *path, int *them, int max)
{
	struct dirent *e;
	DIR *d = opendir(path);
	int n = 0;

	if (!d)
		return -errno;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.') {
			ck_assert_int_lt(n, max);
			them[n++] = atoi(e->d_name);
		}
	closedir(d);
	return n;
}

static int open_files(int pid, int tid)
{
	char path[64];
	int fds[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/fd", pid, tid);
	return numbers(path, fds, 64);
}

/* No robust list, no rseq area. -EPERM: who is not root cannot look. A thread
 * that waits killably cannot be stopped to be asked for its rseq area; that is
 * the same in the modes without. */
static int shed(int tid, bool can_stop)
{
	struct __ptrace_rseq_configuration rseq = {};
	void *head = &rseq;
	size_t len;
	int status;
	long ret;

	if (syscall(SYS_get_robust_list, tid, &head, &len))
		return -errno;
	ck_assert_ptr_null(head);
	if (!can_stop)
		return 0;
	ck_assert_int_eq(ptrace(PTRACE_SEIZE, tid, NULL, NULL), 0);
	ck_assert_int_eq(ptrace(PTRACE_INTERRUPT, tid, NULL, NULL), 0);
	ck_assert_int_eq(waitpid(tid, &status, __WALL), tid);
	ret = ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid, sizeof(rseq), &rseq);
	if (ret < 0)
		ck_assert_int_eq(errno, EIO);	/* hosts before 5.13 */
	ck_assert_uint_eq(rseq.rseq_abi_pointer, 0);
	ck_assert_int_eq(ptrace(PTRACE_DETACH, tid, NULL, NULL), 0);
	return 0;
}

START_TEST(trusted_threads)
{
	int tids[64], n, i, err, trusted = 0;
	struct guest g;
	char path[64];

	start(_i);
	guest_make(&g);
	snprintf(path, sizeof(path), "/proc/%d/task", g.mm->pid);
	n = numbers(path, tids, 64);
	ck_assert_int_eq(n, 3);		/* spawner, agent, guest's */
	for (i = 0; i < n; i++) {
		if (tids[i] != g.t->tid) {
			ck_assert_uint_eq(blocked(g.mm->pid, tids[i]), ALL_BLOCKED);
			trusted++;
		}
		err = shed(tids[i], _i == NO_KILLABLE || _i == NEITHER);
		ck_assert_int_eq(err, getuid() ? -EPERM : 0);
	}
	ck_assert_int_eq(trusted, 2);
	guest_free(&g);
}
END_TEST

START_TEST(descriptors)
{
	struct guest g;
	int n;

	start(_i);
	guest_make(&g);
	n = open_files(g.mm->pid, g.t->tid);
	if (getuid())
		ck_assert_int_eq(n, -EACCES);	/* not dumpable */
	else
		ck_assert_int_eq(n, 0);
	guest_free(&g);
}
END_TEST

/* Nothing of the kernel process: what the guest has, and the stub's region. */
START_TEST(memory)
{
	unsigned long long from, to;
	char path[64], line[512];
	struct guest g;
	int lines = 0;
	FILE *f;

	start(_i);
	guest_make(&g);
	snprintf(path, sizeof(path), "/proc/%d/maps", g.mm->pid);
	f = fopen(path, "re");
	if (!f) {
		ck_assert_int_ne(getuid(), 0);
		guest_free(&g);
		return;
	}
	while (fgets(line, sizeof(line), f)) {
		ck_assert_int_eq(sscanf(line, "%llx-%llx", &from, &to), 2);
		if (strstr(line, "[vsyscall]"))
			continue;
		if (from == CODE || from == DATA)
			ck_assert_msg(to - from <= 4096, "%s", line);
		else
			ck_assert_msg(from >= STUB_START, "%s", line);
		lines++;
	}
	fclose(f);
	ck_assert_int_gt(lines, 2);
	guest_free(&g);
}
END_TEST

TCase *birth_tests(void)
{
	TCase *t = tcase_create("birth");

	tcase_add_loop_test(t, trusted_threads, 0, NR_MODES);
	tcase_add_loop_test(t, descriptors, 0, NR_MODES);
	tcase_add_loop_test(t, memory, 0, NR_MODES);
	return t;
}
