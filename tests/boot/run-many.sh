#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool run: BOOTS (100) in a row, and eight at once. Each runs under the
# reaper, which sees what is left behind.
. "$TEST_LIB/boot.sh"

for ((i = 0; i < ${BOOTS:-100}; i++)); do
	run_guest -- sh -c "echo $i; exit 7" </dev/null
	assert_status 7
	assert_out "$i"
done

pids=()
for i in 1 2 3 4 5 6 7 8; do
	imgtool run --mem 128M "$TEST_IMAGE" -- \
		sh -c "echo $i >/file; sleep 1; cat /file; exit $i" \
		>"out.$i" 2>"err.$i" </dev/null &
	pids+=($!)
done
for i in 1 2 3 4 5 6 7 8; do
	status=0
	wait "${pids[i - 1]}" || status=$?
	assert_eq "$status: $(cat "out.$i" "err.$i")" "$i: $i" "guest $i"
done
