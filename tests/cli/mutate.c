/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mutate SEED COUNT FIRST LAST FILE: change COUNT bytes of FILE between two
 * offsets, in places that are not zero or stand near such. The same arguments
 * change the same bytes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define NEAR 16

static uint64_t state;

/* xorshift64* */
static uint64_t next(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL;
}

static int is_used(const unsigned char *data, size_t at, size_t size)
{
	size_t from = at / NEAR * NEAR, i;

	for (i = from; i < from + NEAR && i < size; i++)
		if (data[i])
			return 1;
	return 0;
}

static void change(unsigned char *byte)
{
	uint64_t how = next();

	switch (how % 6) {
	case 0:
		*byte = 0;
		break;
	case 1:
		*byte = 0xff;
		break;
	case 2:
		(*byte)++;
		break;
	case 3:
		(*byte)--;
		break;
	case 4:
		*byte ^= 1 << (how >> 8) % 8;
		break;
	default:
		*byte = how >> 8;
	}
}

int main(int argc, char **argv)
{
	size_t first, last, size, at;
	unsigned char *data;
	long count, tries;
	FILE *f;

	if (argc != 6 || !(f = fopen(argv[5], "r+b")))
		return 2;
	state = strtoull(argv[1], NULL, 0) * 0x9e3779b97f4a7c15ULL + 1;
	count = atol(argv[2]);
	first = strtoull(argv[3], NULL, 0);
	last = strtoull(argv[4], NULL, 0);
	if (last <= first || !(data = malloc(last - first)) ||
	    fseek(f, first, SEEK_SET))
		return 2;
	size = fread(data, 1, last - first, f);
	for (tries = 0; size && count && tries < 1000000; tries++) {
		at = next() % size;
		if (!is_used(data, at, size))
			continue;
		change(&data[at]);
		count--;
	}
	if (fseek(f, first, SEEK_SET) || fwrite(data, 1, size, f) != size ||
	    fclose(f))
		return 2;
	return 0;
}
