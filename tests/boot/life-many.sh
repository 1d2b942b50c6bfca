#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The bare kernel, BOOTS (100) times in a row and eight at once: no process,
# umid folder or temporary file is left. (run-many does it with imgtool.)
. "$TEST_LIB/boot.sh"

boot=("$UMKIT_KERNEL" mem=128M con=null con0=null quiet "uml_dir=$WORK/uml"
	"ubd0r=$TEST_IMAGE" root=/dev/ubda ro init=/bin/sh)
script='mount -t proc proc /proc; echo %s >/proc/exitcode; poweroff -f'
# What is there under a name like a kernel's; somebody else's, at the start.
temporary_files()
{
	find /dev/shm /tmp /var/tmp -maxdepth 1 2>/dev/null |
		sed -nE '\,/(vm_file|um[-_]),p' | sort
}
left()
{
	[ -z "$(ls -A uml)" ] || { ls -R uml >&2; fail "umid folders are left"; }
	temporary_files >now
	comm -13 before now >new
	[ ! -s new ] || { cat new >&2; fail "files are left"; }
}
mkdir uml
temporary_files >before

for ((i = 0; i < ${BOOTS:-100}; i++)); do
	guarded "${boot[@]}" umid=row -- \
		-c "${script/\%s/$((i + 1))}" >out 2>err </dev/null
	assert_status $((i + 1))
	assert_eq "$(cat err)" "" "messages"
done
left

# Each waits for a line, until all of them are there.
pids=() go=()
for i in 1 2 3 4 5 6 7 8; do
	mkfifo "go.$i"
	exec {fd}<>"go.$i"
	go[i]=$fd
	"$UMKIT_BUILD/tests/lib/reaper" -t "$BOOT_TIMEOUT" "${boot[@]}" umid="at$i" \
		con0=fd:0,fd:1 -- -c "read x; ${script/\%s/$i}" \
		<"go.$i" >"out.$i" 2>"err.$i" &
	pids+=($!)
done
for ((i = 0; i < 600; i++)); do
	[ "$(cat uml/*/pid 2>/dev/null | sort -u | wc -l)" = 8 ] && break
	sleep 0.1
done
assert_eq "$(cat uml/*/pid | sort -u | wc -l)" 8 "kernels at once"
capture "${boot[@]}" umid=at1
assert_plain_error 1 'umid: .*/at1: in use by another instance'
for i in 1 2 3 4 5 6 7 8; do
	echo go >&"${go[i]}"
	status=0
	wait "${pids[i - 1]}" || status=$?
	assert_eq "$status: $(cat "err.$i")" "$i: " "guest $i"
done
left
