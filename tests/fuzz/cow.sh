#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# COW headers and maps of any bytes: the corpus, and inputs made of it. A long
# run: FUZZ_INPUTS=2000000 FUZZ_SEED=2; for one under sanitizers see HACKING.md.
# time limit: 7200 s
. "$TEST_LIB/common.sh"

# a failing input is in fuzz-input; keep it (KEEP=1), and add it to the corpus
"$UMKIT_BUILD/tests/fuzz/fuzz_cow" "${FUZZ_INPUTS:-20000}" "${FUZZ_SEED:-1}" \
	"$UMKIT_SRC"/tests/fuzz/corpus/cow/* | tee said
accepted=$(sed -n 's/.* inputs, \([0-9]*\) accepted$/\1/p' said)
[ "$accepted" -gt $((${FUZZ_INPUTS:-20000} / 10)) ] ||
	fail "$accepted inputs got past the header's check"
