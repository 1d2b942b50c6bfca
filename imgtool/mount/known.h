/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which inodes the kernel knows of, and how often it was told, and which are
 * open. One that has lost its last name has its contents until nobody has it
 * open, and its number until the kernel forgets that.
 */
#ifndef IMGTOOL_MOUNT_KNOWN_H
#define IMGTOOL_MOUNT_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct known_node {
	uint64_t ino; /* 0: free */
	uint64_t known, opened;
	bool nameless; /* it goes when the kernel forgets it */
};

struct known {
	struct known_node *table;
	size_t count, room;
};

/* The kernel was told of INO once more. */
void known_add(struct known *known, uint64_t ino);

/* It forgets so many times: true if INO has to go. */
bool known_forget(struct known *known, uint64_t ino, uint64_t times);

/* INO has lost its last name. Returns what the kernel knows of it, NULL:
 * nothing. */
const struct known_node *known_unname(struct known *known, uint64_t ino);

void known_open(struct known *known, uint64_t ino);

/* True if it is not open any more, and has no name. */
bool known_close(struct known *known, uint64_t ino);

void known_free(struct known *known);

#endif
