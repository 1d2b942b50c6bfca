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

static const struct checker checkers[] = {
	{ "ext", "e2fsck", { "-f", "-n" }, { "-f", "-y" }, true, as_fsck,
	  NULL },
	{ "xfs", "xfs_repair", { "-f", "-n" }, { "-f", "-e" }, false, of_xfs,
	  NULL },
	{ "vfat", "fsck.vfat", { "-n" }, { "-a", "-w" }, false, one_of_two,
	  NULL },
	{ "exfat", "fsck.exfat", { "-n" }, { "-y" }, false, as_fsck, NULL },
	{ "f2fs", "fsck.f2fs", { "--dry-run" }, { "-f", "-y" }, false,
	  one_of_two, NULL },
	{ "btrfs", "btrfs", { "check", "--readonly" }, { NULL }, false,
	  one_of_two, "its own repair may make it worse; copy what can be read "
		      "with imgtool cp" },
	{ "erofs", "fsck.erofs", { NULL }, { NULL }, false, one_of_two,
	  "it cannot be changed; copy what can be read with imgtool cp" },
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

const char *checker_missing(const char *type)
{
	if (!strcmp(type, "ntfs"))
		return "for which Linux has no checker; chkdsk of Windows is "
		       "one";
	if (engine_find_type(type))
		return "which has no checker; imgtool sum reads all of it";
	return "which cannot be checked here";
}
