#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool run --script: scripts of the host in the guest.
. "$TEST_LIB/boot.sh"

image=$(scratch_image)

# run_script [OPTION...] [-- ARGUMENT...]: sets status, out and err
run_script()
{
	local options=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	capture imgtool run --mem "$MEM" "${options[@]}" "$image" "$@"
}

echo "# arguments, input, status; nothing is left in the image"
cat >'two words.sh' <<'END'
#!/bin/sh -e
echo "$# <$1> <$2> ${0##*/}"
cat
exit 7
END
echo input >input
run_script --rw --script 'two words.sh' -- 'a  b' -c <input
assert_status 7
assert_out '2 <a  b> <-c> two words.sh
input'
assert_eq "$(cat err)" "" "standard error"
imgtool find "$image:/" >names
! grep -e words -e umkit names || fail "the script is in the image"

echo "# its interpreter, or sh"
printf '#!/bin/cat\nshown\n' >itself
run_script --script itself </dev/null
assert_out '#!/bin/cat
shown'
# shellcheck disable=SC2016
echo 'echo "plain $1 $(id -u)"; kill -9 $$' >plain
run_script --user 65534 --script plain -- arg </dev/null
assert_out 'plain arg 65534'
assert_status 137
: >empty
run_script --script empty </dev/null
assert_status 0
printf '#!/no/such/thing\n' >none
run_script --script none </dev/null
assert_plain_error 127 '^imgtool: run: .*none: cannot be executed: its interpreter'

echo "# standard input, a pipe, a long one"
echo 'read x && echo "input $x"; echo "from stdin $1"' | run_script --script - -- y
assert_out 'from stdin y'
echo typed | run_script --script <(echo 'read x; echo "<$x>"')
assert_out '<typed>'
{ echo 'sed -n "\$p" "$0" | cut -c 2-'; seq -f '#%060.0f' 40000; echo '#end'; } >long
run_script --script long </dev/null
assert_out end

echo "# should fail"
run_script --script no-such-file
assert_plain_error 125 '^imgtool: run: no-such-file: cannot be opened: No such file'
run_script --script .
assert_plain_error 125 'cannot be read: Is a directory'
head -c 4000000 /dev/zero >huge
run_script --script huge
assert_plain_error 125 'huge: is longer than 3M'
status=0
on_pty imgtool run --script - "$image" >out </dev/null || status=$?
assert_status 125
assert_match 'standard input: is a terminal'
