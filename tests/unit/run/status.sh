#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Exit statuses, and what a wrong command line says.
. "$UMKIT_SRC/tests/unit/run/fake.sh"

for n in 0 1 7 255; do
	capture run -- sh -c "exit $n"
	assert_status "$n"
done
for n in 9 15 11 13; do
	capture run -- sh -c "kill -$n \$\$"
	assert_status $((128 + n))
done

capture run -- no-such-command
assert_plain_error 127 '^imgtool: run: no-such-command: not found in the image$'
capture run -- /no/such/command
assert_plain_error 127 'not found'
capture run -- /etc/passwd
assert_plain_error 126 '^imgtool: run: /etc/passwd: cannot be executed: Permission denied$'
printf '#!/no/interpreter\n' >script
chmod +x script
capture run -- "$WORK/script"
assert_plain_error 127 'its interpreter or loader'
capture run --workdir /no/such/folder -- true
assert_plain_error 125 '^imgtool: run: /no/such/folder: '
capture run --user no-such-user -- true
assert_plain_error 125 'no-such-user: no such user'

# The words of the command line arrive as they are.
capture run -- printf '<%s>' '' 'a b' "c'd\"" '$x' $'e\nf' -- --mem
assert_status 0
[ "$(cat out)" = "<><a b><c'd\"><\$x><e
f><--><--mem>" ] || { show; fail "arguments"; }

# Options stand before and behind the image; without -- too.
capture imgtool run image --env A=1 sh -c 'echo $A'
assert_out 1
capture imgtool run -- image -- sh -c 'echo 2'
assert_out 2

capture env -i PATH="$PATH" UMKIT_KERNEL="$UMKIT_KERNEL" \
	FAKE_INIT="$FAKE_INIT" HOME=/h OTHER=no GIVEN=yes \
	imgtool run --env GIVEN --env NONE --env B='x y=z' image -- env
assert_match '^GIVEN=yes$'
assert_match '^B=x y=z$'
assert_match '^PATH=/usr/local/sbin:'
assert_no_match '^(OTHER|NONE)='
capture run --env PATH=/nowhere -- env
assert_plain_error 127 'env: not found'

capture run --workdir /proc -- pwd
assert_out /proc

capture imgtool run
assert_plain_error 2 'no image given'
for wrong in '--mem x' '--mem 1M' '--mem 99999999999G' '--cpus 0' \
	'--cpus 65' '--cpus two' '--timeout -1' '--env =x' '--no-such' \
	'--hostname= ' '--layer-max 1'; do
	# shellcheck disable=SC2086
	capture imgtool run $wrong image -- true
	assert_plain_error 2 'see imgtool help run$'
done
