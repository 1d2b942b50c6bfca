#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The man pages name every verb and every option, and no others.
. "$UMKIT_SRC/tests/cli/cli.sh"

tr -d '\\' <"$UMKIT_SRC/imgtool/imgtool.1" >page
for man in "$UMKIT_SRC"/imgtool/imgtool-*.1; do
	tr -d '\\' <"$man" >>page
done
"$IMGTOOL" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' | grep -v imgtool >verbs
[ -s verbs ] || fail "no verbs in --help"
while read -r verb; do
	"$IMGTOOL" "$verb" --help | grep -q -- '-q, --quiet' ||
		fail "$verb has no --quiet"
	grep -q "^.SH ${verb^^}" page || fail "$verb has no section in the man page"
	sed -n "/^.SH ${verb^^}/,/^.SH /p" page >section
	"$IMGTOOL" "$verb" --help | grep -oE '^ +(-., )?--[a-z-]+' |
		grep -oE -- '--[a-z-]+' | sort -u >in-help
	grep -E '^\.B' section | grep -oE -- '--[a-z-]+' | sort -u >in-man
	diff <(grep -vx -- --help in-help) <(grep -vx -- --help in-man) >&2 ||
		fail "$verb: options of --help (<) and the man page (>) differ"
done <verbs
if command -v groff >/dev/null; then
	for man in "$UMKIT_SRC"/imgtool/imgtool*.1; do
		groff -man -Tutf8 -ww "$man" >/dev/null 2>groff.err
		[ ! -s groff.err ] || { cat groff.err >&2; fail "$man has mistakes"; }
	done
fi
