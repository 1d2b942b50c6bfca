/* SPDX-License-Identifier: GPL-2.0 */
/* Files that are read and written past the host's page cache. */
#ifndef UBD_HOST_IO_DIRECT_H
#define UBD_HOST_IO_DIRECT_H

#include "../format/io.h"

/*
 * A file or block device with O_DIRECT; takes over fd, also on failure. NULL
 * with errno: EOPNOTSUPP if its file system can't.
 */
struct io *io_direct(int fd);

/* The same with an fd that is opened so already, and what transfers and memory
 * have to be aligned to. */
struct io *io_direct_aligned(int fd, int direct, u32 block, u32 memory);

#endif
