// SPDX-License-Identifier: GPL-2.0
/* Changes of names through an agent that says whatever it likes. */
#include <errno.h>

#include "tests/unit/imgtool/fake-agent.h"
#include "tests/unit/imgtool/suite.h"

/* Directories never come to be below themselves, whatever the agent agrees to. */
START_TEST(loops)
{
	struct fs_attr attr;
	struct fake f;
	uint64_t d, e;

	begin_root(&f);
	say_attr(&f, S_IFDIR | 0755);
	ck_assert_int_eq(fs_lookup(&f.fs, NODE_ROOT, "d", &d), 0);
	say_attr(&f, S_IFDIR | 0755);
	ck_assert_int_eq(fs_lookup(&f.fs, d, "e", &e), 0);
	say(&f, "", 0);
	ck_assert_int_eq(change_rename(&f.fs, NODE_ROOT, "d", e, "f", false),
			 -EINVAL);
	ck_assert_int_eq(change_rename(&f.fs, NODE_ROOT, "d", d, "e", true),
			 -EINVAL);
	ck_assert_int_eq(change_rename(&f.fs, d, "e", NODE_ROOT, "d", true),
			 -EINVAL);
	ck_assert_int_eq(fs_stat(&f.fs, e, &attr), 0);
	end(&f);
}
END_TEST

/* What was renamed has another name than it should have: that is known here, too. */
START_TEST(misnamed)
{
	char image[] = "img";
	struct disk disk = { .name = image };
	struct fs_attr attr;
	struct fake f;
	uint64_t file, target, ino;

	begin_root(&f);
	f.fs.disk = &disk;
	say_attr(&f, S_IFREG | 0644);
	ck_assert_int_eq(fs_lookup(&f.fs, NODE_ROOT, "file", &file), 0);
	say_attr(&f, S_IFREG | 0644);
	ck_assert_int_eq(fs_lookup(&f.fs, NODE_ROOT, "target", &target), 0);
	say_head(&f, -EIO, 0, 6);
	put(&f, "000000", 6);
	ck_assert_int_eq(change_rename(&f.fs, NODE_ROOT, "file", NODE_ROOT,
				       "target", false), -1);
	ck_assert_int_eq(fs_lookup(&f.fs, NODE_ROOT, "file", &ino), -ENOENT);
	ck_assert_int_eq(fs_lookup(&f.fs, NODE_ROOT, "target", &ino), -ENOENT);
	say_attr(&f, S_IFREG | 0644);
	ck_assert_int_eq(fs_lookup(&f.fs, NODE_ROOT, "000000", &ino), 0);
	ck_assert_uint_eq(ino, file);
	ck_assert_int_eq(fs_stat(&f.fs, ino, &attr), 0);
	/* an error without a name is one, and nothing has changed */
	say_head(&f, -EIO, 0, 0);
	ck_assert_int_eq(change_rename(&f.fs, NODE_ROOT, "000000", NODE_ROOT,
				       "file", false), -EIO);
	ck_assert_int_eq(fs_lookup(&f.fs, NODE_ROOT, "000000", &ino), 0);
	/* and there are no such names */
	say_head(&f, -EIO, 0, 4);
	put(&f, "../x", 4);
	ck_assert_int_eq(change_rename(&f.fs, NODE_ROOT, "000000", NODE_ROOT,
				       "file", false), -EPROTO);
	end(&f);
}
END_TEST

RUN_TESTS("engine-change", loops, misnamed)
