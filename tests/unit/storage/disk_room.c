// SPDX-License-Identifier: GPL-2.0
/*
 * No room on the host: a disk gives the error, or waits, tries again, and says
 * so; other requests are served meanwhile. A sync that failed is not tried
 * again, whatever its error was.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../../../ubd/abi/host_ubd.h"
#include "../drivers/check.h"
#include "faulty.h"

#define BYTES	(1 << 20)

static char dir[] = "/tmp/disk-room-XXXXXX";
static char base[100], cow[100];
static struct host_ubd_info info;
static struct host_ubd *disk;
static unsigned char out[4096], in[4096];

static void open_disk(bool over, u32 flags)
{
	struct host_ubd_config c = {
		.name = "ubd7",
		.file = over ? cow : base,
		.backing = over ? base : NULL,
		.flags = flags,
		.event = 5,
	};

	if (host_ubd_open(&c, &disk, &info)) {
		fprintf(stderr, "%s\n", info.err);
		exit(1);
	}
	stub_written[0] = '\0';
	stub_writes = 0;
}

static struct host_ubd_req req;
static struct host_iov iov;

static int submit(u32 op, u64 off, void *buf, u64 len, u32 flags)
{
	iov = (struct host_iov){ buf, len };
	req = (struct host_ubd_req){
		.op = op, .flags = flags, .offset = off, .len = len,
		.iov = &iov, .niov = 1,
	};
	return host_ubd_submit(disk, &req);
}

static void nap(void)
{
	nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
}

static int finish(void)
{
	struct host_ubd_req *done;

	while (!(done = host_ubd_take_done(disk)))
		nap();
	CHECK(!done->next);
	return done->error;
}

static int request(u32 op, u64 off, void *buf, u64 len, u32 flags)
{
	return submit(op, off, buf, len, flags) ? req.error : finish();
}

static bool reads(u64 off, int c)
{
	memset(in, 1, sizeof(in));
	return !request(HOST_UBD_READ, off, in, 512, 0) && in[0] == c &&
	       in[511] == c;
}

/* Submits what finds no room, and comes back when it has been told. */
static void must_wait(u32 op, u64 off, u32 flags, int err)
{
	int before = stub_writes, tries;

	memset(out, 'w', sizeof(out));
	faulty_fail(FAULT_WRITE | FAULT_ROOM, 1, true, err);
	CHECK_INT(submit(op, off, out, op == HOST_UBD_FLUSH ? 0 : 4096, flags),
		  0);
	while (__atomic_load_n(&stub_writes, __ATOMIC_SEQ_CST) == before)
		nap();
	CHECK_HAS(stub_written, "ubd7: ");
	CHECK_HAS(stub_written, strerror(err));
	CHECK_HAS(stub_written, "waiting for room");
	tries = atomic_load(&faulty.calls);
	while (atomic_load(&faulty.calls) == tries)
		nap();
	CHECK_INT(stub_writes, before + 1);	/* once, not each time */
	CHECK(!host_ubd_take_done(disk));
}

static void test_error(bool over)
{
	open_disk(over, 0);
	faulty_fail(FAULT_WRITE, 1, false, ENOSPC);
	CHECK_INT(request(HOST_UBD_WRITE, 4096, out, 4096, 0), -ENOSPC);
	CHECK_INT(request(HOST_UBD_WRITE, 4096, out, 4096, 0), 0);
	CHECK_INT(request(HOST_UBD_FLUSH, 0, NULL, 0, 0), 0);
	CHECK_INT(stub_writes, 0);
	host_ubd_close(disk);
}

static void test_wait(bool over, u32 flags)
{
	open_disk(over, HOST_UBD_WAIT | flags);
	must_wait(HOST_UBD_WRITE, 8192, 0, ENOSPC);
	faulty_none();
	CHECK_INT(finish(), 0);
	CHECK_HAS(stub_written, "ubd7: there is room again");
	CHECK(reads(8192, 'w'));
	must_wait(HOST_UBD_WRITE, 16384, HOST_UBD_FUA, EDQUOT);
	faulty_none();
	CHECK_INT(finish(), 0);
	CHECK(reads(16384, 'w'));

	/* the guest may give up */
	must_wait(HOST_UBD_WRITE, 65536, 0, ENOSPC);
	host_ubd_set_wait(disk, false);
	CHECK_INT(finish(), -ENOSPC);
	CHECK_HAS(stub_written, "ubd7: no longer waiting");
	CHECK_INT(request(HOST_UBD_WRITE, 65536, out, 512, 0), -ENOSPC);
	faulty_none();
	host_ubd_close(disk);
}

/* Reads go on while writes wait, more of these than there are threads. */
static void test_others(void)
{
	static struct host_ubd_req many[20], *done;
	int i, n = 0;

	open_disk(false, HOST_UBD_WAIT | HOST_UBD_THREAD);
	faulty_fail(FAULT_WRITE, 1, true, ENOSPC);
	iov = (struct host_iov){ out, 512 };
	for (i = 0; i < 20; i++) {
		many[i] = (struct host_ubd_req){
			.op = HOST_UBD_WRITE, .offset = (u64)i * 512,
			.len = 512, .iov = &iov, .niov = 1,
		};
		CHECK_INT(host_ubd_submit(disk, &many[i]), 0);
	}
	while (atomic_load(&faulty.calls) < 40)
		nap();
	struct host_iov to = { in, 512 };
	struct host_ubd_req read = {
		.op = HOST_UBD_READ, .offset = 8192, .len = 512, .iov = &to,
		.niov = 1,
	};

	CHECK_INT(host_ubd_submit(disk, &read), 0);
	while (!(done = host_ubd_take_done(disk)))
		nap();
	CHECK(done == &read && !done->next && !read.error);
	faulty_none();
	for (; n < 20; nap())
		for (done = host_ubd_take_done(disk); done; done = done->next) {
			CHECK_INT(done->error, 0);
			n++;
		}
	host_ubd_close(disk);
}

/* A COW file that has no room for its map: the flush waits. */
static void test_map(void)
{
	open_disk(true, HOST_UBD_WAIT);
	memset(out, 'm', sizeof(out));
	CHECK_INT(request(HOST_UBD_WRITE, 32768, out, 4096, 0), 0);
	must_wait(HOST_UBD_FLUSH, 0, 0, ENOSPC);
	faulty_none();
	CHECK_INT(finish(), 0);
	host_ubd_close(disk);
	open_disk(true, HOST_UBD_READONLY);
	CHECK(reads(32768, 'm'));
	host_ubd_close(disk);

	/* without waiting, that is an error for ever */
	open_disk(true, 0);
	CHECK_INT(request(HOST_UBD_WRITE, 40960, out, 4096, 0), 0);
	faulty_fail(FAULT_WRITE, 1, false, ENOSPC);
	CHECK_INT(request(HOST_UBD_FLUSH, 0, NULL, 0, 0), -ENOSPC);
	faulty_none();
	CHECK_INT(request(HOST_UBD_FLUSH, 0, NULL, 0, 0), -EIO);
	host_ubd_set_wait(disk, true);
	CHECK_INT(request(HOST_UBD_WRITE, 40960, out, 512, HOST_UBD_FUA), -EIO);
	host_ubd_close(disk);
}

/* What a failed sync has lost is lost, however patient the disk is. */
static void test_sync(bool over, int err)
{
	open_disk(over, HOST_UBD_WAIT);
	CHECK_INT(request(HOST_UBD_WRITE, 4096, out, 4096, 0), 0);
	faulty_fail(FAULT_SYNC, 1, false, err);
	CHECK_INT(request(HOST_UBD_FLUSH, 0, NULL, 0, 0), -EIO);
	faulty_none();
	CHECK_INT(request(HOST_UBD_FLUSH, 0, NULL, 0, 0), -EIO);
	CHECK_INT(request(HOST_UBD_WRITE, 0, out, 512, HOST_UBD_FUA), -EIO);
	CHECK_INT(request(HOST_UBD_WRITE, 0, out, 512, 0), 0);
	CHECK_INT(request(HOST_UBD_FLUSH, 0, NULL, 0, 0), -EIO);
	host_ubd_close(disk);
	open_disk(over, 0);
	CHECK_INT(request(HOST_UBD_WRITE, 0, out, 512, HOST_UBD_FUA), 0);
	host_ubd_close(disk);
}

int main(void)
{
	char command[300];
	int fd;

	alarm(120);
	if (!mkdtemp(dir))
		return 1;
	snprintf(base, sizeof(base), "%s/base", dir);
	snprintf(cow, sizeof(cow), "%s/cow", dir);
	fd = open(base, O_CREAT | O_RDWR, 0600);
	CHECK_INT(ftruncate(fd, BYTES), 0);
	close(fd);
	test_error(false);
	test_wait(false, 0);
	test_others();
	test_sync(false, EIO);
	test_sync(false, ENOSPC);
	test_error(true);	/* from here on base is a backing */
	test_wait(true, 0);
	test_wait(true, HOST_UBD_THREAD);
	test_map();
	test_sync(true, EIO);
	test_sync(true, EDQUOT);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) != 0 || check_failures != 0;
}
