/* SPDX-License-Identifier: GPL-2.0 */
/* An AVL tree: the heights of two siblings differ by one at most, so a way down is
 * shorter than one and a half times the logarithm, and recursion safe. */
#include <stdlib.h>

#include "imgtool/ext4/holes.h"
#include "imgtool/msg.h"

struct hole_node {
	struct hole hole;
	uint64_t most; /* the largest count here and below */
	uint32_t child[2]; /* left: smaller starts */
	uint32_t height;   /* of no node: 0 */
};

void holes_free(struct holes *holes)
{
	free(holes->nodes);
	*holes = (struct holes){ 0 };
}

void holes_clone(struct holes *to, const struct holes *from)
{
	*to = *from;
	to->nodes = mem_dup(from->nodes,
			    from->node_count * sizeof(*from->nodes));
	to->node_capacity = from->node_count;
}

/* ---- nodes ---- */

static uint32_t new_node(struct holes *holes, uint64_t start, uint64_t count)
{
	uint32_t at = holes->unused;

	if (at) {
		holes->unused = holes->nodes[at].child[0];
	} else {
		do {
			holes->nodes = mem_grow(holes->nodes, holes->node_count,
						&holes->node_capacity,
						sizeof(*holes->nodes));
			at = holes->node_count++;
			holes->nodes[at] = (struct hole_node){ 0 };
		} while (!at);
	}
	holes->nodes[at] = (struct hole_node){
		.hole = { start, count }, .most = count, .height = 1,
	};
	holes->count++;
	return at;
}

static void put_node(struct holes *holes, uint32_t at)
{
	holes->nodes[at].child[0] = holes->unused;
	holes->unused = at;
	holes->count--;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What a node knows of those below it. */
static void sum_up(struct hole_node *nodes, uint32_t at)
{
	struct hole_node *node = &nodes[at];
	const struct hole_node *left = &nodes[node->child[0]];
	const struct hole_node *right = &nodes[node->child[1]];

	node->height = 1 + larger(left->height, right->height);
	node->most = larger(node->hole.count, larger(left->most, right->most));
}

/* The child at SIDE comes up in the place of its parent. */
static uint32_t rotate(struct hole_node *nodes, uint32_t at, int side)
{
	uint32_t up = nodes[at].child[side];

	nodes[at].child[side] = nodes[up].child[!side];
	nodes[up].child[!side] = at;
	sum_up(nodes, at);
	sum_up(nodes, up);
	return up;
}

static uint32_t height(const struct hole_node *nodes, uint32_t at, int side)
{
	return nodes[nodes[at].child[side]].height;
}

/* After a change below AT: what now stands there. */
static uint32_t balance(struct hole_node *nodes, uint32_t at)
{
	uint32_t child;
	int side;

	sum_up(nodes, at);
	for (side = 0; side < 2; side++) {
		if (height(nodes, at, side) < height(nodes, at, !side) + 2)
			continue;
		child = nodes[at].child[side];
		if (height(nodes, child, side) < height(nodes, child, !side))
			nodes[at].child[side] = rotate(nodes, child, !side);
		return rotate(nodes, at, side);
	}
	return at;
}

/* ---- changes ---- */

static uint32_t insert(struct hole_node *nodes, uint32_t at, uint32_t node)
{
	int side;

	if (!at)
		return node;
	side = nodes[at].hole.start < nodes[node].hole.start;
	nodes[at].child[side] = insert(nodes, nodes[at].child[side], node);
	return balance(nodes, at);
}

/* Takes the first node below AT out; what then stands there. */
static uint32_t detach_first(struct hole_node *nodes, uint32_t at,
			     uint32_t *first)
{
	if (!nodes[at].child[0]) {
		*first = at;
		return nodes[at].child[1];
	}
	nodes[at].child[0] = detach_first(nodes, nodes[at].child[0], first);
	return balance(nodes, at);
}

static uint32_t join(struct hole_node *nodes, uint32_t left, uint32_t right)
{
	uint32_t first;

	if (!right)
		return left;
	right = detach_first(nodes, right, &first);
	nodes[first].child[0] = left;
	nodes[first].child[1] = right;
	return balance(nodes, first);
}

static uint32_t detach(struct hole_node *nodes, uint32_t at, uint64_t start)
{
	int side;

	if (nodes[at].hole.start == start)
		return join(nodes, nodes[at].child[0], nodes[at].child[1]);
	side = nodes[at].hole.start < start;
	nodes[at].child[side] = detach(nodes, nodes[at].child[side], start);
	return balance(nodes, at);
}

static uint32_t find(const struct holes *holes, uint64_t start)
{
	const struct hole_node *nodes = holes->nodes;
	uint32_t at = holes->root;

	while (at && nodes[at].hole.start != start)
		at = nodes[at].child[nodes[at].hole.start < start];
	return at;
}

void holes_drop(struct holes *holes, uint64_t start)
{
	uint32_t at = find(holes, start);

	if (!at)
		return;
	holes->root = detach(holes->nodes, holes->root, start);
	put_node(holes, at);
}

/* The last that starts in front of START. */
static uint32_t find_before(const struct holes *holes, uint64_t start)
{
	const struct hole_node *nodes = holes->nodes;
	uint32_t at = holes->root, best = 0;

	while (at) {
		if (nodes[at].hole.start < start)
			best = at;
		at = nodes[at].child[nodes[at].hole.start < start];
	}
	return best;
}

void holes_add(struct holes *holes, uint64_t start, uint64_t count)
{
	uint32_t before = find_before(holes, start), behind, node;
	struct hole hole = { start, count };

	behind = find(holes, start + count);
	if (behind) {
		hole.count += holes->nodes[behind].hole.count;
		holes_drop(holes, start + count);
	}
	if (before) {
		struct hole b = holes->nodes[before].hole;

		if (b.start + b.count == start) {
			hole.start = b.start;
			hole.count += b.count;
			holes_drop(holes, b.start);
		}
	}
	node = new_node(holes, hole.start, hole.count);
	holes->root = insert(holes->nodes, holes->root, node);
}

bool holes_have(const struct holes *holes, uint64_t count)
{
	return holes->root && holes->nodes[holes->root].most >= count;
}

/* There is one below AT. */
static uint32_t take(struct hole_node *nodes, uint32_t at, uint64_t count)
{
	struct hole_node *node = &nodes[at];
	uint32_t from = at;

	if (nodes[node->child[0]].most >= count) {
		from = take(nodes, node->child[0], count);
	} else if (node->hole.count >= count) {
		node->hole.start += count;
		node->hole.count -= count;
	} else {
		from = take(nodes, node->child[1], count);
	}
	sum_up(nodes, at);
	return from;
}

uint64_t holes_take(struct holes *holes, uint64_t count)
{
	uint64_t start;
	uint32_t at;

	if (!count || !holes_have(holes, count))
		return 0;
	at = take(holes->nodes, holes->root, count);
	start = holes->nodes[at].hole.start;
	if (!holes->nodes[at].hole.count)
		holes_drop(holes, start);
	return start - count;
}

/* ---- looking ---- */

bool holes_next(const struct holes *holes, uint64_t from, struct hole *hole)
{
	const struct hole_node *nodes = holes->nodes;
	uint32_t at = holes->root, best = 0;

	while (at) {
		bool behind = nodes[at].hole.start >= from;

		if (behind)
			best = at;
		at = nodes[at].child[!behind];
	}
	if (best)
		*hole = nodes[best].hole;
	return best;
}

bool holes_last(const struct holes *holes, struct hole *hole)
{
	uint32_t at = find_before(holes, UINT64_MAX);

	if (at)
		*hole = holes->nodes[at].hole;
	return at;
}
