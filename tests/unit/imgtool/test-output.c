// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imgtool/io/output.h"
#include "imgtool/msg.h"
#include "tests/unit/imgtool/suite.h"

static char name[100];

static void begin(struct output *out)
{
	snprintf(name, sizeof(name), "test-output.%ld.img", (long)getpid());
	unlink(name);
	ck_assert_int_eq(output_open(out, name), 0);
}

static void expect(struct output *out, uint64_t offset, char c, size_t length)
{
	char *data = mem_alloc(length);
	size_t i;

	ck_assert_int_eq(output_read(out, offset, data, length), 0);
	for (i = 0; i < length; i++)
		ck_assert_msg(data[i] == c, "byte %zu is %d",
			      (size_t)offset + i, data[i]);
	free(data);
}

static void write_run(struct output *out, uint64_t offset, char c,
		      size_t length)
{
	char *data = mem_alloc(length);

	memset(data, c, length);
	ck_assert_int_eq(output_write(out, offset, data, length), 0);
	free(data);
}

START_TEST(pieces)
{
	struct output out;
	struct stat st;

	begin(&out);
	write_run(&out, 0, 'a', 100);
	write_run(&out, 100, 'b', 100);
	write_run(&out, 5000, 'c', 10);
	write_run(&out, 200, 'd', 10);
	write_run(&out, 8192, 'e', 3 << 20);
	expect(&out, 0, 'a', 100);
	expect(&out, 100, 'b', 100);
	expect(&out, 200, 'd', 10);
	expect(&out, 210, 0, 4790);
	expect(&out, 5000, 'c', 10);
	expect(&out, 8192, 'e', 3 << 20);
	expect(&out, 8192 + (3 << 20), 0, 100); /* behind the end */
	ck_assert(stat(name, &st) < 0);
	ck_assert_int_eq(output_commit(&out), 0);
	ck_assert(!stat(name, &st));
	ck_assert_int_eq(st.st_size, 8192 + (3 << 20));
	unlink(name);
}
END_TEST

/* Two inodes in one block, written with something else between: the second
 * must not wipe out the first. */
START_TEST(shared_block)
{
	struct output out;

	begin(&out);
	write_run(&out, 4096, 'a', 256);
	write_run(&out, 0, 'x', 4096);
	write_run(&out, 4096 + 512, 'b', 256);
	write_run(&out, 8192, 'c', 10);
	expect(&out, 4096, 'a', 256);
	expect(&out, 4096 + 256, 0, 256);
	expect(&out, 4096 + 512, 'b', 256);
	expect(&out, 8192, 'c', 10);
	output_abort(&out);
}
END_TEST

START_TEST(own_block)
{
	struct output out;

	begin(&out);
	write_run(&out, 0, 'a', 100);
	output_own_block(&out);
	write_run(&out, 4096, 'b', 100);
	ck_assert_uint_eq(out.used, 4196);
	output_own_block(&out);
	write_run(&out, 4196, 'c', 100); /* goes on with it */
	ck_assert_uint_eq(out.used, 4296);
	expect(&out, 0, 'a', 100);
	expect(&out, 100, 0, 3996);
	expect(&out, 4096, 'b', 100);
	expect(&out, 4196, 'c', 100);
	output_abort(&out);
}
END_TEST

START_TEST(zeros)
{
	struct output out;

	begin(&out);
	write_run(&out, 0, 'a', 100000);
	ck_assert_int_eq(output_zero(&out, 4096, 8192), 0);
	expect(&out, 0, 'a', 4096);
	expect(&out, 4096, 0, 8192);
	expect(&out, 12288, 'a', 100000 - 12288);
	ck_assert_int_eq(output_zero(&out, 1 << 20, 4096), 0);
	output_abort(&out);
}
END_TEST

START_TEST(copies)
{
	char source[] = "test-output.XXXXXX", *data = mem_alloc(1 << 20);
	int fd = mkstemp(source);
	struct output out;

	unlink(source);
	memset(data, 's', 1 << 20);
	ck_assert(write(fd, data, 1 << 20) == 1 << 20);
	begin(&out);
	ck_assert_int_eq(output_copy(&out, 0, fd, 0, 1000, "s"), 0);
	ck_assert_int_eq(output_copy(&out, 4096, fd, 5, 1 << 19, "s"), 0);
	expect(&out, 0, 's', 1000);
	expect(&out, 1000, 0, 3096);
	expect(&out, 4096, 's', 1 << 19);
	/* shorter than it should be, small and large */
	ck_assert_int_eq(output_copy(&out, 0, fd, (1 << 20) - 5, 10, "s"), -1);
	ck_assert_int_eq(output_copy(&out, 0, fd, 1 << 19, 1 << 20, "s"), -1);
	output_abort(&out);
	close(fd);
	free(data);
}
END_TEST

START_TEST(replaces)
{
	struct output out;
	struct stat st;
	int fd;

	begin(&out);
	write_run(&out, 0, 'a', 10);
	fd = open(name, O_CREAT | O_WRONLY, 0600);
	ck_assert(fd >= 0 && write(fd, "old", 3) == 3);
	close(fd);
	ck_assert_int_eq(output_commit(&out), 0);
	ck_assert(!stat(name, &st) && st.st_size == 10);
	ck_assert_int_eq(output_open(&out, name), 0);
	ck_assert(out.old_ino == st.st_ino);
	output_abort(&out);
	output_abort(&out);
	ck_assert(!stat(name, &st) && st.st_size == 10);
	unlink(name);
}
END_TEST

START_TEST(discards)
{
	struct output out;

	begin(&out);
	out.discard = true;
	write_run(&out, 0, 'a', 3 << 20);
	out.discard = false;
	expect(&out, 0, 0, 100);
	output_abort(&out);
}
END_TEST

RUN_TESTS("output", pieces, shared_block, own_block, zeros, copies, replaces,
	  discards)
