/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One file that must not stay behind when the program ends early, by exit()
 * or by a signal that people and shells send.
 */
#ifndef IMGTOOL_IO_CLEANUP_H
#define IMGTOOL_IO_CLEANUP_H

/* Remember PATH, which must stay valid until cleanup_remove(). */
void cleanup_add(const char *path);

/* Forget it. */
void cleanup_remove(void);

#endif
