/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sectors that tell what they are: their number and a value, repeated. Value
 * 0 is a sector of zeroes.
 */
#ifndef TESTS_BOOT_UBD_SECTOR_H
#define TESTS_BOOT_UBD_SECTOR_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR	512u

static inline void stamp(unsigned char *p, uint32_t sector, uint32_t value)
{
	uint32_t i;

	memset(p, 0, SECTOR);
	for (i = 0; value && i < SECTOR; i += 8) {
		memcpy(p + i, &sector, 4);
		memcpy(p + i + 4, &value, 4);
	}
}

/* The value of a sector's contents; false: it is not a stamped sector. */
static inline int stamped(const unsigned char *p, uint32_t sector,
			  uint32_t *value)
{
	unsigned char want[SECTOR];

	memcpy(value, p + 4, 4);
	stamp(want, sector, *value);
	return !memcmp(p, want, SECTOR);
}

/* Each thread has its own state. */
static inline uint32_t below(uint32_t *state, uint32_t n)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state % n;
}

static inline void die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

/* A new file of so many bytes, all sectors stamped with value 1. Returns an
 * exit status. */
static inline int fill_file(const char *file, uint64_t bytes)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	unsigned char sector[SECTOR];
	uint64_t at;

	if (fd < 0)
		die(file);
	for (at = 0; at < bytes; at += SECTOR) {
		size_t n = bytes - at < SECTOR ? bytes - at : SECTOR;

		stamp(sector, (uint32_t)(at / SECTOR), 1);
		if (pwrite(fd, sector, n, (off_t)at) != (ssize_t)n)
			die("fill");
	}
	return 0;
}

#endif
