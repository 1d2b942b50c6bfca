// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/tree/path.h"
#include "imgtool/tree/pool.h"
#include "tests/unit/imgtool/suite.h"

static void becomes(const char *in, const char *want)
{
	char out[PATH_LONGEST + 1];
	const char *problem = path_normalise(in, out);

	ck_assert_msg(!problem, "%s: %s", in, problem);
	ck_assert_str_eq(out, want);
}

static void refused(const char *in)
{
	char out[PATH_LONGEST + 1];

	ck_assert_msg(path_normalise(in, out) != NULL, "'%s' accepted", in);
}

START_TEST(normal_forms)
{
	becomes("a", "a");
	becomes("a/b/c", "a/b/c");
	becomes("/a/b", "a/b");
	becomes("//a///b//", "a/b");
	becomes("./a/./b/.", "a/b");
	becomes("", "");
	becomes("/", "");
	becomes("./", "");
	becomes(".//.", "");
	becomes("...", "...");
	becomes("..a/b..", "..a/b..");
	refused("..");
	refused("../a");
	refused("a/..");
	refused("a/../b");
	refused("/../a");
}
END_TEST

START_TEST(long_names)
{
	char in[5000], out[PATH_LONGEST + 1];
	size_t i;

	memset(in, 'n', 255);
	in[255] = 0;
	becomes(in, in);
	in[255] = 'n';
	in[256] = 0;
	refused(in);
	for (i = 0; i < 4095; i++)
		in[i] = i % 2 ? '/' : 'a';
	in[4095] = 0;
	ck_assert(!path_normalise(in, out));
	ck_assert_uint_eq(strlen(out), 4095);
	strcpy(in + 4095, "/a");
	refused(in);
}
END_TEST

static struct inode *put(struct tree *tree, const char *path, uint32_t mode,
			 const char *target)
{
	struct inode *inode = inode_new(mode), *dir;
	const char *name;

	if (S_ISLNK(mode)) {
		inode->target = pool_strdup(target);
		inode->size = strlen(target);
	}
	dir = path_parent(tree, path, &name);
	return tree_put(tree, dir, name, strlen(name), inode);
}

static struct inode *at(struct tree *tree, const char *path)
{
	struct entry *e = path_lookup(tree, path);

	return e ? e->inode : NULL;
}

START_TEST(parents)
{
	struct inode *file;
	struct tree tree;

	tree_init(&tree);
	file = put(&tree, "a/b/c", S_IFREG | 0644, NULL);
	ck_assert_ptr_eq(at(&tree, "a/b/c"), file);
	ck_assert(S_ISDIR(at(&tree, "a/b")->mode));
	ck_assert(at(&tree, "a/b")->made);
	ck_assert_uint_eq(at(&tree, "a")->mode, S_IFDIR | 0755);
	ck_assert_ptr_null(at(&tree, "a/b/c/d"));
	ck_assert_ptr_null(at(&tree, "x/y"));
	ck_assert_ptr_null(at(&tree, ""));
	/* a file in the way of a directory */
	file = put(&tree, "a/b/c/d", S_IFREG, NULL);
	ck_assert_ptr_eq(at(&tree, "a/b/c/d"), file);
	tree_free(&tree);
}
END_TEST

START_TEST(symlinks)
{
	struct inode *file;
	struct tree tree;

	tree_init(&tree);
	put(&tree, "usr/bin", S_IFDIR | 0755, NULL);
	put(&tree, "bin", S_IFLNK | 0777, "usr/bin");
	put(&tree, "usr/abs", S_IFLNK | 0777, "/usr/../bin/.");
	put(&tree, "usr/out", S_IFLNK | 0777, "../../../..");
	put(&tree, "loop", S_IFLNK | 0777, "loop2");
	put(&tree, "loop2", S_IFLNK | 0777, "loop");
	file = put(&tree, "bin/x", S_IFREG, NULL);
	ck_assert_ptr_eq(at(&tree, "usr/bin/x"), file);
	ck_assert(S_ISLNK(at(&tree, "bin")->mode));
	file = put(&tree, "usr/abs/y", S_IFREG, NULL);
	ck_assert_ptr_eq(at(&tree, "usr/bin/y"), file);
	file = put(&tree, "usr/out/z", S_IFREG, NULL);
	ck_assert_ptr_eq(at(&tree, "z"), file);
	ck_assert_ptr_null(at(&tree, "loop/x"));
	put(&tree, "loop/x", S_IFREG, NULL);
	ck_assert(S_ISDIR(at(&tree, "loop")->mode));
	tree_free(&tree);
}
END_TEST

START_TEST(patterns)
{
	ck_assert(path_matches("a", "a"));
	ck_assert(path_matches("a", "x/a"));
	ck_assert(path_matches("a", "x/a/y"));
	ck_assert(path_matches("*.o", "x/y.o"));
	ck_assert(!path_matches("*.o", "x/y.oo"));
	ck_assert(path_matches("/a", "a"));
	ck_assert(!path_matches("/a", "x/a"));
	ck_assert(path_matches("x/*", "x/a/y"));
	ck_assert(!path_matches("x/*", "x"));
	ck_assert(!path_matches("a/b", "x/a/b"));
	ck_assert(!path_matches("x*y", "x/y"));
}
END_TEST

RUN_TESTS("path", normal_forms, long_names, parents, symlinks, patterns)
