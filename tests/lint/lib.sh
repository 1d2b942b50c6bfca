# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
. "$TEST_LIB/common.sh"
cd "$UMKIT_SRC"

# project_files GLOB...: our files, not what a build has left, as well as that
# can be told: a release has a list, a copy of a checkout has not.
project_files()
{
	local file glob args=()
	if [ -e MANIFEST ]; then
		while IFS= read -r file; do
			for glob; do
				# shellcheck disable=SC2053 # it is a pattern
				[[ $file != $glob ]] || echo "$file"
			done
		done <MANIFEST
	elif git rev-parse --git-dir >/dev/null 2>&1; then
		git -c safe.directory='*' ls-files --cached --others \
			--exclude-standard -- "$@"
	else
		for glob; do
			args+=(-o -path "./$glob")
		done
		find . \( -path ./build -o -path ./build-aux \) -prune -o -type f \
			\( "${args[@]:1}" \) -print | sed 's|^\./||'
	fi
}

# found TEXT WHAT: fail when TEXT is not empty
found()
{
	[ -z "$1" ] || { printf '%s\n' "$1" >&2; fail "$2"; }
}
