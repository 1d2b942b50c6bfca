/* SPDX-License-Identifier: GPL-2.0 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "imgtool/image/kind.h"
#include "imgtool/msg.h"

struct magic {
	unsigned int at, length;
	const char *bytes, *name;
};

static const struct magic images[] = {
	{ 0, 4, "QFI\xfb", "qcow2" },
	{ 0, 4, "KDMV", "VMDK" },
	{ 0, 4, "COWD", "VMDK" },
	{ 64, 4, "\x7f\x10\xda\xbe", "VDI" },
	{ 0, 8, "conectix", "VHD" },
	{ 0, 8, "vhdxfile", "VHDX" },
	{ 0, 16, "WithoutFreeSpace", "Parallels" },
	{ 0, 16, "WithouFreSpacExt", "Parallels" },
};

static const struct magic packed[] = {
	{ 0, 3, "\x1f\x8b\x08", "gzip" },
	{ 0, 6, "\xfd" "7zXZ\0", "xz" },
	{ 0, 4, "\x28\xb5\x2f\xfd", "zstd" },
	{ 0, 3, "BZh", "bzip2" },
	{ 0, 4, "\x04\x22\x4d\x18", "lz4" },
	{ 0, 4, "PK\3\4", "zip" },
};

static const char *find(const struct magic *all, size_t count, const char *head,
			size_t n)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (n >= all[i].at + all[i].length &&
		    !memcmp(head + all[i].at, all[i].bytes, all[i].length))
			return all[i].name;
	return NULL;
}

const char *kind_of_file(const void *head, size_t n)
{
	return find(images, sizeof(images) / sizeof(*images), head, n);
}

const char *kind_of_packed(const void *head, size_t n)
{
	return find(packed, sizeof(packed) / sizeof(*packed), head, n);
}

const char *kind_of_contents(const char *type)
{
	static const struct {
		const char *type, *what;
	} others[] = {
		{ "crypto_LUKS", "an encrypted volume (LUKS)" },
		{ "BitLocker", "an encrypted volume (BitLocker)" },
		{ "LVM2_member", "a physical volume of LVM" },
		{ "LVM1_member", "a physical volume of LVM" },
		{ "linux_raid_member", "a part of a RAID array" },
		{ "zfs_member", "a part of a ZFS pool" },
		{ "swap", "swap space" },
	};
	static char text[80];
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strcmp(type, others[i].type))
			return others[i].what;
	snprintf(text, sizeof(text), "a file system of type %s", type);
	return text;
}

int kind_refuse(const char *file, const char *format)
{
	return msg_error(file, "is a %s file, which cannot be read here; "
			 "qemu-img convert -O raw makes one that can", format);
}
