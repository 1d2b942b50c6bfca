// SPDX-License-Identifier: GPL-2.0
/* Between the two files of testtree. */
#ifndef TESTS_TESTTREE_H
#define TESTS_TESTTREE_H

#define BLOCK 4096

void die(const char *what) __attribute__((noreturn));

void make_tree(const char *dir);

#endif
