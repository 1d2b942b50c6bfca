#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Bad input: one clear line and a non-zero status each.
. "$TEST_LIB/boot.sh"

# refused REGEX ARGUMENT...: the kernel says so and nothing else
refused()
{
	local regex=$1
	shift
	guarded "$UMKIT_KERNEL" con=null con0=fd:0,fd:1 quiet "$@" \
		>"$WORK/out" 2>"$WORK/err" </dev/null
	assert_plain_error 1 "$regex"
	assert_out ''
	echo "ok: $*"
}
# panics REGEX ARGUMENT...: the guest kernel does, with one such line
panics()
{
	local regex=$1
	shift
	boot_linux quiet root=/dev/ubda panic=0 "$@" </dev/null
	[ "$status" = 134 ] || { show_boot; fail "$*: status $status"; }
	assert_eq "$(grep -Eac "$regex" console)" 1 "$*: lines that say why"
	echo "ok: $*"
}
# run_refused STATUS REGEX ARGUMENT...: the same for imgtool run
run_refused()
{
	local expected=$1 regex=$2
	shift 2
	capture imgtool run "$@" -- true </dev/null
	assert_plain_error "$expected" "^imgtool: run: .*$regex"
	echo "ok: imgtool run $*"
}
disk=("ubd0r=$TEST_IMAGE" root=/dev/ubda init=/bin/true)
head -c 1000000 /dev/urandom >noise
: >empty

echo "# values"
for mem in abc '' -1 1X 16E; do
	refused "^command line: mem=$mem: not a size: " "mem=$mem" "${disk[@]}"
done
refused '^command line: mem=0: too small: at least 16M$' mem=0 "${disk[@]}"
refused '^command line: mem=9000G: too large: ' mem=9000G "${disk[@]}"
refused '^mem=: too large for this host: ' mem=8T "${disk[@]}"
for n in 0 65 x '' 99999999999999999999; do
	refused "^command line: ncpus=$n: not a number of vcpus: give 1 to 64$" \
		"ncpus=$n" "${disk[@]}"
done
refused '^command line: --option: unknown option: ' --option "${disk[@]}"
refused '^command line: umid=a/b: ' umid=a/b "${disk[@]}"
refused '^con0: foo: no such kind of channel' con0=foo "${disk[@]}"

echo "# files"
refused '^initrd: /nosuch: No such file or directory$' initrd=/nosuch "${disk[@]}"
refused '^initrd: /: not a regular file$' initrd=/ "${disk[@]}"
refused '^command line: initrd=: no file named' initrd= "${disk[@]}"
refused '^ubd0: /nosuch: No such file or directory$' ubd0=/nosuch
refused '^ubd0: /: Is a directory$' ubd0=/
panics 'panic - .*Unable to mount root fs' ubd0=noise
panics 'panic - .*Unable to mount root fs' ubd0=empty
panics 'panic - .*Unable to mount root fs' initrd=noise

echo "# imgtool"
run_refused 125 '/nosuch: .*No such file' /nosuch
run_refused 125 'noise: holds no file system' noise
run_refused 125 'empty: is empty' empty
run_refused 2 'abc is not a size' --mem abc "$TEST_IMAGE"
run_refused 2 '0 is too little' --mem 0 "$TEST_IMAGE"
run_refused 125 'too large: at most 8T' --mem 9000G "$TEST_IMAGE"
run_refused 2 'not a number from 1 to 64' --cpus 0 "$TEST_IMAGE"
run_refused 2 'not a number from 1 to 64' --cpus 65 "$TEST_IMAGE"
run_refused 2 '--bogus: no such option' --bogus "$TEST_IMAGE"
run_refused 125 '--bogus: unknown option' --append --bogus "$TEST_IMAGE"
run_refused 125 'mem=abc: not a size' --append mem=abc "$TEST_IMAGE"
run_refused 125 'initrd: /nosuch: No such file' --append initrd=/nosuch \
	"$TEST_IMAGE"
run_refused 125 '/nosuch: not usable as the kernel' --kernel /nosuch "$TEST_IMAGE"

echo "# files that may not be read"
cp --sparse=always "$TEST_IMAGE" unreadable
cp "$UMKIT_KERNEL" "$(command -v imgtool)" .
chmod 000 unreadable
chmod 755 linux imgtool
ordinary() { if [ "$(id -u)" = 0 ]; then as_nobody "$@"; else "$@"; fi; }
capture ordinary ./linux con=null con0=null ubd0="$WORK/unreadable" </dev/null
assert_plain_error 1 '^ubd0: .*/unreadable: Permission denied$'
capture ordinary ./linux con=null con0=null initrd="$WORK/unreadable" </dev/null
assert_plain_error 1 '^initrd: .*/unreadable: Permission denied$'
capture ordinary env UMKIT_KERNEL="$WORK/linux" ./imgtool run \
	"$WORK/unreadable" -- true </dev/null
assert_plain_error 125 '^imgtool: run: .*/unreadable: .*Permission denied'
