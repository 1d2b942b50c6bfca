// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-tests.h"
#include "kernel/arch/um/host/event.h"

static void setup(void)
{
	event_init();
	test_boot_vcpu();
}

/* The next reported id; waits for it. */
static int next(void)
{
	u32 id;

	while (host_event_take(&id, 1) == 0)
		test_wait_pending(VCPU_PENDING_IO);
	return id;
}

/* Nothing is reported within 20 ms. */
static void expect_silence(void)
{
	u32 id;

	usleep(20000);
	ck_assert_int_eq(host_event_take(&id, 1), 0);
}

START_TEST(pipe_in)
{
	int p[2], id;
	char c;

	ck_assert_int_eq(pipe(p), 0);
	id = host_event_add(p[0]);
	ck_assert_int_ge(id, 0);
	ck_assert_int_eq(write(p[1], "x", 1), 1);
	expect_silence();		/* not armed */
	ck_assert_int_eq(host_event_arm(id, HOST_EVENT_IN), 0);
	ck_assert_int_eq(next(), id);
	expect_silence();		/* one-shot, though still readable */
	ck_assert_int_eq(host_event_arm(id, HOST_EVENT_IN), 0);
	ck_assert_int_eq(next(), id);
	ck_assert_int_eq(read(p[0], &c, 1), 1);
	ck_assert_int_eq(host_event_arm(id, HOST_EVENT_IN), 0);
	expect_silence();
	ck_assert_int_eq(write(p[1], "y", 1), 1);
	ck_assert_int_eq(next(), id);
	host_event_remove(id);
}
END_TEST

START_TEST(hangup)
{
	int p[2], id;

	ck_assert_int_eq(pipe(p), 0);
	id = host_event_add(p[0]);
	close(p[1]);
	expect_silence();		/* epoll reports it; nobody has asked */
	ck_assert_int_eq(host_event_arm(id, HOST_EVENT_IN), 0);
	ck_assert_int_eq(next(), id);
	ck_assert_int_eq(host_event_arm(id, HOST_EVENT_OUT), 0);
	ck_assert_int_eq(next(), id);
}
END_TEST

START_TEST(in_and_out)
{
	int s[2], id;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	id = host_event_add(s[0]);
	ck_assert_int_eq(host_event_arm(id, HOST_EVENT_IN), 0);
	expect_silence();
	ck_assert_int_eq(host_event_arm(id, HOST_EVENT_IN | HOST_EVENT_OUT), 0);
	ck_assert_int_eq(next(), id);
}
END_TEST

START_TEST(event_fd)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	int id = host_event_add(fd);
	u64 one = 1;

	ck_assert_int_eq(host_event_arm(id, HOST_EVENT_IN), 0);
	expect_silence();
	ck_assert_int_eq(write(fd, &one, 8), 8);
	ck_assert_int_eq(next(), id);
}
END_TEST

static const char *const always[] = { "/dev/null", "/proc/self/exe" };

START_TEST(always_ready)
{
	int fd = open(always[_i], O_RDONLY);
	int id = host_event_add(fd);

	ck_assert_int_ge(id, 0);
	expect_silence();
	ck_assert_int_eq(host_event_arm(id, HOST_EVENT_IN), 0);
	ck_assert_int_eq(next(), id);
	ck_assert_int_eq(host_event_arm(id, HOST_EVENT_OUT), 0);
	ck_assert_int_eq(next(), id);
	host_event_remove(id);
	expect_silence();
}
END_TEST

START_TEST(same_fd_twice)
{
	int p[2], a, b, got;

	ck_assert_int_eq(pipe(p), 0);
	a = host_event_add(p[0]);
	b = host_event_add(p[0]);
	ck_assert_int_ge(b, 0);
	ck_assert_int_ne(a, b);
	host_event_arm(a, HOST_EVENT_IN);
	host_event_arm(b, HOST_EVENT_IN);
	ck_assert_int_eq(write(p[1], "x", 1), 1);
	got = next();
	ck_assert_int_eq(got + next(), a + b);
	host_event_remove(a);
	host_event_arm(b, HOST_EVENT_IN);
	ck_assert_int_eq(next(), b);
}
END_TEST

START_TEST(bad_fd)
{
	ck_assert_int_eq(host_event_add(9999), -EBADF);
}
END_TEST

static void *raise_it(void *id)
{
	host_event_raise((long)id);
	return NULL;
}

START_TEST(software)
{
	pthread_t thread;
	int id = host_event_add(-1);

	host_event_raise(id);
	host_event_raise(id);
	ck_assert_int_eq(next(), id);
	expect_silence();
	pthread_create(&thread, NULL, raise_it, (void *)(long)id);
	ck_assert_int_eq(next(), id);
	pthread_join(thread, NULL);
	host_event_raise(id);
	host_event_remove(id);
	expect_silence();
	host_event_raise(id);		/* nobody's now */
	expect_silence();
}
END_TEST

START_TEST(take_in_parts)
{
	u32 ids[HOST_EVENT_MAX];
	int i, n, total = 0, added[100];

	for (i = 0; i < 100; i++)
		added[i] = host_event_add(-1);
	for (i = 0; i < 100; i++)
		host_event_raise(added[i]);
	test_area.pending = 0;
	while ((n = host_event_take(ids, 7)) > 0) {
		total += n;
		if (total < 100)
			ck_assert_uint_eq(test_area.pending, VCPU_PENDING_IO);
		test_area.pending = 0;
	}
	ck_assert_int_eq(total, 100);
}
END_TEST

START_TEST(too_many)
{
	int i;

	for (i = 0; i < HOST_EVENT_MAX; i++)
		ck_assert_int_eq(host_event_add(-1), i);
	ck_assert_int_eq(host_event_add(-1), -ENOSPC);
	host_event_remove(500);
	ck_assert_int_eq(host_event_add(-1), 500);
}
END_TEST

/* Ids are reused at once while the helper has old answers in its hand. A
 * report for the new owner of an id, who has nothing to read, is an error. */
START_TEST(reuse)
{
	int i, busy[2], quiet[2], id;

	ck_assert_int_eq(pipe(busy), 0);
	ck_assert_int_eq(pipe(quiet), 0);
	ck_assert_int_eq(write(busy[1], "x", 1), 1);
	for (i = 0; i < 5000; i++) {
		u32 got;

		id = host_event_add(busy[0]);
		host_event_arm(id, HOST_EVENT_IN);
		if (i % 3)
			usleep(i % 50);
		host_event_remove(id);
		ck_assert_int_eq(host_event_add(quiet[0]), id);
		host_event_arm(id, HOST_EVENT_IN);
		if (i % 7 == 0)
			usleep(50);
		ck_assert_int_eq(host_event_take(&got, 1), 0);
		host_event_remove(id);
	}
}
END_TEST

TCase *event_case(void)
{
	TCase *t = tcase_create("events");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, pipe_in);
	tcase_add_test(t, hangup);
	tcase_add_test(t, in_and_out);
	tcase_add_test(t, event_fd);
	tcase_add_loop_test(t, always_ready, 0, 2);
	tcase_add_test(t, same_fd_twice);
	tcase_add_test(t, bad_fd);
	tcase_add_test(t, software);
	tcase_add_test(t, take_in_parts);
	tcase_add_test(t, too_many);
	tcase_add_test(t, reuse);
	return t;
}
