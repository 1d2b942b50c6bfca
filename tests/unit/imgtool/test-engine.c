// SPDX-License-Identifier: GPL-2.0
/*
 * imgtool's side of the engine against an agent that says whatever it likes:
 * what it says is in the socket before it is asked, since ids count from 1.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/imgtool/fake-agent.h"
#include "tests/unit/imgtool/suite.h"

static size_t make_entry(char *to, const char *name, size_t size, uint32_t mode)
{
	struct engine_entry e = { .attr = attr_of(mode), .name_size = size };

	memset(to, 0, ENGINE_ALIGN(sizeof(e) + size));
	memcpy(to, &e, sizeof(e));
	memcpy(to + sizeof(e), name, size);
	return ENGINE_ALIGN(sizeof(e) + size);
}

static int count_entry(void *context, const char *name, uint64_t ino)
{
	ck_assert(*name && !strchr(name, '/') && strcmp(name, ".") &&
		  strcmp(name, ".."));
	ck_assert(ino > NODE_ROOT);
	++*(int *)context;
	return 0;
}

/* What a listing of the root with this answer gives; *COUNT entries. */
static int list_root(const void *data, size_t size, int *count)
{
	struct fake f;
	int r;

	begin_root(&f);
	say(&f, data, size);
	*count = 0;
	r = fs_readdir(&f.fs, NODE_ROOT, count_entry, count);
	end(&f);
	return r;
}

START_TEST(good)
{
	const struct engine_extent extent = { 100, 200 };
	const struct engine_usage usage = { 4096, 10, 5, 0, 0 };
	char entries[2000], data[1000], target[FS_LINK_LONGEST + 1];
	struct fs_usage u;
	struct fs_attr attr;
	struct fake f;
	uint64_t ino, start, stop;
	size_t n;
	int count = 0;

	begin_root(&f);
	n = make_entry(entries, "file", 4, S_IFREG | 0644);
	n += make_entry(entries + n, "link", 4, S_IFLNK | 0777);
	say(&f, entries, n);
	ck_assert_int_eq(fs_readdir(&f.fs, 1, count_entry, &count), 0);
	ck_assert_int_eq(count, 2);
	ck_assert_int_eq(fs_lookup(&f.fs, 1, "file", &ino), 0);
	ck_assert_int_eq(fs_stat(&f.fs, ino, &attr), 0);
	ck_assert_uint_eq(attr.size, 1000);
	say(&f, &extent, sizeof(extent));
	ck_assert_int_eq(fs_data(&f.fs, ino, 50, &start, &stop), 0);
	ck_assert(start == 100 && stop == 200);
	memset(data, 'x', sizeof(data));
	say(&f, data, sizeof(data));
	memset(data, 0, sizeof(data));
	ck_assert_int_eq(fs_read(&f.fs, ino, 0, data, sizeof(data)), 1000);
	ck_assert_int_eq(data[999], 'x');
	ck_assert_int_eq(fs_read(&f.fs, ino, 990, data, sizeof(data)), 10);
	ck_assert_int_eq(fs_lookup(&f.fs, 1, "link", &ino), 0);
	say(&f, "target", 6);
	ck_assert_int_eq(fs_readlink(&f.fs, ino, target), 0);
	ck_assert_str_eq(target, "target");
	say(&f, &usage, sizeof(usage));
	ck_assert_int_eq(fs_usage(&f.fs, &u), 0);
	ck_assert_uint_eq(u.free_blocks, 5);
	ck_assert_int_eq(fs_stat(&f.fs, 9999, &attr), -EUCLEAN);
	ck_assert_int_eq(fs_stat(&f.fs, UINT64_MAX, &attr), -EUCLEAN);
	end(&f);
}
END_TEST

/* Heads that break the protocol; after that nothing is asked any more. */
START_TEST(heads)
{
	static const struct engine_reply bad[] = {
		{ 2, 0, 128, 0 }, { 0, 0, 128, 0 }, { 1, 1, 0, 0 },
		{ 1, -4096, 0, 0 }, { 1, INT32_MIN, 0, 0 }, { 1, 0, 129, 0 },
		{ 1, 0, UINT32_MAX, 0 }, { 1, -2, 5000, 0 }, { 1, 0, 0, 2 },
		{ 1, -2, 0, ENGINE_MORE }, { 1, 0, 127, 0 }, { 1, 0, 0, 0 },
	};
	struct fs_attr attr;
	char data[8192] = "";
	struct fake f;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		begin(&f);
		put(&f, &bad[i], sizeof(bad[i]));
		put(&f, data, sizeof(data));
		ck_assert_int_eq(fs_stat(&f.fs, 1, &attr), -EPROTO);
		ck_assert(f.engine.client.dead);
		ck_assert_int_eq(fs_stat(&f.fs, 1, &attr), -FS_GONE);
		end(&f);
	}
}
END_TEST

START_TEST(cut_off)
{
	const struct engine_attr a = attr_of(S_IFDIR);
	struct fs_attr attr;
	struct fake f;
	size_t n;

	for (n = 0; n < sizeof(a); n += 13) {
		begin(&f);
		say_head(&f, 0, 0, sizeof(a));
		put(&f, &a, n);
		close(f.fd);
		ck_assert_int_eq(fs_stat(&f.fs, 1, &attr), -FS_GONE);
		engine_finish(&f.engine);
	}
}
END_TEST

START_TEST(attributes)
{
	struct engine_attr a[6];
	struct fs_attr attr;
	struct fake f;
	size_t i;

	for (i = 0; i < 6; i++)
		a[i] = attr_of(S_IFREG);
	a[0].mode = 0644;
	a[1].mode = S_IFREG | 1 << 20;
	a[2].size = UINT64_MAX;
	a[3].blocks = UINT64_MAX;
	a[4].mtime.nsec = 1000000000;
	a[5].crtime.nsec = UINT32_MAX;
	for (i = 0; i < 6; i++) {
		begin(&f);
		say(&f, &a[i], sizeof(a[i]));
		ck_assert_int_eq(fs_stat(&f.fs, 1, &attr), -EUCLEAN);
		end(&f);
	}
}
END_TEST

START_TEST(names)
{
	static const struct {
		const char *name;
		size_t size;
	} bad[] = { { "", 0 }, { ".", 1 }, { "..", 2 }, { "a/b", 3 },
		    { "/", 1 }, { "a\0b", 3 }, { "\0", 1 }, { "../x", 4 } };
	char data[2000];
	int count;
	size_t i, n;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		n = make_entry(data, bad[i].name, bad[i].size, S_IFREG);
		n += make_entry(data + n, "good", 4, S_IFREG);
		ck_assert_int_eq(list_root(data, n, &count), -EUCLEAN);
		ck_assert_int_eq(count, 1);
	}
	/* the same name twice */
	n = make_entry(data, "name", 4, S_IFREG);
	n += make_entry(data + n, "name", 4, S_IFDIR);
	ck_assert_int_eq(list_root(data, n, &count), -EUCLEAN);
	ck_assert_int_eq(count, 1);
}
END_TEST

START_TEST(entries)
{
	struct engine_entry *e;
	char data[2000] = "";
	size_t n = make_entry(data, "name", 4, S_IFREG), i;
	int count;

	e = (void *)data;
	for (i = 1; i < n; i++)
		ck_assert_int_eq(list_root(data, i, &count), -EPROTO);
	e->name_size = 256;
	ck_assert_int_eq(list_root(data, sizeof(data), &count), -EPROTO);
	e->name_size = UINT16_MAX;
	ck_assert_int_eq(list_root(data, sizeof(data), &count), -EPROTO);
	e->name_size = 4;
	e->link_size = UINT16_MAX;
	ck_assert_int_eq(list_root(data, sizeof(data), &count), -EPROTO);
	e->link_size = 0;
	e->error = 1;
	ck_assert_int_eq(list_root(data, n, &count), -EPROTO);
	e->error = -5000;
	ck_assert_int_eq(list_root(data, n, &count), -EPROTO);
	/* one that cannot be looked at is there, and says why when it is */
	e->error = -ENOMEM;
	ck_assert_int_eq(list_root(data, n, &count), 0);
	ck_assert_int_eq(count, 1);
}
END_TEST

/* A file "f" of 1000 bytes, or a link, in the root. */
static uint64_t begin_file(struct fake *f, uint32_t mode)
{
	uint64_t ino = 0;

	begin_root(f);
	say_attr(f, mode);
	ck_assert_int_eq(fs_lookup(&f->fs, 1, "f", &ino), 0);
	return ino;
}

START_TEST(extents)
{
	static const struct engine_extent bad[] = {
		{ 9, 100 }, { 0, 0 }, { 50, 50 }, { 900, 20 },
	};
	const struct engine_extent wide = { 20, UINT64_MAX };
	uint64_t ino, start, stop;
	struct fake f;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ino = begin_file(&f, S_IFREG);
		say(&f, &bad[i], sizeof(bad[i]));
		ck_assert_int_eq(fs_data(&f.fs, ino, 10, &start, &stop),
				 -EUCLEAN);
		end(&f);
	}
	ino = begin_file(&f, S_IFREG);
	say(&f, &wide, sizeof(wide));
	ck_assert_int_eq(fs_data(&f.fs, ino, 10, &start, &stop), 0);
	ck_assert(start == 20 && stop == 1000);
	end(&f);
}
END_TEST

/* Files a, b and c in the root, of which a is read; B is b, to be read next,
 * with those behind it. */
static void begin_small(struct fake *f, uint64_t *b)
{
	char listing[2000], data[1000] = "a";
	uint64_t a;
	size_t n;
	int count = 0;

	begin_root(f);
	n = make_entry(listing, "c", 1, S_IFREG);
	n += make_entry(listing + n, "a", 1, S_IFREG);
	n += make_entry(listing + n, "b", 1, S_IFREG);
	say(f, listing, n);
	say(f, data, sizeof(data));
	ck_assert_int_eq(fs_readdir(&f->fs, 1, count_entry, &count), 0);
	ck_assert_int_eq(fs_lookup(&f->fs, 1, "a", &a), 0);
	ck_assert_int_eq(fs_read(&f->fs, a, 0, data, sizeof(data)), 1000);
	ck_assert_int_eq(fs_lookup(&f->fs, 1, "b", b), 0);
}

static size_t put_file(char *to, int error, uint32_t size, char fill)
{
	const struct engine_file file = { error, size };

	memcpy(to, &file, sizeof(file));
	memset(to + sizeof(file), fill, ENGINE_ALIGN(size));
	return ENGINE_ALIGN(sizeof(file) + size);
}

START_TEST(together)
{
	static const struct {
		int error;
		uint32_t size;
	} bad[] = { { 0, 1001 }, { 0, UINT32_MAX }, { 1, 1000 } };
	char reply[3000], data[1000];
	struct fake f;
	uint64_t b, c;
	size_t n, i;

	begin_small(&f, &b);
	n = put_file(reply, 0, 1000, 'b');
	n += put_file(reply + n, 0, 1000, 'c');
	say(&f, reply, n);
	ck_assert_int_eq(fs_read(&f.fs, b, 0, data, sizeof(data)), 1000);
	ck_assert(data[0] == 'b' && data[999] == 'b');
	ck_assert_int_eq(fs_lookup(&f.fs, 1, "c", &c), 0);
	ck_assert_int_eq(fs_read(&f.fs, c, 990, data, sizeof(data)), 10);
	ck_assert(data[0] == 'c' && data[9] == 'c');
	end(&f);

	/* cut off, or with something behind it */
	for (i = 0; i < n + 8; i += 8) {
		begin_small(&f, &b);
		say(&f, reply, i == n ? n + 8 : i);
		ck_assert_int_eq(fs_read(&f.fs, b, 0, data, 1), -FS_GONE);
		end(&f);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		begin_small(&f, &b);
		n = put_file(reply, 0, 1000, 'b');
		put_file(reply + n, bad[i].error, 8, 'c');
		memcpy(reply + n + sizeof(int), &bad[i].size, 4);
		say(&f, reply, sizeof(reply));
		ck_assert_int_eq(fs_read(&f.fs, b, 0, data, 1), -FS_GONE);
		end(&f);
	}
	/* what has changed meanwhile, or cannot be read, is asked for again */
	begin_small(&f, &b);
	n = put_file(reply, -EIO, 0, 0);
	n += put_file(reply + n, 0, 999, 'c');
	say(&f, reply, n);
	say(&f, "again", 5);
	ck_assert_int_eq(fs_read(&f.fs, b, 0, data, sizeof(data)), 5);
	end(&f);
}
END_TEST

START_TEST(contents)
{
	static char data[1 << 18];
	char target[FS_LINK_LONGEST + 1];
	struct fake f;
	uint64_t ino = begin_file(&f, S_IFREG);

	/* more than was asked for, or less than there should be */
	say(&f, data, (128 << 10) + 1);
	ck_assert_int_eq(fs_read(&f.fs, ino, 0, data, 10), -EPROTO);
	end(&f);
	ino = begin_file(&f, S_IFREG);
	say(&f, data, 5);
	ck_assert_int_eq(fs_read(&f.fs, ino, 0, data, 10), 5);
	ck_assert_int_eq(fs_read(&f.fs, ino, 5, data, 10), 0);
	end(&f);
	memset(data, 'x', sizeof(data));
	ino = begin_file(&f, S_IFLNK);
	say(&f, data, FS_LINK_LONGEST + 1);
	ck_assert_int_eq(fs_readlink(&f.fs, ino, target), -EPROTO);
	end(&f);
	ino = begin_file(&f, S_IFLNK);
	say(&f, "", 0);
	ck_assert_int_eq(fs_readlink(&f.fs, ino, target), -EUCLEAN);
	say(&f, "a\0b", 3);
	ck_assert_int_eq(fs_readlink(&f.fs, ino, target), -EUCLEAN);
	ck_assert_int_eq(fs_read(&f.fs, ino, 0, data, 10), -EINVAL);
	end(&f);
}
END_TEST

static int count_xattr(void *context, const char *name, const void *value,
		       size_t size)
{
	volatile uint8_t sum = 0;
	size_t i;

	ck_assert(*name);
	for (i = 0; i < size; i++)
		sum += ((const uint8_t *)value)[i];
	++*(int *)context;
	return 0;
}

START_TEST(xattrs)
{
	static const struct {
		struct engine_xattr head;
		char text[16];
		int result;
	} all[] = {
		{ { 6, 5 }, "user.xvalue", 0 },
		{ { 256, 5 }, "", -EPROTO },
		{ { UINT32_MAX, 5 }, "", -EPROTO },
		{ { 6, UINT32_MAX }, "user.x", -EPROTO },
		{ { 6, UINT32_MAX - 7 }, "user.x", -EPROTO },
		{ { 6, 11 }, "user.x", -EPROTO },
		{ { 0, 5 }, "value", -EUCLEAN },
		{ { 6, 5 }, "us\0r.xvalue", -EUCLEAN },
	};
	struct fake f;
	uint64_t ino;
	int count = 0;
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		ino = begin_file(&f, S_IFREG);
		say(&f, &all[i], 24);
		ck_assert_int_eq(fs_xattrs(&f.fs, ino, count_xattr, &count),
				 all[i].result);
		end(&f);
	}
	ck_assert_int_eq(count, 1);
}
END_TEST

START_TEST(totals)
{
	struct engine_usage u[] = { { 4096, UINT64_MAX, 0, 0, 0 },
				    { UINT64_MAX, 1, 1, 0, 0 },
				    { 4096, 1, 1, UINT64_MAX, 5 } };
	struct fs_usage got;
	struct fake f;
	int i;

	for (i = 0; i < 3; i++) {
		begin(&f);
		say(&f, &u[i], sizeof(u[i]));
		ck_assert_int_eq(fs_usage(&f.fs, &got),
				 i < 2 ? -EUCLEAN : 0);
		end(&f);
	}
	ck_assert_uint_eq(got.inodes, 0);
}
END_TEST

static uint32_t next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Something like an answer, some of its bytes others. */
static void say_noise(struct fake *f, uint32_t *state)
{
	static const uint32_t modes[] = { S_IFDIR, S_IFREG, S_IFLNK, S_IFCHR };
	char data[2048] = "", name[2] = "a";
	size_t n = 0, i;

	switch (next(state) % 3) {
	case 0:
		for (i = next(state) % 6; i; i--) {
			name[0] = 'a' + next(state) % 26;
			n += make_entry(data + n, name, 1,
					modes[next(state) % 4]);
		}
		break;
	case 1:
		((struct engine_attr *)data)->mode = modes[next(state) % 4];
		n = sizeof(struct engine_attr);
		break;
	case 2:
		n = 16;
		break;
	}
	for (i = next(state) % 4; n && i; i--)
		data[next(state) % n] = next(state);
	say_head(f, next(state) % 16 ? 0 : -(int)(next(state) % 200),
		 next(state) % 8 ? 0 : ENGINE_MORE, n);
	put(f, data, n);
}

static int use_entry(void *context, const char *name, uint64_t ino)
{
	char data[FS_LINK_LONGEST + 1];
	struct fake *f = context;
	struct fs_attr attr;
	uint64_t start, stop;
	int count = 0;

	if (fs_stat(&f->fs, ino, &attr) == 0 && S_ISDIR(attr.mode))
		fs_readdir(&f->fs, ino, count_entry, &count);
	fs_data(&f->fs, ino, 0, &start, &stop);
	fs_read(&f->fs, ino, 0, data, sizeof(data));
	fs_readlink(&f->fs, ino, data);
	fs_xattrs(&f->fs, ino, count_xattr, &count);
	return 0;
}

/* Nothing crashes, hangs, or reads what is not there. */
START_TEST(noise)
{
	uint32_t seed, state;
	struct fake f;
	int i;

	for (seed = 0; seed < 3000; seed++) {
		state = seed;
		begin_root(&f);
		for (i = 0; i < 40; i++)
			say_noise(&f, &state);
		shutdown(f.fd, SHUT_WR);
		fs_readdir(&f.fs, NODE_ROOT, use_entry, &f);
		end(&f);
	}
}
END_TEST

RUN_TESTS("engine", good, heads, cut_off, attributes, names, entries, extents,
	  together, contents, xattrs, totals, noise)
