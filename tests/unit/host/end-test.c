// SPDX-License-Identifier: GPL-2.0
/* The end of the process; physmem; lockdown. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-tests.h"
#include "kernel/arch/um/abi/host_vcpu.h"
#include "kernel/arch/um/host/allow.h"
#include "kernel/arch/um/host/exit.h"
#include "kernel/arch/um/host/lockdown.h"
#include "kernel/arch/um/host/physmem.h"

/* ---- clean-ups ---- */

static int log_fd;

static void note(char c)
{
	ck_assert_int_eq(write(log_fd, &c, 1), 1);
}

static void clean_a(void)
{
	note('a');
}

static void clean_b(void)
{
	note('b');
}

static void clean_again(void)
{
	note('c');
	host_exit(9);
}

/* Runs fn in a child; returns its wait status and what was noted. */
static int in_child(void (*fn)(void), char notes[16])
{
	int p[2], status;
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(pipe(p), 0);
	pid = fork();
	if (pid == 0) {
		log_fd = p[1];
		test_boot_vcpu();
		host_at_exit(clean_a);
		host_at_exit(clean_b);
		fn();
		_exit(99);
	}
	close(p[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	n = read(p[0], notes, 15);
	notes[n > 0 ? n : 0] = '\0';
	return status;
}

static void do_exit(void)
{
	host_exit(3);
}

static void do_abort(void)
{
	host_abort();
}

static void do_fatal(void)
{
	dup2(open("/dev/null", O_WRONLY), 2);
	host_fatal("test", "thing", ENOENT);
}

static void do_recursive(void)
{
	host_at_exit(clean_again);
	host_exit(3);
}

static void on_alarm(int sig)
{
	(void)sig;
	host_exit(4);
}

static void do_from_handler(void)
{
	signal(SIGUSR1, on_alarm);
	raise(SIGUSR1);
}

static void *exit_thread(void *unused)
{
	host_exit(5);
	return unused;
}

static void do_from_threads(void)
{
	pthread_t t[4];
	int i;

	for (i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, exit_thread, NULL);
	for (;;)
		pause();
}

static void do_term_twice(void)
{
	kill(getpid(), SIGTERM);
	kill(getpid(), SIGTERM);	/* too soon to count */
	if (!(test_area.pending & VCPU_PENDING_TERM))
		_exit(98);
	usleep(1100000);
	kill(getpid(), SIGTERM);
}

/* Once only, and nobody looks. */
static void do_term_unseen(void)
{
	kill(getpid(), SIGTERM);
	for (;;)
		pause();
}

static void do_term_seen(void)
{
	kill(getpid(), SIGTERM);
	test_area.pending = 0;
	while (sleep(7))
		;
	_exit(7);
}

static void do_int_looked_at(void)
{
	kill(getpid(), SIGINT);
	test_area.pending = 0;
	usleep(1100000);
	kill(getpid(), SIGINT);
	_exit(test_area.pending == VCPU_PENDING_INT ? 6 : 97);
}

static const struct {
	void (*fn)(void);
	int status;
	const char *notes;
} ends[] = {
	{ do_exit, 3 << 8, "ba" },
	{ do_abort, SIGABRT, "ba" },
	{ do_fatal, 1 << 8, "ba" },
	{ do_recursive, 1 << 8, "c" },
	{ do_from_handler, 4 << 8, "ba" },
	{ do_from_threads, 5 << 8, "ba" },
	{ do_term_twice, (128 + SIGTERM) << 8, "ba" },
	{ do_term_unseen, (128 + SIGTERM) << 8, "ba" },
	{ do_term_seen, 7 << 8, "" },
	{ do_int_looked_at, 6 << 8, "" },
};

START_TEST(end)
{
	char notes[16];
	int status = in_child(ends[_i].fn, notes);

	ck_assert_int_eq(status & ~0x80, ends[_i].status);
	ck_assert_str_eq(notes, ends[_i].notes);
}
END_TEST

START_TEST(too_many_clean_ups)
{
	int i, ret = 0;

	for (i = 0; i < 100 && !ret; i++)
		ret = host_at_exit(clean_a);
	ck_assert_int_eq(ret, -ENOSPC);
}
END_TEST

TCase *exit_case(void)
{
	TCase *t = tcase_create("exit");

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, end, 0, sizeof(ends) / sizeof(ends[0]));
	tcase_add_test(t, too_many_clean_ups);
	return t;
}

/* ---- physmem ---- */

#define BYTES (32ull << 20)
#define RW (HOST_PROT_READ | HOST_PROT_WRITE)

static volatile u32 *word(u64 addr)
{
	return (volatile u32 *)addr;
}

START_TEST(kmap)
{
	u64 va = UM_VMALLOC_START + (1 << 20);

	physmem_init(BYTES);
	*word(UM_PHYSMEM_START + 8192) = 42;
	ck_assert_int_eq(host_kmap(va, 8192, 4096, RW), 0);
	ck_assert_uint_eq(*word(va), 42);
	*word(va) = 43;
	ck_assert_uint_eq(*word(UM_PHYSMEM_START + 8192), 43);
	host_kunmap(va, 4096);
	ck_assert_int_eq(host_kmap(va, 0, 4096, HOST_PROT_READ), 0);
	ck_assert_uint_eq(*word(va), 0);
}
END_TEST

START_TEST(kmap_exec)
{
	u64 va = UM_MODULES_END - (16 << 20);

	physmem_init(BYTES);
	*(volatile u8 *)UM_PHYSMEM_START = 0xc3;	/* ret */
	ck_assert_int_eq(host_kmap(va, 0, 4096, HOST_PROT_READ | HOST_PROT_EXEC), 0);
	((void (*)(void))va)();
}
END_TEST

START_TEST(kmap_bounds)
{
	physmem_init(BYTES);
	ck_assert_int_eq(host_kmap(0x50000, 0, 4096, RW), -EINVAL);
	ck_assert_int_eq(host_kmap(UM_PHYSMEM_START, 0, 4096, RW), -EINVAL);
	ck_assert_int_eq(host_kmap(UM_VMALLOC_END - 4096, 0, 8192, RW), -EINVAL);
	ck_assert_int_eq(host_kmap(UM_VMALLOC_START, BYTES, 4096, RW), -EINVAL);
	ck_assert_int_eq(host_kmap(UM_VMALLOC_START, 0, ~0ull & ~4095, RW), -EINVAL);
	ck_assert_int_eq(host_physmem_release(BYTES - 4096, 8192), -EINVAL);
}
END_TEST

START_TEST(unmapped_faults)
{
	physmem_init(BYTES);
	host_kmap(UM_VMALLOC_START, 0, 4096, RW);
	host_kunmap(UM_VMALLOC_START, 4096);
	*word(UM_VMALLOC_START) = 1;
}
END_TEST

START_TEST(release)
{
	physmem_init(BYTES);
	*word(UM_PHYSMEM_START + 4096) = 1;
	*word(UM_PHYSMEM_START + 12288) = 2;
	ck_assert_int_eq(host_physmem_release(4096, 4096), 0);
	ck_assert_uint_eq(*word(UM_PHYSMEM_START + 4096), 0);
	ck_assert_uint_eq(*word(UM_PHYSMEM_START + 12288), 2);
}
END_TEST

START_TEST(not_in_children)
{
	int status;
	pid_t pid;

	physmem_init(BYTES);
	pid = fork();
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		*word(UM_PHYSMEM_START) = 1;
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status));
}
END_TEST

/* The host cannot supply a page, as seen by a mapping of a shorter file. */
START_TEST(host_out_of_memory)
{
	int fd;

	dup2(open("/dev/null", O_WRONLY), 2);
	test_boot_vcpu();
	fd = physmem_init(BYTES);
	ck_assert_int_eq(ftruncate(fd, BYTES / 2), 0);
	*word(UM_PHYSMEM_START) = 1;
	*word(UM_PHYSMEM_START + BYTES - 4096) = 1;
}
END_TEST

TCase *physmem_case(void)
{
	TCase *t = tcase_create("physmem");

	tcase_add_test(t, kmap);
	tcase_add_test(t, kmap_exec);
	tcase_add_test(t, kmap_bounds);
	tcase_add_test(t, release);
	tcase_add_test(t, not_in_children);
	tcase_add_test_raise_signal(t, unmapped_faults, SIGSEGV);
	tcase_add_exit_test(t, host_out_of_memory, 1);
	return t;
}

/* ---- lockdown ---- */

HOST_ALLOW_ARG32(socket, 0, AF_UNIX);
HOST_ALLOW_ARG(lseek, 1, 0x100000001ull);
HOST_ALLOW_MASKED(dup3, 2, O_CLOEXEC, O_CLOEXEC);
HOST_ALLOW_ARG32(fcntl, 1, F_GETFD);

static int go_on;

static void *denied_in_thread(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&go_on, __ATOMIC_SEQ_CST))
		usleep(100);
	return (void *)syscall(SYS_open, "/", O_RDONLY);
}

static void *allowed_in_thread(void *unused)
{
	return unused;
}

/* Exit status: number of the first check that failed. */
#define TRY(n, cond) do { if (!(cond)) _exit(n); } while (0)

static void locked(void)
{
	pthread_t before, after;
	void *ret;

	pthread_create(&before, NULL, denied_in_thread, NULL);
	TRY(1, host_lockdown() == 0);
	TRY(2, lockdown_active());
	TRY(3, syscall(SYS_open, "/", O_RDONLY) == -1 && errno == EPERM);
	TRY(4, write(-1, "", 0) == -1 && errno == EBADF);
	/* arguments: int, 64 bits, mask, two rules of one call in two files */
	TRY(5, syscall(SYS_socket, AF_INET, SOCK_STREAM, 0) == -1 && errno == EPERM);
	TRY(6, syscall(SYS_socket, AF_UNIX | 7ull << 32, SOCK_STREAM, 0) >= 0);
	TRY(7, syscall(SYS_lseek, -1, 1, 0) == -1 && errno == EPERM);
	TRY(8, syscall(SYS_lseek, -1, 0x100000001ull, 0) == -1 && errno == EBADF);
	TRY(9, syscall(SYS_dup3, -1, 5, 0) == -1 && errno == EPERM);
	TRY(10, syscall(SYS_dup3, -1, 5, O_CLOEXEC | 0x40) == -1 && errno != EPERM);
	TRY(11, syscall(SYS_fcntl, -1, F_GETFD) == -1 && errno == EBADF);
	TRY(12, syscall(SYS_fcntl, -1, F_DUPFD_CLOEXEC, 0) == -1 && errno == EBADF);
	TRY(13, syscall(SYS_fcntl, -1, F_SETFL, 0) == -1 && errno == EPERM);
	/* signals to ourselves only */
	TRY(14, syscall(SYS_tgkill, getpid(), gettid(), 0) == 0);
	TRY(15, syscall(SYS_tgkill, getppid(), getppid(), 0) == -1 && errno == EPERM);
	TRY(16, syscall(SYS_kill, getppid(), 0) == -1 && errno == EPERM);
	/* threads can be made, processes cannot */
	TRY(17, pthread_create(&after, NULL, allowed_in_thread, NULL) == 0);
	TRY(18, pthread_join(after, NULL) == 0);
	TRY(19, fork() == -1);
	__atomic_store_n(&go_on, 1, __ATOMIC_SEQ_CST);
	pthread_join(before, &ret);
	TRY(20, (long)ret == -1);
	_exit(0);
}

START_TEST(allow_list)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		locked();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(switched_off)
{
	lockdown_options(true, false);
	ck_assert_int_eq(host_lockdown(), 0);
	ck_assert(!lockdown_active());
	ck_assert_int_ge(syscall(SYS_open, "/", O_RDONLY), 0);
}
END_TEST

TCase *lockdown_case(void)
{
	TCase *t = tcase_create("lockdown");

	tcase_add_test(t, allow_list);
	tcase_add_test(t, switched_off);
	return t;
}
