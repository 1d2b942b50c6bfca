/* SPDX-License-Identifier: GPL-2.0 */
/* What `imgtool info` says about a file system. */
#ifndef IMGTOOL_VIEW_INFO_H
#define IMGTOOL_VIEW_INFO_H

#include "imgtool/view/report.h"

/*
 * Into an object that has begun: what the file system is and holds. LIST: all
 * packages, not only their number. NAME is the image's, for messages. 0, or
 * -1: something was reported.
 */
int info_fs(struct report *report, struct fs *fs, const char *name, bool list);

/* Label and uuid of the file system on the chosen part, where it has them. */
void info_names(struct report *report, struct disk *disk);

/* What was installed in it: os-release, packages, kernels. */
int info_system(struct report *report, struct fs *fs, const char *name,
		bool list);

#endif
