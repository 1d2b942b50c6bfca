/* SPDX-License-Identifier: GPL-2.0 */
#include <stddef.h>
#include <string.h>

#include "imgtool/ext4/disk.h"
#include "imgtool/ext4/profile.h"

/* Without huge_file, i_blocks counts sectors in 32 bits: the kernel's limit
 * is that less the blocks of the map. */
#define MAPPED_LONGEST (UINT64_C(535820284) << BLOCK_BITS)

const struct profile profile_default = {
	"ext4", true, true, true, true, FILE_LONGEST, 65000,
};

static const struct profile plain_64 = {
	"ext4", true, true, true, false, FILE_LONGEST, 65000,
};

static const struct profile plain_32 = {
	"ext4", true, true, false, false, FILE_LONGEST, 65000,
};

static const struct profile ext3 = {
	"ext3", true, false, false, false, MAPPED_LONGEST, 32000,
};

static const struct profile ext2 = {
	"ext2", false, false, false, false, MAPPED_LONGEST, 32000,
};

static const struct {
	const char *name;
	const struct profile *ext4; /* NULL: it has none */
} profiles[] = {
	{ "linux-2.6.18", NULL },	 { "debian-4", NULL },
	{ "linux-2.6.32", &plain_32 },	 { "debian-6", &plain_32 },
	{ "debian-7", &plain_32 },	 { "debian-8", &plain_64 },
	{ "debian-9", &profile_default },
	{ "debian-10", &profile_default },
	{ "debian-11", &profile_default },
	{ "debian-12", &profile_default },
};

const struct profile *profile_find(const char *fs, const char *name,
				   const char **problem)
{
	const struct profile *ext4 = &profile_default;
	size_t i, count = sizeof(profiles) / sizeof(profiles[0]);

	for (i = 0; name && i < count; i++)
		if (!strcmp(name, profiles[i].name))
			break;
	*problem = NULL;
	if (name && i == count)
		*problem = "not a profile; use linux-2.6.18, linux-2.6.32 or "
			   "debian-4, -6, -7 ... -12";
	else if (name)
		ext4 = profiles[i].ext4;
	if (*problem)
		return NULL;
	if (!fs)
		return ext4 ?: &ext3;
	if (!strcmp(fs, "ext2"))
		return &ext2;
	if (!strcmp(fs, "ext3"))
		return &ext3;
	if (strcmp(fs, "ext4"))
		*problem = "not a file system that can be made; use ext4, "
			   "ext3 or ext2";
	else if (!ext4)
		*problem = "has no ext4; use --fs ext3";
	return *problem ? NULL : ext4;
}
