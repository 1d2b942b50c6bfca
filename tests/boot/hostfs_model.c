// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations on one file, against a model in memory:
 *
 *	hostfs_model FILE COUNT SEED
 *
 * Reads and writes of all sizes, by pread, pwrite, mmap and O_DIRECT;
 * truncation both ways, holes, fsync, closing and opening again. After each
 * the range concerned, and now and then the whole file, must be the model's.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX	(600 << 10)

static unsigned char model[MAX], buf[MAX] __attribute__((aligned(4096)));
static size_t size;
static int fd;
static long step;
static const char *file;

static void die(const char *what)
{
	printf("step %ld: %s: %s\n", step, what, strerror(errno));
	exit(1);
}

static void differs(const char *what, size_t pos, size_t len)
{
	size_t i;

	for (i = 0; i < len && buf[i] == model[pos + i]; i++)
		;
	printf("step %ld: %s: byte %zu of %zu at %zu is %02x, not %02x (size %zu)\n",
	       step, what, i, len, pos, buf[i], model[pos + i], size);
	exit(1);
}

static size_t pick(size_t max)
{
	/* small numbers are as likely as large ones */
	size_t n = (size_t)random() << 20 ^ random();

	return max ? n % (random() % 3 ? max : max < 5000 ? max : 5000) : 0;
}

static void reopen(int flags)
{
	if (fd >= 0 && close(fd))
		die("close");
	fd = open(file, O_RDWR | flags);
	if (fd < 0)
		die("open");
}

static void grow(size_t to)
{
	if (to > size)
		size = to;
}

static void fill(size_t len)
{
	unsigned char c = random();
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = c + i * 7;
}

static void do_write(size_t pos, size_t len)
{
	fill(len);
	if (random() % 16 == 0) {
		if (fsync(fd))
			die("fsync");
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	}
	if (pwrite(fd, buf, len, pos) != (ssize_t)len)
		die("pwrite");
	memcpy(model + pos, buf, len);
	if (len)
		grow(pos + len);
}

/* Large ones, as large writes, go past the page cache if that has nothing of
 * them: hence the advice, and a buffer that begins anywhere. */
static void do_read(size_t pos, size_t len)
{
	static unsigned char space[MAX + 4096];
	size_t want = pos >= size ? 0 : len < size - pos ? len : size - pos;
	unsigned char *to = space + random() % 4096;

	if (random() % 4 == 0)
		posix_fadvise(fd, pos, len, POSIX_FADV_DONTNEED);
	to[want] = 0x5a;
	if (pread(fd, to, len, pos) != (ssize_t)want)
		die("pread: length");
	if (want < len && to[want] != 0x5a)
		die("pread: more than there is");
	memcpy(buf, to, want);
	if (memcmp(buf, model + pos, want))
		differs("pread", pos, want);
}

static void do_map(size_t pos, size_t len, int write)
{
	size_t start = pos & ~4095ul;
	unsigned char *map;

	if (pos >= size)
		return;
	if (len > size - pos)
		len = size - pos;
	if (!len)
		return;
	map = mmap(NULL, pos - start + len, PROT_READ | PROT_WRITE, MAP_SHARED,
		   fd, start);
	if (map == MAP_FAILED)
		die("mmap");
	if (write) {
		fill(len);
		memcpy(map + pos - start, buf, len);
		memcpy(model + pos, buf, len);
		if (random() % 4 == 0)	/* past the end: nobody may see it */
			memset(map + pos - start + len, 0xee,
			       pos + len == size ? -(pos + len) & 4095 : 0);
	} else {
		memcpy(buf, map + pos - start, len);
		if (memcmp(buf, model + pos, len))
			differs("mmap", pos, len);
	}
	munmap(map, pos - start + len);
}

static void do_truncate(size_t to)
{
	if (random() % 2 ? ftruncate(fd, to) : truncate(file, to))
		die("truncate");
	if (to < size)
		memset(model + to, 0, size - to);
	size = to;
}

static void do_punch(size_t pos, size_t len, int mode)
{
	if (!len)
		return;
	if (fallocate(fd, mode | FALLOC_FL_KEEP_SIZE, pos, len)) {
		if (errno == EOPNOTSUPP)
			return;
		die("fallocate");
	}
	if (pos < size)
		memset(model + pos, 0, len < size - pos ? len : size - pos);
}

static void do_direct(size_t pos, size_t len)
{
	reopen(O_DIRECT);
	pos &= ~4095ul;
	len = (len + 4095) & ~4095ul;
	if (pos + len > MAX)
		len = MAX - pos;
	if (random() % 2)
		do_write(pos, len);
	else
		do_read(pos, len);
	reopen(0);
}

static void check_all(void)
{
	struct stat st;

	if (fstat(fd, &st))
		die("fstat");
	if (st.st_size != (off_t)size) {
		printf("step %ld: size is %lld, not %zu\n", step,
		       (long long)st.st_size, size);
		exit(1);
	}
	do_read(0, MAX);
}

static void one(void)
{
	size_t pos = pick(MAX), len = pick(MAX - pos);

	switch (random() % 12) {
	case 0: case 1: case 2:
		return do_write(pos, len);
	case 3: case 4:
		return do_read(pos, len);
	case 5:
		return do_map(pos, len, 1);
	case 6:
		return do_map(pos, len, 0);
	case 7:
		return do_truncate(pos);
	case 8:
		return do_punch(pos, len, FALLOC_FL_PUNCH_HOLE);
	case 9:
		return do_direct(pos, len);
	case 10:
		if (random() % 8 == 0 && fsync(fd))
			die("fsync");
		return check_all();
	default:
		if (random() % 4 == 0)
			reopen(0);
	}
}

int main(int argc, char **argv)
{
	long count;

	if (argc != 4)
		return 2;
	file = argv[1];
	count = atol(argv[2]);
	srandom(atol(argv[3]));
	fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		die("open");
	for (step = 0; step < count; step++)
		one();
	check_all();
	reopen(0);
	check_all();
	/* what the host is left with is compared outside */
	fd = open(strcat(strcpy((char *)buf, file), ".model"),
		  O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, model, size) != (ssize_t)size || close(fd))
		die("model");
	printf("%ld operations\n", count);
	return 0;
}
