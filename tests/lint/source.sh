#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Rules for source files that a machine can check: HACKING.md tells the why.
. "$UMKIT_SRC/tests/lint/lib.sh"

mapfile -t sources < <(project_files '*.c' '*.h' '*.S')
[ ${#sources[@]} -gt 0 ] || fail "no source files found"

found "$(grep -L 'SPDX-License-Identifier: GPL-2.0' "${sources[@]}")" \
	"no SPDX line"
found "$(grep -nE '[[:space:]]+$' "${sources[@]}")" "trailing white space"
found "$(wc -l "${sources[@]}" | awk '$2 != "total" && $1 > 600')" \
	"longer than 600 lines"

# Each side includes what its folder allows.
side() { printf '%s\n' "${sources[@]}" | grep -E "^(kernel|hostfs|ubd)/.*$1" || :; }
includes() { grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]*$1" "${@:2}" || :; }

mapfile -t host < <(side '/host/')
[ ${#host[@]} = 0 ] ||
	found "$(includes '[<"](linux/(kernel|sched|mm|slab|module|init|spinlock|printk)\.h|asm-generic/)' "${host[@]}" /dev/null)" \
		"host side includes a kernel header"
# (abi/types.h is where the two sides' names for types meet)
mapfile -t abi < <(side '/abi/' | grep -v '/abi/types\.h$')
[ ${#abi[@]} = 0 ] ||
	found "$(includes '<(linux|asm|stdio|stdlib|string|unistd|sys)' "${abi[@]}" /dev/null)" \
		"the wall includes something of one side"
mapfile -t stub < <(side '/stub/')
[ ${#stub[@]} = 0 ] ||
	found "$(includes '<(stdio|stdlib|string|unistd|pthread|sys/)' "${stub[@]}" /dev/null)" \
		"stub includes libc"

# Each counter has a meaning, and nothing else has.
counters=kernel/doc/counters.md
if [ -e "$UMKIT_SRC/$counters" ]; then
	{ sed -n '/names\[C_NR\]/,/^};/p' "$UMKIT_SRC/kernel/arch/um/host/counters.c"
	  grep 'faults_soft %llu' "$UMKIT_SRC/kernel/arch/um/kernel/counters.c"
	} | grep -oE '"[a-z_]+' | tr -d '"' | sort >"$WORK/counted"
	sed -nE 's/^\| `([a-z_]+)` \|.*/\1/p' "$UMKIT_SRC/$counters" | sort >"$WORK/documented"
	[ -s "$WORK/counted" ] || fail "no counters found"
	found "$(diff "$WORK/counted" "$WORK/documented")" "counters, and what $counters has"
fi
