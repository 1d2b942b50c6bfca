# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the cases of this folder: `imgtool run` with a stand-in for the kernel
# (fake-linux), which runs the agent and the command on the host.

. "$TEST_LIB/common.sh"

export UMKIT_KERNEL=$UMKIT_SRC/tests/unit/run/fake-linux
export FAKE_INIT=$UMKIT_BUILD/imgtool/umkit-init
PTY_TALK=$UMKIT_BUILD/tests/unit/run/pty-talk

head -c 65536 /dev/zero >"$WORK/image"

# run [OPTION...] -- COMMAND...: `imgtool run` of an image that nobody reads
run()
{
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	imgtool run "${options[@]}" "$WORK/image" "$@"
}

# talk COMMAND...: on a terminal; what happens is on standard input
talk()
{
	status=0
	"$PTY_TALK" "$@" >"$WORK/out" 2>"$WORK/err" || status=$?
	[ "$status" != 99 ] || { show; fail "the conversation got stuck"; }
}
