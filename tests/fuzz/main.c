// SPDX-License-Identifier: GPL-2.0
/*
 * TARGET COUNT SEED FILE...: each file as an input, then COUNT inputs made of
 * them by changing some bytes, also at the end. For where there is no
 * libFuzzer, and for a run of fixed length. Before a failure the input is
 * written to the file `fuzz-input`.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define MOST	(64u << 10)

static unsigned char input[MOST];
static size_t input_size;
static unsigned long state;

static size_t below(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

static void keep_input(int sig)
{
	FILE *f = fopen("fuzz-input", "wb");

	if (f) {
		fwrite(input, 1, input_size, f);
		fclose(f);
	}
	signal(sig, SIG_DFL);
	raise(sig);
}

static void load(const char *name)
{
	FILE *f = fopen(name, "rb");

	if (!f) {
		perror(name);
		exit(1);
	}
	input_size = fread(input, 1, MOST, f);
	fclose(f);
}

/* A copy of what is elsewhere is put in, or something is taken out. */
static void move_rest(size_t at)
{
	size_t n = 1 + below(48), from = below(input_size);
	unsigned char piece[48];

	if (n > input_size - at || n > input_size - from)
		return;
	if (below(2) && input_size + n <= MOST) {
		memcpy(piece, input + from, n);
		memmove(input + at + n, input + at, input_size - at);
		memcpy(input + at, piece, n);
		input_size += n;
	} else {
		memmove(input + at, input + at + n, input_size - at - n);
		input_size -= n;
	}
}

/* A bit, a byte, a run of one byte, a number that is a limit, or what is found
 * elsewhere. Most of it near the front, where the headers are. */
static void change(void)
{
	static const unsigned char edges[] = { 0, 1, 2, 7, 8, 0x7f, 0x80, 0xff };
	size_t at = below(3) ? below(64) : below(input_size), n = 1 + below(8);

	if (fuzz_even)
		at = below(input_size);
	else if (!below(4))
		at = 248 + below(48);
	if (fuzz_even && !below(3)) {
		move_rest(at);
		return;
	}
	if (at + n > input_size)
		return;
	switch (below(5)) {
	case 0: input[at] ^= (unsigned char)(1u << below(8)); break;
	case 1: input[at] = (unsigned char)below(256); break;
	case 2: memset(input + at, edges[below(sizeof(edges))], n); break;
	case 3: memmove(input + at, input + below(input_size - n), n); break;
	case 4: input[at] = edges[below(sizeof(edges))]; break;
	}
}

int main(int argc, char **argv)
{
	unsigned long count, i;
	size_t n;

	if (argc < 4)
		return 99;
	count = strtoul(argv[1], NULL, 10);
	state = strtoul(argv[2], NULL, 10) * 2654435761u + 1;
	signal(SIGABRT, keep_input);
	signal(SIGSEGV, keep_input);
	for (i = 3; i < (unsigned long)argc; i++) {
		load(argv[i]);
		LLVMFuzzerTestOneInput(input, input_size);
	}
	printf("%lu of %d files accepted\n", fuzz_accepted, argc - 3);
	for (i = 0; i < count; i++) {
		load(argv[3 + below((size_t)argc - 3)]);
		for (n = 1 + below(4); n && input_size; n--)
			change();
		if (!below(16) && input_size)
			input_size = below(input_size);
		LLVMFuzzerTestOneInput(input, input_size);
	}
	printf("%lu inputs, %lu accepted\n", i, fuzz_accepted);
	return 0;
}
