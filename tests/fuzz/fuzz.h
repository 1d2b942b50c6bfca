/* SPDX-License-Identifier: GPL-2.0 */
/* A fuzzer's target, as libFuzzer has it, and what it tells main.c. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>

/* Aborts when something is wrong. 0. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* How many inputs got past the first check. */
extern unsigned long fuzz_accepted;

/* Inputs are text, or several files: no headers in front, and what is put in or
 * taken out moves the rest. */
extern bool fuzz_even;

#endif
