/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The versions of the libraries are those that they tell at run time, which
 * need not be those that imgtool was built with.
 */
#define FUSE_USE_VERSION 312
#include <archive.h>
#include <blkid/blkid.h>
#include <ext2fs/ext2fs.h>
#include <fuse_lowlevel.h>
#include <json-c/json_c_version.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "imgtool/verb.h"
#include "imgtool/version.h"
#include "imgtool/view/view.h"

/* NULL: the library does not tell, or libarchive came without it. */
static void put(struct json *json, const char *name, const char *version)
{
	if (version)
		json_string(json, name, version);
}

static void print_json(void)
{
	struct json json = { .out = stdout };
	const char *ext2fs = NULL, *blkid = NULL;
	const char *archive = archive_version_string();

	ext2fs_get_library_version(&ext2fs, NULL);
	blkid_get_library_version(&blkid, NULL);
	/* It is "libarchive 3.6.2". */
	if (strrchr(archive, ' '))
		archive = strrchr(archive, ' ') + 1;
	json_begin(&json, NULL, '{');
	json_string(&json, "version", PACKAGE_VERSION);
	json_begin(&json, "libraries", '{');
	put(&json, "libext2fs", ext2fs);
	put(&json, "libarchive", archive);
	put(&json, "zstd", archive_libzstd_version());
	put(&json, "fuse3", fuse_pkgversion());
	put(&json, "json-c", json_c_version());
	put(&json, "blkid", blkid);
	json_end(&json, '}');
	json_end(&json, '}');
	json_done(&json);
}

int version_print(int argc, char **argv)
{
	if (argc > 2)
		return verb_usage_error(argv[2], "%s takes no operands",
					argv[0]);
	if (argc == 2 && strcmp(argv[1], "--json"))
		return verb_usage_error(argv[1], "%s takes nothing but --json",
					argv[0]);
	if (argc == 2)
		print_json();
	else
		printf("imgtool %s\n", PACKAGE_VERSION);
	return STATUS_OK;
}
