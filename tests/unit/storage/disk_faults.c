// SPDX-License-Identifier: GPL-2.0
/*
 * A fixed run of requests over each kind of disk, from making a COW file to
 * the last flush, in which the N-th call to the host fails, for every N: the
 * guest gets an error, every sector has a value that it may have, both at once
 * and when the disk is opened again, and nothing hangs.
 *
 * A value is a number: 0 what the base has, 1 zeroes, others from writes. For
 * each sector there are the set that may be read now, and the set that may be
 * there after the disk was closed.
 */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../../ubd/abi/host_ubd.h"
#include "../drivers/check.h"
#include "faulty.h"

#define SECTOR	512u
#define SECTORS	96u
#define BYTES	(SECTORS * SECTOR - 100)
#define ZEROES	1u
#define ANY	(1u << 31)		/* a write failed within a sector */

static const struct kind {
	const char *name, *file, *backing;
	u32 flags;
	u64 layer_max;
} kinds[] = {
	{ "raw", "base", NULL, 0, 0 },
	{ "raw, synchronous", "base", NULL, HOST_UBD_SYNC, 0 },
	{ "cow", "cow", "base", 0, 0 },
	{ "cow, synchronous", "cow", "base", HOST_UBD_SYNC, 0 },
	{ "cow over cow", "top", "cow", 0, 0 },
	{ "layer over cow", "cow", "base", HOST_UBD_LAYER, 1 << 20 },
};

static const struct way {
	int err;
	bool on, shorten;
} ways[] = {
	{ EIO, false, false }, { EIO, true, false }, { EIO, false, true },
	{ ENOSPC, false, false }, { EINTR, false, true },
};

static char dir[] = "/tmp/disk-faults-XXXXXX";
static struct host_ubd_info info;
static struct host_ubd *disk;
static u32 now[SECTORS], kept[SECTORS];
static unsigned char buffer[SECTORS * SECTOR];
static int reported;
static u32 value;

static const char *path(const char *name)
{
	static char p[2][300];
	static int n;

	n = !n;
	snprintf(p[n], sizeof(p[n]), "%s/%s", dir, name);
	return p[n];
}

/* ---- values ---- */

static void stamp(unsigned char *p, u32 sector, u32 v)
{
	u32 i;

	memset(p, 0, SECTOR);
	for (i = 0; v != ZEROES && i < SECTOR; i++)
		p[i] = (unsigned char)(sector * 7 + v * 53 + i % 11 + 1);
	if (!v && sector == SECTORS - 1)
		memset(p + SECTOR - 100, 0, 100);	/* behind the end */
}

static bool plausible(const unsigned char *p, u32 sector, u32 set)
{
	unsigned char want[SECTOR];
	u32 v;

	for (v = 0; v < 31; v++) {
		stamp(want, sector, v);
		if ((set >> v & 1) && !memcmp(p, want, SECTOR))
			return true;
	}
	return set & ANY;
}

static void make_files(void)
{
	static unsigned char all[SECTORS * SECTOR];
	u32 i;
	int fd;

	unlink(path("cow"));
	unlink(path("top"));
	fd = open(path("base"), O_CREAT | O_TRUNC | O_RDWR, 0600);
	for (i = 0; i < SECTORS; i++) {
		stamp(all + i * SECTOR, i, 0);
		now[i] = kept[i] = 1;
	}
	CHECK_INT(write(fd, all, BYTES), BYTES);
	close(fd);
	value = ZEROES;
}

/* ---- requests ---- */

static int open_disk(const struct kind *k)
{
	static char file[300], backing[300];
	struct host_ubd_config c = {
		.name = "ubd0", .file = file, .flags = k->flags, .event = 5,
		.layer_max = k->layer_max,
	};

	snprintf(file, sizeof(file), "%s", path(k->file));
	if (k->backing) {
		snprintf(backing, sizeof(backing), "%s", path(k->backing));
		c.backing = backing;
	}
	return host_ubd_open(&c, &disk, &info);
}

static int request(u32 op, u32 first, u32 n, u32 flags)
{
	u32 len = n * SECTOR, a = len ? 300 : 0, b = len ? 12 : 0;
	struct host_iov iov[3] = { { buffer, a }, { buffer + a, b },
				   { buffer + a + b, len - a - b } };
	struct host_ubd_req req = {
		.op = op, .flags = flags, .offset = first * SECTOR,
		.len = len, .iov = iov, .niov = 3,
	};
	int done = host_ubd_submit(disk, &req);

	while (!done && !host_ubd_take_done(disk))
		nanosleep(&(struct timespec){ 0, 20000 }, NULL);
	if (req.error)
		reported++;
	return req.error;
}

/* A change to a value: only that one, or, if it failed, that one as well. A
 * failed one that was cut short may be both within a sector. */
static void changed(u32 first, u32 n, u32 v, bool failed, bool torn)
{
	u32 i, new = 1u << v;

	if (failed && torn)
		new |= ANY;
	for (i = first; i < first + n; i++) {
		now[i] = failed ? now[i] | new : new;
		kept[i] |= new;
	}
}

static void do_write(u32 first, u32 n, u32 flags)
{
	u32 i;
	int err;

	value++;
	for (i = 0; i < n; i++)
		stamp(buffer + i * SECTOR, first + i, value);
	err = request(HOST_UBD_WRITE, first, n, flags);
	changed(first, n, value, err, atomic_load(&faulty.shorten));
	for (i = first; !err && (flags & HOST_UBD_FUA) && i < first + n; i++)
		kept[i] = now[i];
}

static void do_zero(u32 first, u32 n, u32 flags)
{
	int err = request(HOST_UBD_ZERO, first, n, flags);

	changed(first, n, ZEROES, err, atomic_load(&faulty.shorten));
}

static void do_discard(u32 first, u32 n)
{
	if (!info.can_discard)
		return;
	request(HOST_UBD_DISCARD, first, n, 0);
	changed(first, n, ZEROES, true, false);
}

static void do_flush(void)
{
	if (!request(HOST_UBD_FLUSH, 0, 0, 0))
		memcpy(kept, now, sizeof(kept));
}

static bool check_read(u32 first, u32 n, const u32 *sets)
{
	u32 i;

	memset(buffer, 0xee, n * SECTOR);
	if (request(HOST_UBD_READ, first, n, 0))
		return false;
	for (i = 0; i < n; i++)
		if (!CHECK(plausible(buffer + i * SECTOR, first + i,
				     sets[first + i])))
			break;
	return true;
}

static void run(void)
{
	do_write(8, 8, 0);
	check_read(0, 32, now);
	do_flush();
	do_write(70, 1, HOST_UBD_FUA);
	do_zero(12, 2, 0);
	do_zero(80, 8, HOST_UBD_KEEP);
	do_flush();
	do_discard(8, 2);
	do_discard(76, 6);
	do_write(20, 40, 0);
	check_read(0, SECTORS, now);
	do_flush();
	do_write(0, 2, 0);			/* disk.c looks at sector 0 */
	do_write(SECTORS - 1, 1, 0);		/* behind the end of the base */
	do_zero(71, 1, HOST_UBD_FUA);
	check_read(60, 20, now);
	check_read(SECTORS - 4, 4, now);
	do_flush();
}

/* ---- what is there afterwards ---- */

static void check_kept(const struct kind *k)
{
	struct kind again = *k;
	u32 i;

	again.flags = HOST_UBD_READONLY;
	for (i = 0; (k->flags & HOST_UBD_LAYER) && i < SECTORS; i++)
		kept[i] = 1;			/* all thrown away */
	if (!CHECK(!open_disk(&again))) {
		fprintf(stderr, "%s\n", info.err);
		return;
	}
	CHECK(check_read(0, SECTORS, kept));
	host_ubd_close(disk);
}

static void check_folder(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		CHECK(!strstr(e->d_name, ".new") && !strstr(e->d_name, ".ubd-"));
	if (d)
		closedir(d);
}

/* False: there is no call with that number. */
static bool one(const struct kind *k, const struct way *w, int call)
{
	u32 hit, told = FAULT_READ | FAULT_WRITE | FAULT_SYNC;
	int opened;

	/* below a layer, a read that failed behind its first part is a short
	 * one, and goes on there */
	if (k->flags & HOST_UBD_LAYER)
		told &= ~(u32)FAULT_READ;

	make_files();
	if (!strcmp(k->file, "top")) {
		CHECK(!open_disk(&(struct kind){ "", "cow", "base", 0, 0 }));
		host_ubd_close(disk);
	}
	reported = 0;
	atomic_store(&faulty.shorten, w->shorten);
	faulty_fail(FAULT_ALL, call, w->on, w->err);
	opened = !open_disk(k);
	if (opened)
		run();
	hit = atomic_load(&faulty.hit);
	if (!opened)
		CHECK(hit && strlen(info.err) > 5);
	else if ((hit & told) && w->err != EINTR)
		CHECK(reported);
	if (!hit || w->err == EINTR)
		CHECK_INT(reported, 0);
	if (opened)
		host_ubd_close(disk);
	faulty_none();
	atomic_store(&faulty.shorten, false);
	if (opened || !k->backing || !access(path(k->file), F_OK))
		check_kept(k);
	check_folder();
	return hit;
}

int main(void)
{
	char command[300];
	size_t k, w;
	int call, before;

	alarm(300);
	if (!mkdtemp(dir))
		return 1;
	atomic_store(&faulty.lazy, true);
	for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
			before = check_failures;
			for (call = 1; one(&kinds[k], &ways[w], call); call++)
				if (check_failures != before)
					break;
			if (check_failures != before)
				fprintf(stderr, "so: %s, call %d, %s%s%s\n",
					kinds[k].name, call,
					strerror(ways[w].err),
					ways[w].on ? ", for ever" : "",
					ways[w].shorten ? ", short" : "");
			CHECK(call > 20);
		}
		printf("%s: %d calls\n", kinds[k].name, call - 1);
	}
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) != 0 || check_failures != 0;
}
