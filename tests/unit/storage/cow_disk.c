// SPDX-License-Identifier: GPL-2.0
/*
 * COW disks on real files: made when missing, which backing is taken, what is
 * refused and with which words, and a raw disk that a guest tries to turn into
 * a COW file.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../../ubd/abi/host_ubd.h"
#include "../../../ubd/format/cow.h"
#include "../../../ubd/format/cow_record.h"
#include "../drivers/check.h"

#define BYTES	(1 << 20)

static char dir[] = "/tmp/cow-disk-XXXXXX";
static struct host_ubd_info info;
static struct host_ubd *disk;
static unsigned char out[4096], in[4096];

static const char *path(const char *name)
{
	static char p[4][300];
	static int n;

	n = (n + 1) % 4;
	snprintf(p[n], sizeof(p[n]), "%s/%s", dir, name);
	return p[n];
}

static void make(const char *name, int c, off_t size)
{
	int fd = open(path(name), O_CREAT | O_TRUNC | O_RDWR, 0600);

	memset(out, c, sizeof(out));
	CHECK_INT(write(fd, out, sizeof(out)), sizeof(out));
	CHECK_INT(ftruncate(fd, size), 0);
	close(fd);
}

static int open_disk(const char *file, const char *backing, u32 flags)
{
	struct host_ubd_config c = {
		.name = "ubd0",
		.file = path(file),
		.backing = backing ? path(backing) : NULL,
		.flags = flags,
		.event = 5,
	};

	disk = NULL;
	return host_ubd_open(&c, &disk, &info);
}

static int request(u32 op, u64 off, void *buf, u64 len)
{
	struct host_iov iov[2] = { { buf, 3 }, { (char *)buf + 3, len - 3 } };
	struct host_ubd_req req = {
		.op = op, .offset = off, .len = len, .iov = iov, .niov = 2,
	};
	struct timespec t = { 0, 100000 };

	if (host_ubd_submit(disk, &req))
		return req.error;
	while (!host_ubd_take_done(disk))
		nanosleep(&t, NULL);
	return req.error;
}

static bool reads(u64 off, int c)
{
	memset(in, 1, sizeof(in));
	if (request(HOST_UBD_READ, off, in, 512))
		return false;
	return in[0] == c && in[511] == c;
}

static void test_made(void)
{
	struct host_ubd *first;
	struct stat st;

	make("base", 'b', BYTES - 100);
	CHECK_INT(open_disk("cow", NULL, 0), -ENOENT);
	CHECK_INT(open_disk("cow", "nothing", 0), -ENOENT);
	CHECK_HAS(info.err, "/nothing: No such file");
	CHECK_INT(open_disk("cow", "base", 0), 0);
	CHECK_INT((s64)info.bytes, BYTES);
	CHECK(!stat(path("cow"), &st) &&
	      st.st_size == 2 * COW_ALIGN_NEW + BYTES - 100);
	CHECK(reads(0, 'b') && reads(8192, 0));
	memset(out, 'c', sizeof(out));
	CHECK_INT(request(HOST_UBD_WRITE, 512, out, 512), 0);
	CHECK_INT(request(HOST_UBD_WRITE, BYTES - 512, out, 512), 0);
	CHECK(reads(0, 'b') && reads(512, 'c') && reads(1024, 'b'));
	CHECK_INT(request(HOST_UBD_FLUSH, 0, out, 0), 0);
	host_ubd_close(disk);
	CHECK(!stat(path("base"), &st) && st.st_size == BYTES - 100);

	CHECK_INT(open_disk("cow", NULL, HOST_UBD_READONLY), 0);
	CHECK(reads(512, 'c') && reads(1024, 'b') && reads(BYTES - 512, 'c'));
	CHECK(request(HOST_UBD_WRITE, 0, out, 512) != 0);
	host_ubd_close(disk);
	CHECK_INT(open_disk("cow", NULL, HOST_UBD_LAYER), 0);
	CHECK_INT(request(HOST_UBD_WRITE, 1024, out, 512), 0);
	CHECK(reads(1024, 'c') && reads(0, 'b'));
	host_ubd_close(disk);
	CHECK_INT(open_disk("cow", NULL, 0), 0);
	CHECK(reads(1024, 'b'));
	first = disk;
	CHECK_INT(open_disk("base", NULL, 0), -EBUSY);	/* is a backing */
	CHECK_HAS(info.err, "another disk of this kernel");
	CHECK_INT(open_disk("cow", NULL, 0), -EBUSY);
	host_ubd_close(first);
}

/* A COW file over a COW file. */
static void test_chain(void)
{
	CHECK_INT(open_disk("top", "cow", 0), 0);
	CHECK(reads(0, 'b') && reads(512, 'c'));
	memset(out, 't', sizeof(out));
	CHECK_INT(request(HOST_UBD_WRITE, 512, out, 512), 0);
	CHECK(reads(512, 't'));
	host_ubd_close(disk);
	CHECK_INT(open_disk("top", NULL, 0), 0);
	CHECK(reads(512, 't') && reads(1024, 'b'));
	host_ubd_close(disk);
	CHECK_INT(open_disk("cow", NULL, HOST_UBD_READONLY), 0);
	CHECK(reads(512, 'c'));
	host_ubd_close(disk);
}

/* A commit that was cut off: nobody opens it, with whatever flags. */
static void test_record(void)
{
	unsigned char raw[COW_RECORD_BYTES];
	struct cow_record r = { 1, 2, 3, true };
	int fd = open(path("cow"), O_RDWR);
	const char *want = "finish it with imgtool cow commit";

	cow_record_put(&r, raw);
	CHECK_INT(pwrite(fd, raw, sizeof(raw), COW_RECORD_AT), sizeof(raw));
	CHECK_INT(open_disk("cow", NULL, 0), -EUCLEAN);
	CHECK_HAS(info.err, want);
	CHECK_INT(open_disk("cow", NULL, HOST_UBD_READONLY), -EUCLEAN);
	CHECK_INT(open_disk("cow", NULL, HOST_UBD_LAYER), -EUCLEAN);
	CHECK_INT(open_disk("cow", "base", HOST_UBD_SHARED), -EUCLEAN);
	memset(raw, 0, sizeof(raw));
	CHECK_INT(pwrite(fd, raw, sizeof(raw), COW_RECORD_AT), sizeof(raw));
	CHECK_INT(open_disk("cow", NULL, 0), 0);
	CHECK(reads(512, 'c'));
	host_ubd_close(disk);
	close(fd);
}

static void set_backing(const char *file, const char *backing)
{
	char name[4096] = "";
	int fd = open(path(file), O_RDWR);

	snprintf(name, sizeof(name), "%s", backing);
	CHECK_INT(pwrite(fd, name, sizeof(name), 32), sizeof(name));
	close(fd);
}

static void set_time(const char *file, long seconds)
{
	struct timespec times[2] = { { seconds, 0 }, { seconds, 0 } };

	CHECK_INT(utimensat(AT_FDCWD, path(file), times, 0), 0);
}

static void set_mtime(const char *file, unsigned char seconds)
{
	unsigned char raw[4] = { 0, 0, 0, seconds };
	int fd = open(path(file), O_RDWR);

	CHECK_INT(pwrite(fd, raw, sizeof(raw), 8), sizeof(raw));
	close(fd);
}

static void test_policy(void)
{
	struct stat st;
	struct timespec times[2] = { { 5, 0 }, { 5, 0 } };

	CHECK_INT(mkdir(path("other"), 0700), 0);
	CHECK_INT(rename(path("base"), path("other/base")), 0);
	set_backing("cow", path("other/base"));
	CHECK_INT(open_disk("cow", NULL, 0), -EACCES);
	CHECK_HAS(info.err, "other/base is in another directory: name it");
	CHECK_INT(open_disk("cow", "other/base", 0), 0);
	CHECK_HAS(info.note, "backing /tmp/");
	CHECK_HAS(info.note, "/other/base");
	CHECK(reads(0, 'b'));
	host_ubd_close(disk);
	CHECK_INT(symlink("other/base", path("link")), 0);
	set_backing("cow", "link");
	CHECK_INT(open_disk("cow", NULL, 0), -EACCES);
	set_backing("cow", "/dev/zero");
	CHECK_INT(open_disk("cow", NULL, 0), -EACCES);
	CHECK_INT(mkfifo(path("fifo"), 0600), 0);
	set_backing("cow", "fifo");
	CHECK_INT(open_disk("cow", NULL, 0), -EINVAL);
	CHECK_HAS(info.err, "neither a regular file nor a block device");
	set_backing("cow", ".");
	CHECK_INT(open_disk("cow", NULL, 0), -EACCES);
	set_backing("cow", "cow");		/* itself */
	CHECK(open_disk("cow", NULL, 0) != 0);
	set_backing("cow", "miss\033[31ming");
	CHECK_INT(open_disk("cow", NULL, 0), -ENOENT);
	CHECK_HAS(info.err, "its backing miss?[31ming: No such file");
	CHECK_HAS(info.err, "imgtool cow rebase");
	CHECK_INT(rename(path("other/base"), path("base")), 0);
	set_backing("cow", "base");		/* from the COW's folder */
	CHECK_INT(open_disk("cow", NULL, 0), 0);
	host_ubd_close(disk);

	CHECK(!stat(path("base"), &st));
	CHECK_INT(utimensat(AT_FDCWD, path("base"), times, 0), 0);
	CHECK_INT(open_disk("cow", NULL, 0), -EINVAL);
	CHECK_HAS(info.err, "was changed after");
	times[0] = times[1] = st.st_mtim;
	CHECK_INT(truncate(path("base"), 5000), 0);
	CHECK_INT(utimensat(AT_FDCWD, path("base"), times, 0), 0);
	CHECK_INT(open_disk("cow", NULL, 0), -EINVAL);
	CHECK_HAS(info.err, "made for a backing of");
	CHECK_HAS(info.err, "imgtool cow rebase");
}

/* A COW file over another, whose header names a file elsewhere. */
static void test_below(void)
{
	make("base", 'b', BYTES - 100);
	CHECK_INT(unlink(path("cow")), 0);
	CHECK_INT(unlink(path("top")), 0);
	CHECK_INT(open_disk("cow", "base", 0), 0);
	host_ubd_close(disk);
	CHECK_INT(open_disk("top", "cow", 0), 0);
	CHECK_HAS(info.note, "/cow; backing /tmp/");
	host_ubd_close(disk);
	CHECK_INT(rename(path("base"), path("other/base")), 0);
	set_backing("cow", path("other/base"));
	set_time("cow", 7);
	set_mtime("top", 7);
	CHECK_INT(open_disk("top", "cow", HOST_UBD_READONLY), -EACCES);
	CHECK_HAS(info.err, "/cow: its backing ");
	CHECK_HAS(info.err, "put it into the same");
	CHECK_INT(open_disk("top", NULL, HOST_UBD_READONLY), -EACCES);
}

/* What is wrong with a header is told, and who can tell more. */
static void test_header(void)
{
	make("broken", 0, BYTES);
	set_backing("broken", "base");
	int fd = open(path("broken"), O_RDWR);

	CHECK_INT(pwrite(fd, "OOOM\0\0\0\3", 8, 0), 8);
	CHECK_INT(open_disk("broken", NULL, 0), -EINVAL);
	CHECK_HAS(info.err, "not a usable COW file: a size of 0: see imgtool "
		  "cow check /tmp/");
	CHECK_INT(pwrite(fd, "OOOM\0\0\0\4", 8, 0), 8);
	CHECK_INT(open_disk("broken", NULL, HOST_UBD_LAYER), -EINVAL);
	CHECK_HAS(info.err, "an unknown version");
	close(fd);
}

static void test_guard(void)
{
	make("raw", 'r', BYTES);
	memset(out, 0, sizeof(out));
	memcpy(out, "OOOM", 4);
	CHECK_INT(open_disk("raw", NULL, 0), 0);
	CHECK_INT(request(HOST_UBD_WRITE, 0, out, 4096), -EIO);
	CHECK_HAS(stub_written, "ubd0: write refused");
	CHECK(reads(0, 'r') && reads(512, 'r'));
	CHECK_INT(request(HOST_UBD_WRITE, 512, out, 512), 0);
	out[0] = 'x';
	CHECK_INT(request(HOST_UBD_WRITE, 0, out, 4096), 0);
	CHECK_INT(request(HOST_UBD_READ, 0, in, 4096), 0);
	CHECK(!memcmp(in, out, 4096));
	host_ubd_close(disk);
	out[0] = 'O';
	CHECK_INT(open_disk("raw", NULL, HOST_UBD_DATA), 0);
	CHECK_INT(request(HOST_UBD_WRITE, 0, out, 512), 0);
	host_ubd_close(disk);
	CHECK_INT(open_disk("raw", NULL, 0), -EINVAL);
	CHECK_INT(open_disk("cow", "raw", 0), -EINVAL);
}

int main(void)
{
	char command[300];

	alarm(120);
	if (!mkdtemp(dir))
		return 1;
	test_made();
	test_record();
	test_chain();
	test_policy();
	test_below();
	test_header();
	test_guard();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) != 0 || check_failures != 0;
}
