// SPDX-License-Identifier: GPL-2.0
/*
 * A guest kernel gone wild lets the host carry out its guests' calls. What
 * these get at is what Landlock and the limits leave (host/confine.c).
 */
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "backend-tests.h"

static int landlock_version(void)
{
	return (int)syscall(444, NULL, 0, 1);
}

/* Call nr, carried out by the host; its result. */
static s64 let_pass(struct guest *g, u64 nr, u64 a, u64 b, u64 c)
{
	struct seccomp_notif_resp r = {
		.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE,
	};

	g->trap.regs = (struct guest_regs) {
		.ip = code_va(code_call_any), .sp = STACK_TOP, .ax = nr,
		.di = a, .si = b, .dx = c,
	};
	guest_run(g, 0);
	expect_call(g, nr);
	r.id = g->t->id;
	ck_assert_int_eq(ioctl(g->t->listener, SECCOMP_IOCTL_NOTIF_SEND, &r), 0);
	g->t->state = T_RUNNING;
	guest_run(g, 0);
	expect_fault(g, SIGILL);
	return (s64)g->trap.regs.ax;
}

START_TEST(calls_that_pass)
{
	struct guest g;

	if (landlock_version() < 1)
		return;
	start(PLAIN);
	guest_make(&g);
	ck_assert_int_gt(let_pass(&g, SYS_getppid, 0, 0, 0), 0);
	strcpy((char *)g.data, "/etc/passwd");
	ck_assert_int_eq(let_pass(&g, SYS_openat, AT_FDCWD, DATA, O_RDONLY), -EACCES);
	ck_assert_int_eq(let_pass(&g, SYS_openat, AT_FDCWD, DATA, O_WRONLY), -EACCES);
	strcpy((char *)g.data, "/tmp");
	ck_assert_int_eq(let_pass(&g, SYS_openat, AT_FDCWD, DATA,
				  O_RDONLY | O_DIRECTORY), -EACCES);
	strcpy((char *)g.data, "/tmp/um-confine");
	ck_assert_int_eq(let_pass(&g, SYS_mkdir, DATA, 0700, 0), -EACCES);
	if (landlock_version() >= 6)
		ck_assert_int_eq(let_pass(&g, SYS_kill, (u64)getpid(), 0, 0), -EPERM);
	expect_well(&g);
	guest_free(&g);
}
END_TEST

TCase *confine_tests(void)
{
	TCase *t = tcase_create("confine");

	tcase_add_test(t, calls_that_pass);
	return t;
}
