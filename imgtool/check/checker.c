/* SPDX-License-Identifier: GPL-2.0 */
#include <stddef.h>
#include <string.h>

#include "imgtool/check/checker.h"
#include "imgtool/cow/findings.h"
#include "imgtool/engine/engine.h"

/* Those that return what fsck(8) does. */
static int as_fsck(int status, bool repair)
{
	return status;
}

/* 1: there were defects. */
static int one_of_two(int status, bool repair)
{
	if (status == 1)
		return repair ? CHECK_REPAIRED : CHECK_LEFT;
	return status ? CHECK_FAILED : CHECK_CLEAN;
}

/* -e: 4 if something was repaired. 2: its journal is not empty. */
static int of_xfs(int status, bool repair)
{
	if (status == 2)
		return CHECK_LEFT;
	if (!repair)
		return one_of_two(status, false);
	return status == 4 ? CHECK_REPAIRED : status ? CHECK_FAILED :
						       CHECK_CLEAN;
}

/* ntfsfix resets what keeps a file system from being written to. */
static int of_ntfs(int status, bool repair)
{
	return status ? CHECK_LEFT : CHECK_REPAIRED;
}

static const struct checker checkers[] = {
	{ .fs = "ext", .program = "e2fsck", .look = { "-f", "-n" },
	  .mend = { "-f", "-y" }, .takes_offset = true, .status = as_fsck },
	{ .fs = "xfs", .program = "xfs_repair", .look = { "-f", "-n" },
	  .mend = { "-f", "-e" }, .status = of_xfs },
	{ .fs = "vfat", .program = "fsck.vfat", .look = { "-n" },
	  .mend = { "-a", "-w" }, .status = one_of_two },
	{ .fs = "exfat", .program = "fsck.exfat", .look = { "-n" },
	  .mend = { "-y" }, .status = as_fsck },
	{ .fs = "f2fs", .program = "fsck.f2fs", .look = { "--dry-run" },
	  .mend = { "-f", "-y" }, .status = one_of_two },
	{ .fs = "btrfs", .program = "btrfs", .look = { "check", "--readonly" },
	  .status = one_of_two,
	  .no_mend = "its own repair may make it worse; copy what can be read "
		     "with imgtool cp" },
	{ .fs = "erofs", .program = "fsck.erofs", .status = one_of_two,
	  .no_mend = "it cannot be changed; copy what can be read with imgtool "
		     "cp" },
	{ .fs = "ntfs", .program = "ntfsfix", .mend = { "-d" },
	  .locks = true,
	  .status = of_ntfs,
	  .no_look = "Linux has no checker for it, chkdsk of Windows is one; "
		     "--repair only makes one that was not unmounted writable" },
};

const struct checker *checker_find(const char *type)
{
	size_t i;

	/* what libblkid does not know any more e2fsck may find */
	if (!*type || (!strncmp(type, "ext", 3) && strlen(type) == 4))
		return &checkers[0];
	for (i = 1; i < sizeof(checkers) / sizeof(*checkers); i++)
		if (!strcmp(checkers[i].fs, type))
			return &checkers[i];
	return NULL;
}

bool checker_resets(const char *type)
{
	const struct checker *checker = checker_find(type);

	return checker && !checker->no_mend;
}

/* (who cannot look repairs nothing) */
bool checker_repairs(const char *type)
{
	return checker_resets(type) && !checker_find(type)->no_look;
}

const char *checker_missing(const char *type)
{
	if (engine_find_type(type))
		return "which has no checker; imgtool sum reads all of it";
	return "which cannot be checked here";
}
