#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# imgtool run: as nobody, in a user namespace, with little room.
. "$TEST_LIB/boot.sh"

command=(imgtool run --mem "$MEM" "$TEST_IMAGE" -- sh -c
	'id -u; echo x >/file && cat /file; cat; exit 7')
check()
{
	status=0
	echo in | "$@" >out 2>err || status=$?
	assert_status 7
	assert_out '0
x
in'
	assert_eq "$(cat err)" "" "standard error"
}
# With little room that must not be executed from, where temporary files go.
cat >small <<'END'
set -e
mount -t tmpfs -o size=1m,noexec none /dev/shm
mount -t tmpfs -o size=1m,noexec none /var/tmp
case $UMKIT_BUILD in
/tmp/*) ;;
*) mount -t tmpfs -o size=1m,noexec none /tmp; cd / ;;
esac
TMPDIR=/tmp HOME=/nonexistent exec "$@"
END
small=$(cat small)

echo "# as we are"
check "${command[@]}"
check env -u HOME -u TMPDIR "${command[@]}"
check env -i PATH="$PATH" UMKIT_KERNEL="$UMKIT_KERNEL" "${command[@]}"

if [ "$(id -u)" = 0 ]; then
	echo "# as nobody"
	check as_nobody env HOME=/nonexistent TMPDIR=/tmp "${command[@]}"
	echo "# small /dev/shm and /tmp"
	check unshare -m bash -c "$small" bash "${command[@]}"
fi
if unshare -Ur true 2>/dev/null; then
	echo "# in a user namespace"
	check unshare -Ur "${command[@]}"
	check unshare -U "${command[@]}"
	check unshare -Urmpf --mount-proc "${command[@]}"
	echo "# small /dev/shm and /tmp in it"
	check unshare -Urm bash -c "$small" bash "${command[@]}"
fi

echo "# no new privileges"
need_cmd setpriv
check setpriv --no-new-privs "${command[@]}"
