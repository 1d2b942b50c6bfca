/* SPDX-License-Identifier: GPL-2.0 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static const struct magic archives[] = {
	{ 257, 5, "ustar", "tar" },
	{ 0, 4, "0707", "cpio" },
	{ 0, 8, "!<arch>\n", "ar" },
	{ 0, 6, "7z\xbc\xaf\x27\x1c", "7-zip" },
	{ 0, 4, "Rar!", "RAR" },
	{ 0, 4, "MSCF", "CAB" },
	{ 0, 4, "xar!", "xar" },
	{ 32769, 5, "CD001", "ISO 9660" },
};

/* COW files and file systems; those of two bytes are looked at more closely. */
static const struct magic disks[] = {
	{ 0, 4, "OOOM", "COW" },
	{ 0, 4, "MOOO", "COW" },
	{ 0, 4, "hsqs", "squashfs" },
	{ 0, 4, "XFSB", "xfs" },
	{ 0, 6, "LUKS\xba\xbe", "LUKS" },
	{ 3, 8, "EXFAT   ", "exfat" },
	{ 3, 8, "NTFS    ", "ntfs" },
	{ 54, 5, "FAT12", "vfat" },
	{ 54, 5, "FAT16", "vfat" },
	{ 82, 5, "FAT32", "vfat" },
	{ 512, 8, "EFI PART", "GPT" },
	{ 536, 8, "LVM2 001", "LVM" },
	{ 1024, 4, "\xe2\xe1\xf5\xe0", "erofs" },
	{ 1024, 4, "\x10\x20\xf5\xf2", "f2fs" },
	{ 65600, 8, "_BHRfS_M", "btrfs" },
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

static const char *find_in_file(const struct magic *all, size_t count, int fd)
{
	char there[16];
	size_t i;

	for (i = 0; i < count; i++)
		if (pread(fd, there, all[i].length, all[i].at) ==
			    (ssize_t)all[i].length &&
		    !memcmp(there, all[i].bytes, all[i].length))
			return all[i].name;
	return NULL;
}

/* Block size and revision are what they can be. */
static bool is_ext(const uint8_t *head)
{
	const uint8_t *sb = head + 1024;

	return sb[56] == 0x53 && sb[57] == 0xef && sb[24] <= 6 && !sb[25] &&
	       !sb[26] && !sb[27] && sb[76] <= 1 && !sb[77] && !sb[78] &&
	       !sb[79];
}

/* Four entries, of which there is one. */
static bool is_mbr(const uint8_t *head)
{
	bool found = false;
	const uint8_t *e;

	for (e = head + 446; e < head + 510; e += 16) {
		if (e[0] & 0x7f)
			return false;
		found = found || e[4];
	}
	return found && head[510] == 0x55 && head[511] == 0xaa;
}

bool kind_is_disk(int fd)
{
	uint8_t head[2048] = { 0 };
	ssize_t n = pread(fd, head, sizeof(head), 0);

	if (n < 4 || kind_of_packed(head, (size_t)n) ||
	    find_in_file(archives, sizeof(archives) / sizeof(*archives), fd))
		return false;
	return find_in_file(disks, sizeof(disks) / sizeof(*disks), fd) ||
	       is_ext(head) || is_mbr(head);
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
