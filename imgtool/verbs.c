/* SPDX-License-Identifier: GPL-2.0 */
/* The one table of verbs, in the order in which help lists them. */
#include <stddef.h>

#include "imgtool/edit/verbs.h"
#include "imgtool/mount/mount.h"
#include "imgtool/verb.h"
#include "imgtool/view/verbs.h"

#define OPERANDS                                                               \
	"IMG is a raw image or COW file, IMG@N partition N of it; the longest prefix of\n" \
	"the operand that is an existing file is the image."

const struct verb verbs[] = {
	{
		.name = "build",
		.synopsis = "[OPTION]... SOURCE... -o IMG",
		.summary = "make an ext4 image from directories and archives",
		.function = verb_build,
		.options = verb_build_options,
		.notes =
"A SOURCE is a directory, an archive in any format and compression libarchive\n"
"reads, an OCI or docker-save image (oci:SOURCE forces that), another image\n"
"(image:IMG), a manifest (mtree:FILE), a device table (table:FILE), or - for an\n"
"archive on standard input. Of several sources, later ones lie over earlier\n"
"ones. Sizes are bytes, or take a suffix: 10M, 2G.",
	},
	{
		.name = "convert",
		.synopsis = "[OPTION]... SRC DST",
		.summary = "make a raw image of a copy-on-write file, or one of it",
		.function = verb_convert,
		.options = verb_convert_options,
	},
	{
		.name = "cow",
		.synopsis = "[OPTION]... create COW BACKING | info COW | "
			    "flatten COW RAW | upgrade COW | "
			    "commit COW [BACKING] | rebase COW BACKING | "
			    "check COW | compact COW",
		.summary = "make, read and change copy-on-write files",
		.function = verb_cow,
		.options = verb_cow_options,
	},
	{
		.name = "run",
		.synopsis = "[OPTION]... IMG [-- CMD...] | "
			    "--script FILE IMG [-- ARG...]",
		.summary = "boot an image and run a command in it",
		.function = verb_run,
		.options = verb_run_options,
	},
	{
		.name = "info",
		.synopsis = "[OPTION]... IMG...",
		.summary = "show what an image is and what is installed on it",
		.function = verb_info,
		.options = verb_info_options,
	},
	{
		.name = "fsck",
		.synopsis = "[OPTION]... IMG",
		.summary = "check an image and the file system on it",
		.function = verb_fsck,
		.options = verb_fsck_options,
		.notes =
"IMG@N is partition N. Without --repair nothing is written. The exit status is\n"
"that of fsck(8): 0 clean, 1 repaired, 4 errors are left, 8 it could not be done.",
	},
	{
		.name = "resize",
		.synopsis = "[OPTION]... IMG SIZE",
		.summary = "make a raw image and its file system larger or smaller",
		.function = verb_resize,
		.options = verb_resize_options,
	},
	{
		.name = "sparsify",
		.synopsis = "[OPTION]... IMG",
		.summary = "give the space of free blocks back to the host",
		.function = verb_sparsify,
		.options = verb_sparsify_options,
	},
	{
		.name = "tar",
		.synopsis = "[OPTION]... IMG[:PATH]",
		.summary = "write a directory and all below it as a tar",
		.function = verb_tar,
		.options = verb_tar_options,
		.notes = OPERANDS,
	},
	{
		.name = "diff",
		.synopsis = "[OPTION]... IMG[:PATH] IMG[:PATH] | COW[:PATH]",
		.summary = "compare two images, or a COW file and its backing",
		.function = verb_diff,
		.options = verb_diff_options,
		.notes = OPERANDS "\n"
"The exit status is 0 if nothing differs, 1 if something does, 2 on errors.",
	},
	{
		.name = "ls",
		.synopsis = "[OPTION]... IMG[:PATH]...",
		.summary = "list a directory",
		.function = verb_ls,
		.options = verb_ls_options,
		.notes = OPERANDS,
	},
	{
		.name = "cat",
		.synopsis = "[OPTION]... IMG:PATH...",
		.summary = "print files",
		.function = verb_cat,
		.options = verb_cat_options,
		.notes = OPERANDS,
	},
	{
		.name = "stat",
		.synopsis = "[OPTION]... IMG[:PATH]...",
		.summary = "show all attributes of files",
		.function = verb_stat,
		.options = verb_stat_options,
		.notes = OPERANDS,
	},
	{
		.name = "tree",
		.synopsis = "[OPTION]... IMG[:PATH]...",
		.summary = "show a directory and all below it as a tree",
		.function = verb_tree,
		.options = verb_tree_options,
		.notes = OPERANDS,
	},
	{
		.name = "find",
		.synopsis = "[OPTION]... IMG[:PATH]...",
		.summary = "list a directory and all below it",
		.function = verb_find_files,
		.options = verb_find_files_options,
		.notes = OPERANDS,
	},
	{
		.name = "du",
		.synopsis = "[OPTION]... IMG[:PATH]...",
		.summary = "sum up the space directories take",
		.function = verb_du,
		.options = verb_du_options,
		.notes = OPERANDS,
	},
	{
		.name = "df",
		.synopsis = "[OPTION]... IMG...",
		.summary = "show how full a file system is",
		.function = verb_df,
		.options = verb_df_options,
		.notes = OPERANDS,
	},
	{
		.name = "sum",
		.synopsis = "[OPTION]... IMG[:PATH]...",
		.summary = "print SHA-256 digests of files",
		.function = verb_sum,
		.options = verb_sum_options,
		.notes = OPERANDS,
	},
	{
		.name = "mount",
		.synopsis = "[OPTION]... IMG[@N] DIR | --raw IMG DIR|FILE",
		.summary = "mount an image through FUSE",
		.function = verb_mount,
		.options = verb_mount_options,
		.notes =
"IMG is an image with a file system on it, IMG@N partition N of it. It is\n"
"mounted read-only without --rw. With --raw, DIR/disk or FILE has the plain\n"
"bytes of an image of any format, over its backing files.\n"
"Unmount with imgtool umount DIR or fusermount3 -u DIR.",
	},
	{
		.name = "umount",
		.synopsis = "[OPTION]... DIR...",
		.summary = "end a mount of imgtool's",
		.function = verb_umount,
		.options = verb_umount_options,
	},
	{
		.name = "cp",
		.synopsis = "[OPTION]... SOURCE... TARGET",
		.summary = "copy files into, out of and between images",
		.function = verb_cp,
		.options = verb_cp_options,
		.notes =
"SOURCE and TARGET are IMG:PATH or files of the host, and not all of the host.\n"
OPERANDS,
	},
	{
		.name = "mkdir",
		.synopsis = "[OPTION]... IMG:PATH...",
		.summary = "make directories in an image",
		.function = verb_mkdir,
		.options = verb_mkdir_options,
		.notes = OPERANDS,
	},
	{
		.name = "rm",
		.synopsis = "[OPTION]... IMG:PATH...",
		.summary = "remove files from an image",
		.function = verb_rm,
		.options = verb_rm_options,
		.notes = OPERANDS,
	},
	{
		.name = "mv",
		.synopsis = "[OPTION]... IMG:FROM... IMG:TO",
		.summary = "rename or move files in an image",
		.function = verb_mv,
		.options = verb_mv_options,
		.notes = OPERANDS,
	},
	{
		.name = "ln",
		.synopsis = "[OPTION]... IMG:FILE IMG:NAME | -s TARGET IMG:NAME",
		.summary = "make links in an image",
		.function = verb_ln,
		.options = verb_ln_options,
		.notes = OPERANDS,
	},
	{
		.name = "chmod",
		.synopsis = "[OPTION]... MODE IMG:PATH...",
		.summary = "change permissions in an image",
		.function = verb_chmod,
		.options = verb_chmod_options,
		.notes = OPERANDS,
	},
	{
		.name = "chown",
		.synopsis = "[OPTION]... USER[:GROUP] IMG:PATH...",
		.summary = "change owners in an image",
		.function = verb_chown,
		.options = verb_chown_options,
		.notes = OPERANDS,
	},
	{
		.name = "touch",
		.synopsis = "[OPTION]... IMG:PATH...",
		.summary = "change times in an image, make empty files",
		.function = verb_touch,
		.options = verb_touch_options,
		.notes = OPERANDS,
	},
	{
		.name = "truncate",
		.synopsis = "[OPTION]... --size SIZE IMG:PATH...",
		.summary = "cut or extend files in an image",
		.function = verb_truncate,
		.options = verb_truncate_options,
		.notes = OPERANDS,
	},
	{
		.name = "setfattr",
		.synopsis = "[OPTION]... IMG:PATH...",
		.summary = "change extended attributes in an image",
		.function = verb_setfattr,
		.options = verb_setfattr_options,
		.notes = OPERANDS,
	},
	{
		.name = "edit",
		.synopsis = "[OPTION]... IMG:PATH",
		.summary = "change a file in an image with $EDITOR",
		.function = verb_edit,
		.options = verb_edit_options,
		.notes = OPERANDS,
	},
	{ .name = NULL },
};
