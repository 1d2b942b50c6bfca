// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "imgtool/msg.h"
#include "imgtool/tree/tree.h"
#include "tests/unit/imgtool/suite.h"

static struct tree tree;
static int released;

static void count_release(void *context, struct inode *inode)
{
	released++;
}

static void begin(void)
{
	tree_init(&tree);
	tree.release = count_release;
	released = 0;
}

static struct inode *put(struct inode *dir, const char *name, uint32_t mode)
{
	return tree_put(&tree, dir, name, strlen(name), inode_new(mode));
}

static struct inode *get(struct inode *dir, const char *name)
{
	struct entry *e = tree_lookup(&tree, dir, name, strlen(name));

	return e ? e->inode : NULL;
}

START_TEST(replace)
{
	struct inode *a, *b;

	begin();
	a = put(tree.root, "x", S_IFREG);
	ck_assert_ptr_eq(get(tree.root, "x"), a);
	b = put(tree.root, "x", S_IFREG);
	ck_assert_ptr_eq(get(tree.root, "x"), b);
	ck_assert_int_eq(released, 1);
	ck_assert_uint_eq(tree.root->children, 1);
	ck_assert_uint_eq(b->nlink, 1);
	/* putting what is there already changes nothing */
	ck_assert_ptr_eq(tree_put(&tree, tree.root, "x", 1, b), b);
	ck_assert_uint_eq(b->nlink, 1);
	tree_free(&tree);
}
END_TEST

/* A file with more names to come lost the only one that was seen. */
START_TEST(hold)
{
	struct inode *a;

	begin();
	a = put(tree.root, "x", S_IFREG);
	inode_hold(a);
	put(tree.root, "x", S_IFREG);
	ck_assert_int_eq(released, 0);
	ck_assert_ptr_eq(tree_put(&tree, tree.root, "y", 1, a), a);
	tree_let_go(&tree, a);
	ck_assert_int_eq(released, 0);
	ck_assert_ptr_eq(get(tree.root, "y"), a);
	ck_assert_uint_eq(a->nlink, 1);
	inode_hold(a);
	put(tree.root, "y", S_IFREG);
	tree_let_go(&tree, a);
	ck_assert_int_eq(released, 1);
	tree_free(&tree);
}
END_TEST

START_TEST(merge)
{
	struct inode *a, *b;

	begin();
	a = put(tree.root, "d", S_IFDIR | 0755);
	put(a, "child", S_IFREG);
	b = put(tree.root, "d", S_IFDIR | 0700);
	ck_assert_ptr_eq(a, b);
	ck_assert_uint_eq(a->mode, S_IFDIR | 0700);
	ck_assert_ptr_nonnull(get(a, "child"));
	ck_assert_int_eq(released, 0);
	ck_assert_uint_eq(tree.root->subdirs, 1);
	tree_free(&tree);
}
END_TEST

START_TEST(directory_and_file)
{
	struct inode *d, *e;

	begin();
	d = put(tree.root, "d", S_IFDIR);
	e = put(d, "e", S_IFDIR);
	put(d, "f", S_IFREG);
	put(e, "g", S_IFREG);
	ck_assert_uint_eq(d->subdirs, 1);
	put(tree.root, "d", S_IFREG);
	ck_assert_int_eq(released, 4);
	ck_assert_uint_eq(tree.entries, 1);
	ck_assert_uint_eq(tree.root->subdirs, 0);
	d = put(tree.root, "d", S_IFDIR);
	ck_assert_ptr_null(get(d, "f"));
	ck_assert_uint_eq(tree.root->subdirs, 1);
	tree_free(&tree);
}
END_TEST

START_TEST(links)
{
	struct inode *f, *d;

	begin();
	d = put(tree.root, "d", S_IFDIR);
	f = put(d, "f", S_IFREG);
	tree_put(&tree, tree.root, "g", 1, f);
	ck_assert_uint_eq(f->nlink, 2);
	put(d, "f", S_IFREG);
	ck_assert_uint_eq(f->nlink, 1);
	ck_assert_int_eq(released, 1 - 1);
	ck_assert_ptr_eq(get(tree.root, "g"), f);
	/* what is linked stands below what the link replaces */
	f = get(d, "f");
	tree_put(&tree, tree.root, "d", 1, f);
	ck_assert_ptr_eq(get(tree.root, "d"), f);
	ck_assert_uint_eq(f->nlink, 1);
	tree_free(&tree);
}
END_TEST

START_TEST(order)
{
	static const char *const want[] = {
		"a", "a/1", "a/2", "a/2/x", "a/3", "b", "b.c", "c",
	};
	struct inode *a, *d;
	struct entry *e;
	size_t n = 0;
	char *path;

	begin();
	put(tree.root, "c", S_IFREG);
	put(tree.root, "b.c", S_IFREG);
	a = put(tree.root, "a", S_IFDIR);
	put(a, "3", S_IFREG);
	d = put(a, "2", S_IFDIR);
	put(a, "1", S_IFREG);
	put(d, "x", S_IFDIR);
	put(tree.root, "b", S_IFREG);
	tree_sort(&tree);
	for (e = tree_next(&tree, NULL); e; e = tree_next(&tree, e)) {
		path = tree_path(e);
		ck_assert_uint_lt(n, 8);
		ck_assert_str_eq(path, want[n++]);
		free(path);
	}
	ck_assert_uint_eq(n, 8);
	tree_free(&tree);
}
END_TEST

/* Enough for the hash table to grow, and a depth that recursion would feel. */
START_TEST(large)
{
	struct inode *dir;
	char name[20];
	int i;

	begin();
	for (i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		put(tree.root, name, S_IFREG);
	}
	for (i = 0; i < 20000; i += 7) {
		snprintf(name, sizeof(name), "n%d", i);
		ck_assert_ptr_nonnull(get(tree.root, name));
	}
	dir = tree.root;
	for (i = 0; i < 300000; i++)
		dir = put(dir, "d", S_IFDIR);
	tree_sort(&tree);
	tree_remove(&tree, tree_lookup(&tree, tree.root, "d", 1));
	ck_assert_uint_eq(tree.entries, 20000);
	ck_assert_int_eq(released, 300000);
	tree_free(&tree);
}
END_TEST

/* A directory gets a table for its names, and loses it when it is emptied. */
START_TEST(some)
{
	struct inode *dir, *again;
	char name[16];
	int i, n, left;

	for (n = 0; n < 70; n++) {
		begin();
		dir = put(tree.root, "d", S_IFDIR);
		for (i = 0; i < n; i++) {
			snprintf(name, sizeof(name), "%d", i);
			ck_assert_ptr_null(get(dir, name));
			put(dir, name, i % 3 ? S_IFREG : S_IFDIR);
			ck_assert_ptr_nonnull(get(dir, name));
		}
		for (i = left = 0; i < n; i++) {
			snprintf(name, sizeof(name), "%d", i);
			if (i % 2)
				tree_remove(&tree, tree_lookup(&tree, dir, name,
							       strlen(name)));
			else
				left++;
			ck_assert_int_eq(!get(dir, name), i % 2);
			ck_assert_ptr_null(get(tree.root, name));
		}
		ck_assert_uint_eq(dir->children, left);
		put(tree.root, "d", S_IFREG);
		again = put(tree.root, "d", S_IFDIR);
		ck_assert_ptr_null(get(again, "0"));
		ck_assert_uint_eq(tree.entries, 1);
		tree_free(&tree);
	}
}
END_TEST

/* A million files must fit 200 MB: names, places and numbers, too. */
START_TEST(small)
{
	ck_assert_uint_le(offsetof(struct inode, ref) + sizeof(void *), 72);
	ck_assert_uint_le(offsetof(struct entry, name), 43);
	ck_assert_uint_le(offsetof(struct file_ref, name), 16);
}
END_TEST

START_TEST(times)
{
	struct inode *a = inode_new(S_IFREG), *b = inode_new(S_IFREG);
	struct stamp early = { -2147483648, 999999999 }, s;
	struct stamp far = { INT64_C(1) << 60, 5 }, past = { -1e18, 5 };

	inode_set_times(a, early);
	ck_assert_ptr_null(a->extra);
	inode_set_stamp(a, STAMP_CREATED, early);
	ck_assert_ptr_null(a->extra);
	inode_set_stamp(a, STAMP_MODIFIED, far);
	s = inode_stamp(a, STAMP_MODIFIED);
	ck_assert_int_eq(s.sec, STAMP_LAST);
	ck_assert_uint_eq(s.nsec, 0);
	inode_set_stamp(a, STAMP_CHANGED, past);
	inode_take_attributes(b, a);
	s = inode_stamp(b, STAMP_CREATED);
	ck_assert_int_eq(s.sec, early.sec);
	ck_assert_uint_eq(s.nsec, early.nsec);
	s = inode_stamp(b, STAMP_CHANGED);
	ck_assert_int_eq(s.sec, STAMP_FIRST);
	ck_assert_uint_eq(s.nsec, 0);
	inode_free(a);
	inode_free(b);
}
END_TEST

RUN_TESTS("tree", replace, hold, merge, directory_and_file, links, order, large,
	  some, small, times)
