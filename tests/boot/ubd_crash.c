// SPDX-License-Identifier: GPL-2.0
/*
 * A disk whose kernel is killed, and what must be left on it.
 *
 *	ubd_crash fill FILE BYTES
 *	ubd_crash run DISK OPERATIONS SEED	in the guest
 *	ubd_crash check FILE OPERATIONS SEED SAFE	on the host, afterwards
 *
 * Operation i writes value i, or zeroes, to a range that follows from the seed,
 * as does where syncs are. After each sync a line `@safe V` tells that all
 * operations up to V are safe. So at the end a sector must be what the last of
 * these left on it, or what a later operation wrote to it.
 */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "ubd_sector.h"

#define MOST	64u	/* sectors of one operation */
#define HOT	4096u	/* sectors where all of it happens */
#define CENTRE	32768u	/* where the second page of a COW file's map begins */

struct operation {
	uint32_t first, n;
	int zero, sync;
};

static uint32_t state;

static struct operation next_operation(void)
{
	struct operation op;

	op.first = CENTRE - HOT / 2 + below(&state, HOT - MOST);
	op.n = 1 + below(&state, below(&state, 4) ? 8 : MOST);
	op.zero = !below(&state, 8);
	op.sync = !below(&state, 4);
	return op;
}

static void perform(int fd, const struct operation *op, uint32_t value,
		    unsigned char *buf)
{
	uint64_t range[2] = { (uint64_t)op->first * SECTOR,
			      (uint64_t)op->n * SECTOR };
	uint32_t i;

	if (op->zero) {
		if (ioctl(fd, BLKZEROOUT, range))
			die("BLKZEROOUT");
		return;
	}
	for (i = 0; i < op->n; i++)
		stamp(buf + i * SECTOR, op->first + i, value);
	if (pwrite(fd, buf, range[1], (off_t)range[0]) != (ssize_t)range[1])
		die("write");
}

static int run(const char *disk, uint32_t count)
{
	int fd = open(disk, O_RDWR | O_DIRECT);
	unsigned char *buf;
	uint32_t value;

	if (fd < 0 || posix_memalign((void **)&buf, 4096, MOST * SECTOR))
		die(disk);
	for (value = 2; value < count + 2; value++) {
		struct operation op = next_operation();

		perform(fd, &op, value, buf);
		if (!op.sync)
			continue;
		if (fsync(fd))
			die("fsync");
		printf("@safe %u\n", value);
		fflush(stdout);
	}
	return 0;
}

static int check(const char *file, uint32_t count, uint32_t safe)
{
	static uint32_t there[HOT], must[HOT], zeroed[HOT];
	static unsigned char allowed[HOT];
	uint32_t from = CENTRE - HOT / 2, i, value, later = 0;
	unsigned char sector[SECTOR];
	int fd = open(file, O_RDONLY);

	for (i = 0; i < HOT; i++) {
		off_t off = (off_t)(from + i) * SECTOR;

		if (pread(fd, sector, SECTOR, off) != (ssize_t)SECTOR)
			die(file);
		if (!stamped(sector, from + i, &there[i])) {
			printf("%s: sector %u is garbage\n", file, from + i);
			return 1;
		}
		allowed[i] = there[i] == 1;
		must[i] = 1;
	}
	for (value = 2; value < count + 2; value++) {
		struct operation op = next_operation();

		for (i = op.first - from; i < op.first - from + op.n; i++) {
			if (there[i] == (op.zero ? 0 : value))
				allowed[i] = 1;
			if (op.zero)
				zeroed[i] = value;
			if (value <= safe)
				must[i] = value;
		}
	}
	for (i = 0; i < HOT; i++) {
		value = there[i] ? there[i] : zeroed[i];
		if (!allowed[i] || value < must[i]) {
			printf("%s: sector %u is value %u, operation %u was "
			       "safe\n", file, from + i, there[i], must[i]);
			return 1;
		}
		later += value > safe;
	}
	printf("safe: %u; later values in %u sectors\n", safe, later);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "fill"))
		return fill_file(argv[2], strtoull(argv[3], NULL, 10));
	if (argc < 5)
		return 99;
	state = (uint32_t)strtoul(argv[4], NULL, 10) * 40503 + 1;
	if (argc == 5 && !strcmp(argv[1], "run"))
		return run(argv[2], (uint32_t)strtoul(argv[3], NULL, 10));
	if (argc == 6 && !strcmp(argv[1], "check"))
		return check(argv[2], (uint32_t)strtoul(argv[3], NULL, 10),
			     (uint32_t)strtoul(argv[5], NULL, 10));
	return 99;
}
