#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Mixed load with 1, 2 and 4 vcpus: stress-ng's fork, mmap, futex, signal, timer,
# pipe and vm, which verify what they do; hackbench; builds. The host's programs,
# on a hostfs directory. For the long run: MIXED_LOAD=1200 (seconds each).
. "$UMKIT_SRC/tests/boot/hostfs-lib.sh"

need_cmd stress-ng hackbench make gcc
MEM=1G
seconds=${MIXED_LOAD:-5}
BOOT_TIMEOUT=$((seconds + 300))

# shellcheck disable=SC2016
script='
echo 1 >/proc/sys/kernel/panic_on_warn
seconds=$(cat $HERE/seconds)
mkdir project
cd project
for i in $(seq 20); do
	echo "int f$i(int n) { return n + $i; }" >f$i.c
done
cat >Makefile <<END
program: \$(patsubst %,f%.o,\$(shell seq 20)) main.o
	gcc -o \$@ \$^
END
{ seq -f "int f%g(int);" 20; echo "int main(void) { return 0"
  seq -f "+ f%g(0)" 20; echo "; }"; } >main.c
end=$((SECONDS + seconds))
until [ $SECONDS -ge $end ]; do
	make -s -j4 CC=gcc
	status=0
	./program || status=$?
	[ $status = 210 ]
	rm -- *.o program
	echo built
done & builds=$!
until [ $SECONDS -ge $end ]; do
	hackbench -g 4 -l 50
done & messages=$!
mkdir /tmp/stress
stress-ng --temp-path /tmp/stress --timeout ${seconds}s --verify --no-rand-seed \
	--fork 2 --mmap 1 --mmap-bytes 32M --futex 2 --signal 2 --timer 2 \
	--timer-freq 1000 --pipe 2 --vm 2 --vm-bytes 64M
wait $builds
wait $messages
dmesg >/mnt/kernel
'

echo "$seconds" >seconds
for CPUS in 1 2 4; do
	mkdir "load$CPUS"
	on_hostfs "$PWD/load$CPUS" "$script"
	assert_status 0
	assert_match '^built$' out
	assert_match 'Run .* as init process' "load$CPUS/kernel"
	grep -E 'BUG:|WARNING:|Oops|rcu.*stall|soft lockup|blocked for more' \
		"load$CPUS/kernel" >found || continue
	cat found
	fail "ncpus=$CPUS: the guest's kernel complains"
done
