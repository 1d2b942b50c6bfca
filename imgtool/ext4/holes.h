/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Holes: runs of free blocks, none of which touches another. A balanced tree in
 * order of start, each node of which knows the largest hole below it: every call
 * takes steps as the logarithm of their number, which hostile input chooses.
 */
#ifndef IMGTOOL_EXT4_HOLES_H
#define IMGTOOL_EXT4_HOLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hole {
	uint64_t start, count; /* blocks */
};

/* All zero: none. */
struct holes {
	struct hole_node *nodes; /* [0] stands for no node */
	size_t node_count, node_capacity;
	uint32_t root, unused; /* unused: a list of nodes */
	size_t count;
};

void holes_free(struct holes *holes);
void holes_clone(struct holes *to, const struct holes *from);

/* Blocks that no hole has are free from now on. */
void holes_add(struct holes *holes, uint64_t start, uint64_t count);

/* Does one have COUNT blocks? */
bool holes_have(const struct holes *holes, uint64_t count);

/* The front of the first that has COUNT blocks, taken out; 0 if none has. */
uint64_t holes_take(struct holes *holes, uint64_t count);

/* The first that starts at block FROM or behind; false if there is none. */
bool holes_next(const struct holes *holes, uint64_t from, struct hole *hole);

/* The last one; false if there is none. */
bool holes_last(const struct holes *holes, struct hole *hole);

/* The hole that starts at START, which must be one, is none any more. */
void holes_drop(struct holes *holes, uint64_t start);

#endif
