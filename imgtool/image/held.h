/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks that have been written but are held in memory: who reads gets them,
 * the disk has not seen them. So changes that belong together can reach the
 * disk together.
 */
#ifndef IMGTOOL_IMAGE_HELD_H
#define IMGTOOL_IMAGE_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct held;

struct held_block {
	uint64_t number;
	uint8_t *data;
};

struct held *held_new(unsigned int block_size);
void held_free(struct held *held);

/* How many blocks it has. HELD may be NULL. */
size_t held_count(const struct held *held);

/* What it has of a block, or NULL; so if HELD is NULL. */
uint8_t *held_find(const struct held *held, uint64_t number);

/* Room for a block, which the caller fills. */
uint8_t *held_add(struct held *held, uint64_t number);

/* It has the block no more. */
void held_drop(struct held *held, uint64_t number);
void held_drop_all(struct held *held);

/* All of them by number, in new memory; their data stays where it is. */
struct held_block *held_list(const struct held *held);

unsigned int held_block_size(const struct held *held);

#endif
