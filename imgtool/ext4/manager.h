/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IMGTOOL_EXT4_MANAGER_H
#define IMGTOOL_EXT4_MANAGER_H

#include <stdbool.h>

#include "imgtool/ext4/disk.h"
#include "imgtool/io/output.h"

/* The I/O manager through which libext2fs reads and writes OUT. There is one
 * at a time: the library's open() is given no pointer. */
io_manager output_manager(struct output *out);

/* Did it fail, so that a message was printed already? */
bool output_manager_failed(void);

#endif
