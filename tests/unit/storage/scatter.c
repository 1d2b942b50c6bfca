// SPDX-License-Identifier: GPL-2.0
/*
 * scatter fill FILE SEED COUNT: COUNT runs of sectors, all over a plain file.
 * scatter write DISK FLAT SEED COUNT: the same into DISK, of whatever format,
 * as a guest would, and into FLAT, which is plain; then DISK is opened again,
 * and must read as FLAT does in and around these runs.
 * scatter same FILE FILE: as cmp, but steps over what is a hole in both.
 * scatter get DISK SECTOR, scatter put DISK SECTOR: one, to standard output or
 * from standard input.
 *
 * Files may be terabytes, and stay sparse. For tests/cli/cow-peers.sh.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../../../ubd/abi/host_ubd.h"
#include "../drivers/check.h"

#define SECTOR	512u
#define MOST	64u		/* sectors of a run */
#define AROUND	9u		/* that are read before and behind it */
#define PAGE	32768u		/* sectors that a page of map is for */

static u64 state, sectors;
static struct host_ubd *disk;
static unsigned char buf[(MOST + 2 * AROUND) * SECTOR], want[sizeof(buf)];

static u64 below(u64 n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

/* Also at both ends, and where one page of map ends and the next begins. */
static u64 next_run(u32 *n)
{
	u64 first;

	*n = 1 + (u32)below(below(4) ? 12 : MOST);
	switch (below(6)) {
	case 0: first = below(24); break;
	case 1: first = sectors - 1 - below(24); break;
	case 2: first = below(sectors / PAGE + 1) * PAGE - below(24); break;
	default: first = below(sectors);
	}
	if (first >= sectors)
		first = 0;
	if (*n > sectors - first)
		*n = (u32)(sectors - first);
	return first;
}

static void make_run(u64 first, u32 n, u64 value)
{
	u64 i, word;

	for (i = 0; i < n * SECTOR / 8; i++) {
		word = i % 2 ? value : first + i * 8 / SECTOR;
		memcpy(buf + i * 8, &word, 8);
	}
}

static int request(u32 op, u64 first, u32 n, u32 flags)
{
	struct host_iov iov = { buf, (u64)n * SECTOR };
	struct host_ubd_req req = {
		.op = op, .flags = flags, .offset = first * SECTOR,
		.len = iov.len, .iov = &iov, .niov = 1,
	};
	struct timespec t = { 0, 100000 };

	if (host_ubd_submit(disk, &req))
		return req.error;
	while (!host_ubd_take_done(disk))
		nanosleep(&t, NULL);
	return req.error;
}

static bool open_disk(const char *file, u32 flags)
{
	struct host_ubd_info info;
	struct host_ubd_config c = {
		.name = "ubd0", .file = file, .flags = flags, .event = 5,
	};

	if (host_ubd_open(&c, &disk, &info)) {
		fprintf(stderr, "scatter: %s\n", info.err);
		return false;
	}
	if (sectors)
		CHECK_INT((s64)info.bytes, (s64)(sectors * SECTOR));
	return true;
}

static void write_runs(int fd, u64 count, bool both)
{
	u64 i, first;
	u32 n;

	for (i = 1; i <= count; i++) {
		first = next_run(&n);
		make_run(first, n, state);
		CHECK_INT(pwrite(fd, buf, n * SECTOR, (off_t)(first * SECTOR)),
			  n * SECTOR);
		if (both)
			CHECK_INT(request(HOST_UBD_WRITE, first, n,
					  i % 16 ? 0 : HOST_UBD_FUA), 0);
	}
	if (both)
		CHECK_INT(request(HOST_UBD_FLUSH, 0, 0, 0), 0);
}

/* The same runs again, by the same seed. */
static void check_runs(int fd, u64 count)
{
	u64 first, from, to;
	u32 n;

	while (count-- && check_failures < 5) {
		first = next_run(&n);
		from = first < AROUND ? 0 : first - AROUND;
		to = first + n + AROUND;
		n = (u32)((to < sectors ? to : sectors) - from);
		CHECK_INT(request(HOST_UBD_READ, from, n, 0), 0);
		CHECK_INT(pread(fd, want, n * SECTOR, (off_t)(from * SECTOR)),
			  n * SECTOR);
		CHECK(!memcmp(buf, want, n * SECTOR));
	}
}

static int one_sector(bool put, const char *file, u64 sector)
{
	int err;

	if (!open_disk(file, put ? 0 : HOST_UBD_READONLY))
		return 1;
	if (put && read(0, buf, SECTOR) != SECTOR)
		return 1;
	err = request(put ? HOST_UBD_WRITE : HOST_UBD_READ, sector, 1, 0);
	host_ubd_close(disk);
	return err || (!put && write(1, buf, SECTOR) != SECTOR);
}

static int scattered(const char *file, const char *flat, u64 seed, u64 count)
{
	int fd = open(flat, O_RDWR);

	if (fd < 0) {
		perror(flat);
		return 1;
	}
	state = seed * 2654435761u + 1;
	sectors = (u64)lseek(fd, 0, SEEK_END) / SECTOR;
	if (file && !open_disk(file, 0))
		return 1;
	write_runs(fd, count, file);
	if (file) {
		host_ubd_close(disk);
		state = seed * 2654435761u + 1;
		if (!open_disk(file, HOST_UBD_READONLY))
			return 1;
		check_runs(fd, count);
		host_ubd_close(disk);
	}
	close(fd);
	return check_failures != 0;
}

/* Where either has data, from `at` on; the end if neither has. */
static off_t next_data(int a, int b, off_t at, off_t end)
{
	off_t x = lseek(a, at, SEEK_DATA), y = lseek(b, at, SEEK_DATA);

	x = x < 0 ? end : x;
	y = y < 0 ? end : y;
	return x < y ? x : y;
}

static int same(const char *name, const char *other)
{
	int a = open(name, O_RDONLY), b = open(other, O_RDONLY);
	off_t end = lseek(a, 0, SEEK_END), at = 0;
	ssize_t n;

	if (a < 0 || b < 0 || end != lseek(b, 0, SEEK_END)) {
		printf("%s %s: not of one size\n", name, other);
		return 1;
	}
	while ((at = next_data(a, b, at, end)) < end) {
		n = pread(a, buf, 4096, at);
		if (n <= 0 || pread(b, want, 4096, at) != n ||
		    memcmp(buf, want, (size_t)n)) {
			printf("%s %s differ behind byte %lld\n", name, other,
			       (long long)at);
			return 1;
		}
		at += n;
	}
	return 0;
}

static u64 number(const char *text)
{
	return strtoull(text, NULL, 10);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc == 4 && (!strcmp(verb, "get") || !strcmp(verb, "put")))
		return one_sector(verb[0] == 'p', argv[2], number(argv[3]));
	if (argc == 4 && !strcmp(verb, "same"))
		return same(argv[2], argv[3]);
	if (argc == 5 && !strcmp(verb, "fill"))
		return scattered(NULL, argv[2], number(argv[3]),
				 number(argv[4]));
	if (argc == 6 && !strcmp(verb, "write"))
		return scattered(argv[2], argv[3], number(argv[4]),
				 number(argv[5]));
	return 99;
}
