#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: host programs swap directories and files for links that lead outside,
# and move directories, while guest root uses them: nothing outside is touched.
# For the long run: HOSTFS_RACE=30 (seconds).
. "$TEST_LIB/boot.sh"

CPUS=2
race=$UMKIT_BUILD/tests/boot/hostfs_race

# setup: the jail and what is outside, where $at is
setup()
{
	rm -rf jail outside
	mkdir -p jail/dir jail/a/b/c outside/c
	cp "$race" jail/race
	head -c 4242 /dev/zero >outside/secret
	cp outside/secret outside/inner
	cp outside/secret outside/c/secret
	for file in jail/file jail/dir/inner jail/a/b/c/inner; do echo mine >$file; done
	ln -s "$1" jail/dirlink
	ln -s "$1/secret" jail/filelink
	ln -s "$1" jail/ablink
}

# The guest's links of the same text lead to nothing in the guest; the host's
# to outside.
for link in "$PWD/outside" ../outside; do
	echo "# links to $link"
	setup "$link"
	find outside -exec stat -c '%n %i %s %a %y %z' {} + >before
	"$race" host jail "$PWD/outside" "${HOSTFS_RACE:-2}" >host.out &
	host=$!
	run_guest --bind "$PWD/jail:/mnt" -- /mnt/race guest /mnt 4242 </dev/null
	# it waits for a guest that may have failed
	: >jail/started
	host_status=0
	wait "$host" || host_status=$?
	cat out host.out
	assert_status 0
	[ "$host_status" = 0 ] || fail "outside was touched"
	find outside -exec stat -c '%n %i %s %a %y %z' {} + >after
	assert_same_file before after
	assert_no_match ' 0 turns$' host.out
done
