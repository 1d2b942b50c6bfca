/* SPDX-License-Identifier: GPL-2.0 */
/* A fuzzer's target, as libFuzzer has it, and what it tells main.c. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>

/* Aborts when something is wrong. 0. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* How many inputs got past the first check. */
extern unsigned long fuzz_accepted;

#endif
