// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../ubd/format/cow.h"
#include "../../../ubd/host/cow_open.h"
#include "verb_files.h"

#define TIME	1000000000
#define MAP_AT	8192u
#define DATA_AT	12288u
#define ROOM	(DATA_AT + SECTORS * SECTOR)

static char dir[] = "/tmp/verb-faults-XXXXXX";
static unsigned char base[SECTORS * SECTOR], base2[SECTORS * SECTOR];
static unsigned char cow[ROOM];
static u64 cow_bytes;

unsigned char want[SECTORS * SECTOR];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

void files_begin(void)
{
	if (!mkdtemp(dir) || chdir(dir))
		die(dir);
}

static void each_file(void (*act)(const char *name))
{
	DIR *d = opendir(".");
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			act(e->d_name);
	if (d)
		closedir(d);
}

static void remove_file(const char *name)
{
	unlink(name);
}

void files_end(void)
{
	each_file(remove_file);
	rmdir(dir);
}

static void put_file(const char *name, const void *bytes, u64 size)
{
	int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	struct timespec times[2] = { { TIME, 0 }, { TIME, 0 } };

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size ||
	    futimens(fd, times))
		die(name);
	close(fd);
}

/* ---- the COW file ---- */

static void stamp(unsigned char *p, u32 sector, u32 what)
{
	u32 i;

	for (i = 0; i < SECTOR; i++)
		p[i] = (unsigned char)(sector * 7 + what * 53 + i % 11 + 1);
}

/* A sector of the COW file: as in the base, or another. */
static void set(u32 map_at, u32 data_at, u32 sector, bool same)
{
	unsigned char *here = cow + data_at + sector * SECTOR;

	if (same)
		memcpy(here, base + sector * SECTOR, SECTOR);
	else
		stamp(here, sector, 3);
	if (sector == SECTORS - 1)
		memset(here + SECTOR - 100, 0, 100);
	cow[map_at + sector / 8] |= (unsigned char)(1u << sector % 8);
	memcpy(want + sector * SECTOR, here, SECTOR);
}

static void set_all(u32 map_at, u32 data_at, u32 end)
{
	u32 i;

	for (i = 8; i < 24; i++)
		set(map_at, data_at, i, true);
	for (i = 30; i < 60; i++)
		set(map_at, data_at, i, i == 44);
	for (i = 120; i < 130; i++)
		set(map_at, data_at, i, false);
	memset(cow + data_at + 36 * SECTOR, 0, 2 * SECTOR);
	memset(want + 36 * SECTOR, 0, 2 * SECTOR);
	/* garbage: what a crash has left */
	memset(cow + data_at + 64 * SECTOR, 'g', 24 * SECTOR);
	for (i = 180; i < end; i++)
		set(map_at, data_at, i, false);
}

static void make_v3(bool damaged)
{
	struct cow_header h = { .mtime = TIME, .size = BYTES };

	strcpy(h.backing, "base");
	if (cow_plan(&h) || h.map_at != MAP_AT || h.data_at != DATA_AT)
		die("cow_plan");
	cow_encode(&h, cow);
	set_all(MAP_AT, DATA_AT, damaged ? 190 : SECTORS);
	cow_bytes = damaged ? DATA_AT + 195 * SECTOR : DATA_AT + BYTES;
	if (damaged)
		cow[MAP_AT + SECTORS / 8] |= 0xf0;
}

static void put_number(u32 at, u64 v, int bytes)
{
	for (; bytes--; v >>= 8)
		cow[at + (u32)bytes] = (unsigned char)v;
}

/* By the table of ubd-cow(5). */
static void make_v2(void)
{
	const u32 map_at = 4120, map_bytes = SECTORS / 8;
	const u32 data_at = (map_at + map_bytes + SECTOR - 1) / SECTOR * SECTOR;

	put_number(0, 0x4f4f4f4d, 4);
	put_number(4, 2, 4);
	strcpy((char *)cow + 8, "base");
	put_number(4104, TIME, 4);
	put_number(4108, BYTES, 8);
	put_number(4116, SECTOR, 4);
	set_all(map_at, data_at, SECTORS / 8 * 8);
	cow_bytes = data_at + BYTES;
}

void files_make(enum files kind)
{
	u32 i;

	each_file(remove_file);
	for (i = 0; i < SECTORS; i++) {
		stamp(base + i * SECTOR, i, 1);
		stamp(base2 + i * SECTOR, i, i % 5 ? 1 : 2);
	}
	memset(base + BYTES, 0, 100);
	memcpy(want, base, sizeof(want));
	memset(cow, 0, sizeof(cow));
	if (kind == FILES_OLD)
		make_v2();
	else
		make_v3(kind == FILES_DAMAGED);
	put_file("base", base, BYTES);
	put_file("base2", base2, BYTES);
	put_file("cow", cow, cow_bytes);
	put_file("was", "was", 3);
}

/* ---- what is there afterwards ---- */

bool file_shows(const char *name, const char **why)
{
	static struct cow_opening o;
	static unsigned char got[SECTORS * SECTOR];
	struct iovec v = { got, sizeof(got) };
	struct io_span span = { &v, 0, sizeof(got) };
	struct image *img;
	struct stat st;
	int err, fd = open(name, O_RDONLY);

	o = (struct cow_opening){ .file = name };
	if (fd < 0 || fstat(fd, &st))
		die(name);
	*why = o.err;
	if (cow_open(fd, (u64)st.st_size, &o, &img))
		return false;
	err = img->fmt->read(img, &span, 0, false);
	img->fmt->close(img);
	*why = "other contents";
	return !err && !memcmp(got, want, sizeof(got));
}

bool file_is(const char *name, const void *bytes, u64 size)
{
	static unsigned char got[ROOM + 1];
	int fd = open(name, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : pread(fd, got, sizeof(got), 0);

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)size && !memcmp(got, bytes, size);
}

bool file_exists(const char *name)
{
	return !access(name, F_OK);
}

bool file_untouched(const char *name)
{
	return name[0] == 'b' ? file_is(name, base, BYTES) :
				file_is(name, cow, cow_bytes);
}

static char strange[300];

static void look_at(const char *name)
{
	static const char *const known[] = {
		"base", "base2", "cow", "was", "raw", "out", "err",
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(name, known[i]))
			return;
	snprintf(strange, sizeof(strange), "%s", name);
}

const char *files_strange(void)
{
	strange[0] = '\0';
	each_file(look_at);
	return strange[0] ? strange : NULL;
}
