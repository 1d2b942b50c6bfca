/* SPDX-License-Identifier: GPL-2.0 */
/* The one table of verbs, in the order in which help lists them. */
#include <stddef.h>

#include "imgtool/verb.h"

const struct verb verbs[] = {
	{
		.name = "build",
		.synopsis = "[OPTION]... SOURCE... -o IMG",
		.summary = "make an ext4 image from directories and archives",
		.function = verb_build,
		.options = verb_build_options,
		.notes =
"A SOURCE is a directory, an archive in any format and compression libarchive\n"
"reads, or - for an archive on standard input. Of several sources, later ones\n"
"lie over earlier ones. Sizes are bytes, or take a suffix: 10M, 2G.",
	},
	{
		.name = "cow",
		.synopsis = "[OPTION]... create COW BACKING | info COW | "
			    "flatten COW RAW",
		.summary = "make and read copy-on-write files",
		.function = verb_cow,
		.options = verb_cow_options,
	},
	{
		.name = "run",
		.synopsis = "[OPTION]... IMG [-- CMD...]",
		.summary = "boot an image and run a command in it",
		.function = verb_run,
		.options = verb_run_options,
	},
	{ .name = NULL },
};
