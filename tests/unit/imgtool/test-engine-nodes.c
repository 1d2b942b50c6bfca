// SPDX-License-Identifier: GPL-2.0
/* What imgtool knows of the tree in an engine, as names come and go. */
#include <errno.h>
#include <stdio.h>

#include "imgtool/engine/nodes.h"
#include "tests/unit/imgtool/suite.h"

/* A name in DIR whose file has number FILE and as many names as there are. */
static uint32_t add_name(struct nodes *nodes, uint32_t dir, const char *name,
			 uint64_t file)
{
	uint32_t number = nodes_add(nodes, dir, name);
	struct node *node = nodes_get(nodes, number);

	node->attr = (struct fs_attr){ .number = file, .mode = S_IFREG,
				       .nlink = 2 };
	nodes_join(nodes, number, nodes_same(nodes, number));
	nodes_enter(nodes, number);
	return number;
}

/* Many files with two names each: to remove one must not take a look at all (as
 * it once did: this would take minutes). */
START_TEST(farm)
{
	const uint32_t count = 200000;
	struct nodes nodes;
	uint32_t a, b, i, first;
	char name[16];

	nodes_start(&nodes);
	a = nodes_add(&nodes, NODE_ROOT, "a");
	b = nodes_add(&nodes, NODE_ROOT, "b");
	nodes.list[a]->listed = nodes.list[b]->listed = true;
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%u", i);
		first = add_name(&nodes, a, name, 1000 + i);
		ck_assert_uint_eq(nodes.list[first]->same, first);
		ck_assert_uint_eq(nodes.list[add_name(&nodes, b, name,
						      1000 + i)]->same, first);
	}
	/* the file keeps its number, whichever name goes */
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%u", i);
		first = nodes_find(&nodes, a, name);
		nodes_remove(&nodes, i % 2 ? a : b, name);
		ck_assert_uint_eq(nodes_find(&nodes, i % 2 ? b : a, name),
				  first);
		ck_assert_int_eq(nodes.list[first]->error, 0);
	}
	ck_assert_uint_eq(nodes.list[a]->entry_count, count / 2);
	ck_assert_uint_eq(nodes.list[b]->entry_count, count / 2);
	nodes_clear(&nodes, a);
	nodes_clear(&nodes, b);
	ck_assert_uint_eq(nodes.list[b]->entry_count, 0);
	ck_assert_int_eq(nodes.list[first]->error, -ENOENT);
	nodes_end(&nodes);
}
END_TEST

/* Three names of one file, of which the first two go. */
START_TEST(links)
{
	struct nodes nodes;
	uint32_t file, i;

	nodes_start(&nodes);
	file = add_name(&nodes, NODE_ROOT, "a", 7);
	add_name(&nodes, NODE_ROOT, "b", 7);
	add_name(&nodes, NODE_ROOT, "c", 7);
	nodes_remove(&nodes, NODE_ROOT, "a");
	nodes_rename(&nodes, NODE_ROOT, "b", NODE_ROOT, "d");
	i = nodes_find(&nodes, NODE_ROOT, "d");
	ck_assert_uint_eq(nodes.list[i]->same, file);
	nodes_remove(&nodes, NODE_ROOT, "d");
	ck_assert_uint_eq(nodes_find(&nodes, NODE_ROOT, "c"), file);
	ck_assert_int_eq(nodes.list[file]->error, 0);
	nodes_remove(&nodes, NODE_ROOT, "c");
	ck_assert_int_eq(nodes.list[file]->error, -ENOENT);
	nodes_end(&nodes);
}
END_TEST

RUN_TESTS("nodes", farm, links)
