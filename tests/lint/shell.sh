#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Shell scripts parse and pass shellcheck.
. "$UMKIT_SRC/tests/lint/lib.sh"
need_cmd shellcheck

scripts=()
while IFS= read -r file; do
	[ -f "$file" ] || continue
	case $(head -c 64 "$file" | head -n 1 | tr -d '\0') in
	'#!/bin/bash'* | '#!/bin/sh'*) scripts+=("$file") ;;
	*) case $file in *.sh) scripts+=("$file") ;; esac ;;
	esac
done < <(project_files '*')
[ ${#scripts[@]} -gt 0 ] || fail "no scripts found"

# Sourced files are named by variables, and set variables for each other;
# set -e is on wherever cd is not checked.
shellcheck --severity=warning --exclude=SC1090,SC1091,SC2034,SC2120,SC2154,SC2164 \
	"${scripts[@]}" ||
	fail "shellcheck"

# "! command" alone never ends a script under set -e: it says what else happens, or
# is the last of its script or function.
bare=$(awk 'FNR == 1 { held = "" }
	held != "" { if ($0 !~ /^[ \t]*}/) print held; held = "" }
	/^[ \t]*! / && !/\|\||&&|\\$|; (then|do)$|'\''/ { held = FILENAME ":" FNR ": " $0 }' \
	"${scripts[@]}")
[ -z "$bare" ] || fail "not checked: $bare"
