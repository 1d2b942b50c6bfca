/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What libext2fs does for us. Its I/O goes through the same output as ours,
 * without a cache of its own, so the two may take turns on one block.
 */
#ifndef IMGTOOL_EXT4_LIBRARY_H
#define IMGTOOL_EXT4_LIBRARY_H

#include "imgtool/ext4/volume.h"

/* Make volume->fs for the layout and identity: superblock and descriptors in
 * memory, checksums ready to use. */
int library_begin(struct volume *volume);

/* The tables are written: tell the library what is taken, let it make the
 * resize inode, and write superblocks, descriptors and bitmaps. */
int library_finish(struct volume *volume);

/* Drop volume->fs without writing. */
void library_drop(struct volume *volume);

#endif
