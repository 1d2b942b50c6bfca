/* SPDX-License-Identifier: GPL-2.0 */
/* --engine, and what it means for a disk. */
#include <string.h>

#include "imgtool/engine/engine.h"

int (*engine_open)(struct fs *fs);
bool (*engine_is_there)(const char *type);

static enum engine_kind kind = ENGINE_AUTO;

static const struct engine_type types[] = {
	{ "btrfs", "btrfs", { "blake2b_generic", "xxhash_generic", "btrfs" } },
	{ "erofs", "erofs", { "erofs" } },
	{ "exfat", "exfat", { "exfat" } },
	{ "f2fs", "f2fs", { "crc32_generic", "f2fs" } },
	{ "iso9660", "iso9660", { "isofs" } },
	{ "ntfs", "ntfs3", { "ntfs3" } },
	{ "squashfs", "squashfs", { "squashfs" } },
	{ "udf", "udf", { "udf" } },
	{ "vfat", "vfat", { "vfat" } },
	{ "xfs", "xfs", { "xfs" } },
};

const struct engine_type *engine_find_type(const char *blkid)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(types[i].blkid, blkid))
			return &types[i];
	return NULL;
}

int engine_choose(const char *word)
{
	static const char *const words[] = { "auto", "direct", "guest" };
	int i;

	for (i = ENGINE_AUTO; i <= ENGINE_GUEST; i++) {
		if (!strcmp(word, words[i])) {
			kind = i;
			return 0;
		}
	}
	return -1;
}

bool engine_reads(const char *type)
{
	return kind != ENGINE_DIRECT && engine_open && engine_find_type(type);
}

bool engine_wanted(const struct disk *disk)
{
	return kind == ENGINE_GUEST || engine_reads(disk->fs);
}
