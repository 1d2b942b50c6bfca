// SPDX-License-Identifier: GPL-2.0
/*
 * A disk that is used by several threads at once, against a model.
 *
 *	ubd_verify fill FILE BYTES	a file of known contents
 *	ubd_verify run DISK MODEL OPERATIONS SEED	in the guest
 *	ubd_verify check FILE MODEL	on the host, afterwards
 *	ubd_verify read DISK BYTES COUNT	direct reads, each after the other
 *
 * Four threads read, write, discard, zero and sync ranges of random sizes that
 * they claim, so nobody else changes them meanwhile; but neighbours in the
 * same page, and in the same byte of a COW file's map, are used at the same
 * time. Two threads use O_DIRECT, in the lower half of the disk; two the page
 * cache, in the upper half. What each sector must be at the end is written to
 * MODEL, one number per sector.
 */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "ubd_sector.h"

#define THREADS		4u
#define MOST		256u		/* sectors of one operation */
#define UNDEFINED	0xffffffffu	/* was discarded */
#define HOT		8192u		/* sectors where most of it happens */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t *model, sectors, value = 1, count;
static unsigned char *busy;
static const char *disk;

struct worker {
	pthread_t thread;
	uint32_t number, state;
	int fd;
	int direct;
	unsigned char *buf;
	uint32_t ops[6];
};

/* ---- ranges ---- */

static uint32_t some_range(struct worker *w, uint32_t *n)
{
	uint32_t half = sectors / 2, from = w->direct ? 0 : half;
	uint32_t room = w->direct ? half : sectors - half, first;

	*n = 1 + below(&w->state, below(&w->state, 8) ? 24 : MOST);
	if (below(&w->state, 16))	/* around a multiple of 32768 */
		first = (w->direct ? 32768 : 65536) - HOT / 2 +
			below(&w->state, HOT);
	else if (below(&w->state, 4))
		first = from + below(&w->state, room);
	else
		first = sectors - 1 - below(&w->state, 8);
	if (first < from || first >= from + room)
		first = from;
	if (*n > from + room - first)
		*n = from + room - first;
	return first;
}

static int claim(uint32_t first, uint32_t n)
{
	int free = 0;

	pthread_mutex_lock(&lock);
	if (!memchr(busy + first, 1, n)) {
		memset(busy + first, 1, n);
		free = 1;
	}
	pthread_mutex_unlock(&lock);
	return free;
}

static void release(uint32_t first, uint32_t n)
{
	pthread_mutex_lock(&lock);
	memset(busy + first, 0, n);
	pthread_mutex_unlock(&lock);
}

static void now_is(uint32_t first, uint32_t n, uint32_t v)
{
	while (n--)
		model[first++] = v;
}

/* ---- operations ---- */

/* In up to three pieces, which begin where sectors do. */
static void move(struct worker *w, int write, uint32_t first, uint32_t n)
{
	uint32_t a = below(&w->state, n + 1), b = a + below(&w->state, n - a + 1);
	struct iovec v[3] = {
		{ w->buf, a * SECTOR },
		{ w->buf + a * SECTOR, (b - a) * SECTOR },
		{ w->buf + b * SECTOR, (n - b) * SECTOR },
	};
	off_t off = (off_t)first * SECTOR;
	ssize_t done = write ? pwritev(w->fd, v, 3, off) :
			       preadv(w->fd, v, 3, off);

	if (done != (ssize_t)(n * SECTOR)) {
		printf("%s of %u sectors at %u: %zd\n",
		       write ? "write" : "read", n, first, done);
		die(disk);
	}
}

/* The file that was filled may have ended within its last sector. */
static int is(const unsigned char *p, uint32_t sector, uint32_t want, int last)
{
	uint32_t v, i, end = SECTOR;

	if (want == UNDEFINED)
		return 1;
	if (stamped(p, sector, &v))
		return v == want;
	if (!last || want != 1)
		return 0;
	while (end && !p[end - 1])
		end--;
	for (i = 0; i < end; i++) {
		unsigned char full[SECTOR];

		stamp(full, sector, 1);
		if (p[i] != full[i])
			return 0;
	}
	return 1;
}

static void wrong(uint32_t sector, const unsigned char *p, const char *where)
{
	uint32_t number, v;

	memcpy(&number, p, 4);
	memcpy(&v, p + 4, 4);
	printf("%s: sector %u is value %u of sector %u, not value %u\n",
	       where, sector, v, number, model[sector]);
	exit(1);
}

static void read_range(struct worker *w, uint32_t first, uint32_t n)
{
	uint32_t i;

	if (!w->direct && below(&w->state, 2))
		posix_fadvise(w->fd, (off_t)first * SECTOR, n * SECTOR,
			      POSIX_FADV_DONTNEED);
	memset(w->buf, 0xa5, n * SECTOR);
	move(w, 0, first, n);
	for (i = 0; i < n; i++)
		if (!is(w->buf + i * SECTOR, first + i, model[first + i],
			first + i == sectors - 1))
			wrong(first + i, w->buf + i * SECTOR, disk);
}

static void write_range(struct worker *w, uint32_t first, uint32_t n)
{
	uint32_t i, v = __atomic_add_fetch(&value, 1, __ATOMIC_RELAXED);

	for (i = 0; i < n; i++)
		stamp(w->buf + i * SECTOR, first + i, v);
	move(w, 1, first, n);
	now_is(first, n, v);
}

static void clear_range(struct worker *w, uint32_t first, uint32_t n,
			unsigned long how)
{
	uint64_t range[2] = { (uint64_t)first * SECTOR, (uint64_t)n * SECTOR };

	if (!ioctl(w->fd, how, range))
		now_is(first, n, how == BLKZEROOUT ? 0 : UNDEFINED);
	else if (how == BLKZEROOUT || errno != EOPNOTSUPP)
		die(how == BLKZEROOUT ? "BLKZEROOUT" : "BLKDISCARD");
}

static void operate(struct worker *w, uint32_t first, uint32_t n)
{
	static const unsigned char kinds[] = {
		0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 3, 4, 4,
	};
	uint32_t kind = kinds[below(&w->state, sizeof(kinds))];

	w->ops[kind]++;
	switch (kind) {
	case 0: read_range(w, first, n); break;
	case 1: write_range(w, first, n); break;
	case 2: clear_range(w, first, n, BLKDISCARD); break;
	case 3: clear_range(w, first, n, BLKZEROOUT); break;
	case 4:
		if (below(&w->state, 2) ? fsync(w->fd) : fdatasync(w->fd))
			die("fsync");
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;
	uint32_t first, n, i;

	for (i = 0; i < count;) {
		first = some_range(w, &n);
		if (!claim(first, n))
			continue;
		operate(w, first, n);
		release(first, n);
		i++;
	}
	return NULL;
}

/* ---- */

static void start(struct worker *w, uint32_t number, uint32_t seed)
{
	memset(w, 0, sizeof(*w));
	w->number = number;
	w->state = seed * 40503 + number + 1;
	w->direct = number < 2;
	w->fd = open(disk, O_RDWR | (w->direct ? O_DIRECT : 0));
	if (w->fd < 0)
		die(disk);
	if (posix_memalign((void **)&w->buf, 4096, MOST * SECTOR))
		die("memory");
	errno = pthread_create(&w->thread, NULL, work, w);
	if (errno)
		die("thread");
}

static void make_model(uint32_t n)
{
	sectors = n;
	model = calloc(n, sizeof(*model));
	busy = calloc(n, 1);
	if (!model || !busy)
		die("memory");
}

static int run(const char *out, uint32_t seed)
{
	int fd = open(disk, O_RDONLY);
	struct worker w[THREADS];
	uint64_t bytes;
	uint32_t i;

	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &bytes))
		die(disk);
	make_model((uint32_t)(bytes / SECTOR));
	now_is(0, sectors, 1);
	for (i = 0; i < THREADS; i++)
		start(&w[i], i, seed);
	for (i = 0; i < THREADS; i++)
		pthread_join(w[i].thread, NULL);
	for (i = 0; i < THREADS; i++) {
		if (fsync(w[i].fd))
			die("fsync");
		printf("thread %u: %u reads, %u writes, %u discards, "
		       "%u zeroed, %u syncs\n", i, w[i].ops[0], w[i].ops[1],
		       w[i].ops[2], w[i].ops[3], w[i].ops[4]);
	}
	fd = open(out, O_WRONLY);
	if (fd < 0 || write(fd, model, sectors * sizeof(*model)) !=
			      (ssize_t)(sectors * sizeof(*model)) || fsync(fd))
		die(out);
	return 0;
}

static int check(const char *file, const char *from)
{
	int fd = open(file, O_RDONLY), in = open(from, O_RDONLY);
	off_t bytes = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	unsigned char sector[SECTOR];
	uint32_t i;

	if (fd < 0 || in < 0)
		die(fd < 0 ? file : from);
	make_model((uint32_t)((bytes + SECTOR - 1) / SECTOR));
	if (read(in, model, sectors * sizeof(*model)) !=
	    (ssize_t)(sectors * sizeof(*model)))
		die(from);
	for (i = 0; i < sectors; i++) {
		ssize_t n = pread(fd, sector, SECTOR, (off_t)i * SECTOR);

		if (n <= 0)
			die(file);
		/* what a backing's size cuts off is not in a flat copy */
		if (n < (ssize_t)SECTOR && model[i] != UNDEFINED) {
			unsigned char want[SECTOR];

			stamp(want, i, model[i]);
			memcpy(sector + n, want + n, SECTOR - (size_t)n);
		}
		if (!is(sector, i, model[i], i == sectors - 1))
			wrong(i, sector, file);
	}
	return 0;
}

/* For counting what a read costs: nothing else is done between the marks, which
 * are calls that nobody else makes. */
static int read_only(const char *from, uint32_t bytes, uint32_t times)
{
	int fd = open(from, O_RDONLY | O_DIRECT);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	uint32_t state = 1, i;
	void *buf;

	if (fd < 0 || end < bytes || posix_memalign(&buf, 4096, bytes))
		die(from);
	/* from the end on, so that no two pages follow each other in memory,
	 * as after some time of use */
	for (i = bytes; i >= 4096; i -= 4096)
		((char *)buf)[i - 1] = 1;
	mkdir("/mnt/begin", 0700);
	for (i = 0; i < times; i++) {
		off_t at = below(&state, (uint32_t)(end / bytes)) * (off_t)bytes;

		if (pread(fd, buf, bytes, at) != (ssize_t)bytes)
			die("read");
	}
	mkdir("/mnt/end", 0700);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "read"))
		return read_only(argv[2], (uint32_t)strtoul(argv[3], NULL, 10),
				 (uint32_t)strtoul(argv[4], NULL, 10));
	if (argc == 4 && !strcmp(argv[1], "fill"))
		return fill_file(argv[2], strtoull(argv[3], NULL, 10));
	if (argc == 4 && !strcmp(argv[1], "check"))
		return check(argv[2], argv[3]);
	if (argc != 6 || strcmp(argv[1], "run"))
		return 99;
	disk = argv[2];
	count = (uint32_t)strtoul(argv[4], NULL, 10);
	return run(argv[3], (uint32_t)strtoul(argv[5], NULL, 10));
}
