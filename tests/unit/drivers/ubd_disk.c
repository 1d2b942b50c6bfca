// SPDX-License-Identifier: GPL-2.0
/*
 * Disks as the guest sees them: what is refused and with which words, locks,
 * requests inline and by threads, and layers on real files.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../../ubd/abi/host_ubd.h"
#include "check.h"

static char dir[] = "/tmp/ubd-disk-XXXXXX";
static struct host_ubd_info info;
static struct host_ubd *disk;

static const char *path(const char *name)
{
	static char p[4][300];
	static int n;

	n = (n + 1) % 4;
	snprintf(p[n], sizeof(p[n]), "%s/%s", dir, name);
	return p[n];
}

static void make(const char *name, const void *start, size_t len, off_t size)
{
	int fd = open(path(name), O_CREAT | O_TRUNC | O_RDWR, 0600);

	CHECK(fd >= 0);
	CHECK_INT(write(fd, start, len), (long long)len);
	CHECK_INT(ftruncate(fd, size), 0);
	close(fd);
}

static int open_config(const char *name, u32 flags, const char *layer_dir,
		       u64 layer_max)
{
	struct host_ubd_config c = {
		.name = "ubd0",
		.file = name[0] == '/' ? name : path(name),
		.layer_dir = layer_dir,
		.layer_max = layer_max,
		.flags = flags,
		.event = 5,
	};

	disk = NULL;
	return host_ubd_open(&c, &disk, &info);
}

static int open_disk(const char *name, u32 flags)
{
	return open_config(name, flags, NULL, 0);
}

/* Carries one request out, by whoever does it. */
static int request(u32 op, u64 off, void *buf, u64 len, u32 flags)
{
	struct host_iov iov[2] = { { buf, len / 2 },
				   { (char *)buf + len / 2, len - len / 2 } };
	struct host_ubd_req req = {
		.op = op, .flags = flags, .offset = off, .len = len,
		.iov = iov, .niov = 2,
	}, *done = NULL;
	struct timespec t = { 0, 100000 };

	if (host_ubd_submit(disk, &req))
		return req.error;
	while (!(done = host_ubd_take_done(disk)))
		nanosleep(&t, NULL);
	CHECK(done == &req && !done->next);
	while (!__atomic_load_n(&stub_events, __ATOMIC_SEQ_CST))
		nanosleep(&t, NULL);
	return req.error;
}

static void test_refused(void)
{
	CHECK_INT(open_disk("missing", 0), -ENOENT);
	CHECK_HAS(info.err, "/missing: No such file or directory");
	CHECK_INT(open_disk(dir, HOST_UBD_READONLY), -EISDIR);
	CHECK_INT(mkfifo(path("fifo"), 0600), 0);
	CHECK_INT(open_disk("fifo", 0), -EINVAL);
	CHECK_HAS(info.err, "neither a regular file nor a block device");
	CHECK_INT(open_disk("/dev/null", 0), -EINVAL);
	CHECK_INT(open_disk("/", 0), -EISDIR);
	make("cow", "OOOM", 4, 8192);
	CHECK_INT(open_disk("cow", 0), -EINVAL);
	CHECK_HAS(info.err, "COW");
	CHECK_INT(open_disk("cow", HOST_UBD_DATA), 0);
	host_ubd_close(disk);
	make("raw", "x", 1, 8192);
	CHECK_INT(open_config("raw", HOST_UBD_LAYER, "/nonexistent", 0),
		  -ENOENT);
	CHECK_HAS(info.err, "/nonexistent: No such file");
	CHECK_HAS(info.err, "ubd_layer_dir=");
}

static void test_locks(void)
{
	char want[40];
	int up[2], down[2];
	pid_t child;
	char c;

	make("shared", "x", 1, 4096);
	CHECK_INT(pipe(up), 0);
	CHECK_INT(pipe(down), 0);
	child = fork();
	if (!child) {
		c = (char)open_disk("shared", 0);
		if (write(up[1], &c, 1) != 1 || read(down[0], &c, 1) != 1)
			_exit(1);
		_exit(0);
	}
	CHECK_INT(read(up[0], &c, 1), 1);
	CHECK_INT(c, 0);
	snprintf(want, sizeof(want), "in use by process %d (", child);
	CHECK_INT(open_disk("shared", 0), -EBUSY);
	CHECK_HAS(info.err, want);
	CHECK_INT(open_disk("shared", HOST_UBD_READONLY), -EBUSY);
	CHECK_INT(open_disk("shared", HOST_UBD_LAYER), -EBUSY);
	CHECK_INT(open_disk("shared", HOST_UBD_SHARED), 0);
	host_ubd_close(disk);
	CHECK_INT(write(down[1], "x", 1), 1);
	waitpid(child, NULL, 0);

	/* readers and layers side by side, also within this process */
	CHECK_INT(open_disk("shared", HOST_UBD_READONLY), 0);
	struct host_ubd *first = disk;

	CHECK_INT(open_disk("shared", HOST_UBD_LAYER), 0);
	host_ubd_close(disk);
	CHECK_INT(open_disk("shared", 0), -EBUSY);
	CHECK_HAS(info.err, "another disk of this kernel");
	host_ubd_close(first);
	CHECK_INT(open_disk("shared", 0), 0);
	host_ubd_close(disk);
}

static unsigned char out[65536], in[65536];

static void fill(unsigned char *p, size_t n, int seed)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = (unsigned char)((i >> 8) + i * 31 + (size_t)seed);
}

static void test_requests(u32 flags)
{
	make("disk", "first", 5, (1 << 20) - 100);
	CHECK_INT(open_disk("disk", flags), 0);
	CHECK_INT((s64)info.bytes, 1 << 20);
	CHECK_INT(info.readonly, 0);
	CHECK_INT(request(HOST_UBD_READ, 0, in, 4096, 0), 0);
	CHECK(!memcmp(in, "first\0\0", 7));
	fill(out, sizeof(out), 1);
	CHECK_INT(request(HOST_UBD_WRITE, 4096, out, sizeof(out), 0), 0);
	CHECK_INT(request(HOST_UBD_FLUSH, 0, NULL, 0, 0), 0);
	CHECK_INT(request(HOST_UBD_READ, 4096, in, sizeof(in), 0), 0);
	CHECK(!memcmp(in, out, sizeof(in)));
	CHECK_INT(request(HOST_UBD_WRITE, 0, out, 512, HOST_UBD_FUA), 0);
	CHECK_INT(request(HOST_UBD_ZERO, 8192, NULL, 8192, 0), 0);
	CHECK_INT(request(HOST_UBD_ZERO, 16384, NULL, 512, HOST_UBD_KEEP |
			  HOST_UBD_FUA), 0);
	memset(out + 4096, 0, 8192 + 512);
	CHECK_INT(request(HOST_UBD_READ, 4096, in, sizeof(in), 0), 0);
	CHECK(!memcmp(in, out, sizeof(in)));
	if (info.can_discard)
		CHECK_INT(request(HOST_UBD_DISCARD, 32768, NULL, 4096, 0), 0);
	/* the end of the file is inside the last sector */
	CHECK_INT(request(HOST_UBD_READ, (1 << 20) - 512, in, 512, 0), 0);
	CHECK_INT(request(HOST_UBD_WRITE, (1 << 20) - 512, out, 512, 0), 0);
	CHECK_INT(request(HOST_UBD_READ, (1 << 20) - 512, in, 512, 0), 0);
	CHECK(!memcmp(in, out, 512));
	CHECK_INT(request(99, 0, in, 512, 0), -EOPNOTSUPP);
	host_ubd_close(disk);

	CHECK_INT(open_disk("disk", flags | HOST_UBD_READONLY), 0);
	CHECK_INT(info.readonly, 1);
	CHECK_INT(info.can_discard, 0);
	CHECK_INT(request(HOST_UBD_WRITE, 0, out, 512, 0), -EBADF);
	host_ubd_close(disk);
}

/* Many at once, more than there are threads; all come back, once each. */
static void test_many(void)
{
	static struct host_ubd_req reqs[64];
	struct host_iov iov[64];
	struct host_ubd_req *r;
	struct timespec t = { 0, 100000 };
	int i, n = 0;

	CHECK_INT(open_disk("disk", HOST_UBD_THREAD), 0);
	for (i = 0; i < 64; i++) {
		iov[i] = (struct host_iov){ in + i * 512, 512 };
		reqs[i] = (struct host_ubd_req){
			.op = HOST_UBD_READ, .offset = (u64)i * 512,
			.len = 512, .iov = &iov[i], .niov = 1, .error = 1,
		};
		CHECK_INT(host_ubd_submit(disk, &reqs[i]), 0);
	}
	while (n < 64) {
		for (r = host_ubd_take_done(disk); r; r = r->next, n++)
			CHECK_INT(r->error, 0);
		nanosleep(&t, NULL);
	}
	CHECK_INT(n, 64);
	host_ubd_close(disk);
}

static int entries(void)
{
	char command[300];
	FILE *f;
	int n = -1;

	snprintf(command, sizeof(command), "ls -A %s | wc -l", dir);
	f = popen(command, "r");
	if (f && fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f)
		pclose(f);
	return n;
}

static void test_layer(void)
{
	int before, i;

	make("image", "base", 4, 4 << 20);
	before = entries();
	CHECK_INT(open_disk("image", HOST_UBD_LAYER), 0);
	CHECK_INT(entries(), before);		/* unlinked */
	CHECK_INT(info.readonly, 0);
	fill(out, sizeof(out), 3);
	CHECK_INT(request(HOST_UBD_WRITE, 512, out, sizeof(out), HOST_UBD_FUA),
		  0);
	CHECK_INT(request(HOST_UBD_FLUSH, 0, NULL, 0, 0), 0);
	CHECK_INT(request(HOST_UBD_READ, 0, in, 1024, 0), 0);
	CHECK(!memcmp(in, "base", 4));
	CHECK(!memcmp(in + 512, out, 512));
	host_ubd_close(disk);
	CHECK_INT(open_disk("image", HOST_UBD_READONLY), 0);
	CHECK_INT(request(HOST_UBD_READ, 512, in, 512, 0), 0);
	CHECK(in[0] == 0 && in[511] == 0);	/* gone, and never in there */
	host_ubd_close(disk);

	stub_written[0] = '\0';
	stub_writes = 0;
	CHECK_INT(open_config("image", HOST_UBD_LAYER, dir, 256 << 10), 0);
	for (i = 0; i < 20; i++)
		if (request(HOST_UBD_WRITE, (u64)i * sizeof(out), out,
			    sizeof(out), 0))
			break;
	CHECK(i >= 3 && i <= 4);
	CHECK_INT(request(HOST_UBD_WRITE, 3 << 20, out, sizeof(out), 0),
		  -ENOSPC);
	CHECK_INT(stub_writes, 1);
	CHECK_HAS(stub_written, "ubd0: throw-away layer in /tmp/ubd-disk-");
	CHECK_HAS(stub_written, "No space left on device");
	CHECK_HAS(stub_written, "ubd_layer_max=");
	CHECK_INT(request(HOST_UBD_READ, 0, in, 4096, 0), 0);
	CHECK(!memcmp(in, out, 4096));
	host_ubd_close(disk);
}

int main(void)
{
	char command[300];

	alarm(120);
	if (!mkdtemp(dir))
		return 1;
	test_refused();
	test_locks();
	test_requests(0);
	test_requests(HOST_UBD_THREAD);
	test_requests(HOST_UBD_SYNC);
	test_many();
	test_layer();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) != 0 || check_failures != 0;
}
