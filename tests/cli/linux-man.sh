#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# linux(1) names every option of --help, and --help every option of linux(1).
. "$TEST_LIB/common.sh"

[ -x "$UMKIT_KERNEL" ] || skip "$UMKIT_KERNEL: not built"
man=$UMKIT_SRC/kernel/linux.1
"$UMKIT_KERNEL" --help | sed -n 's/^  \(-*[a-z_]*\)[= ].*/\1/p' | sort >in-help
sed -n '/^.SH OPTIONS/,/^.SH DEVICES/p' "$man" | tr -d '\\' |
	sed -n 's/^\.BI\{0,1\} \(-*[a-z_]*\).*/\1/p' | sort >in-man
[ "$(wc -l <in-help)" -gt 10 ] || fail "no options in --help"
diff in-help in-man >&2 || fail "--help (<) and linux.1 (>) differ"
if command -v groff >/dev/null; then
	groff -man -Tutf8 -ww "$man" >/dev/null 2>groff.err
	[ ! -s groff.err ] || { cat groff.err >&2; fail "$man has mistakes"; }
fi
