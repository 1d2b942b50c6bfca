/* SPDX-License-Identifier: GPL-2.0 */
/*
 * putdisk IMG RAW: make the disk in IMG (of any format that can be written)
 * hold what is in RAW, by writing only the bytes that differ, in pieces that
 * keep to no sectors.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imgtool/image/disk.h"
#include "imgtool/msg.h"

#define CHUNK 4096

static int put_chunk(struct disk *disk, uint64_t at, const char *want,
		     size_t n)
{
	size_t from = 0, to = n;
	char have[CHUNK];
	int r = disk_read(disk, at, have, n);

	while (from < to && have[from] == want[from])
		from++;
	while (to > from && have[to - 1] == want[to - 1])
		to--;
	if (r < 0 || from == to)
		return r;
	return disk_write(disk, at + from, want + from, to - from);
}

int main(int argc, char **argv)
{
	char want[CHUNK];
	struct disk disk;
	uint64_t at = 0;
	FILE *raw;
	size_t n;
	int r = 0;

	if (argc != 3 || !(raw = fopen(argv[2], "rb")))
		return 2;
	if (disk_open(&disk, argv[1], true) < 0)
		return 1;
	while (!r && (n = fread(want, 1, CHUNK, raw))) {
		r = put_chunk(&disk, at, want, n);
		at += n;
	}
	if (!r)
		r = disk_sync(&disk);
	disk_close(&disk);
	fclose(raw);
	if (r)
		fprintf(stderr, "putdisk: %s: %s\n", argv[1], strerror(-r));
	return r ? 1 : 0;
}
