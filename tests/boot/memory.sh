#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Memory that the guest has used and freed goes back to the host, and can be
# used again; what is still in use stays as it is.
. "$UMKIT_SRC/tests/boot/life-lib.sh"

MEM=1G

# mib FIELD: of the kernel process, which maps all of physmem
mib()
{
	awk -v f="$1:" '$1 == f { print int($2 / 1024) }' "/proc/$kernel/status"
}

given_back() { [ "$(mib RssShmem)" -lt 100 ]; }

launch 'mount -t tmpfs none /tmp; cd /tmp
seq 1 100000 >kept; md5sum kept >sum
for round in 1 2; do dd if=/dev/zero of=used bs=1M count=400; rm used; done
dd if=/dev/urandom of=used bs=1M count=20; md5sum used >>sum; echo @freed
while :; do sleep 1; md5sum -c sum && echo @same; done'
retry 60 says '^@freed' || fail_here "not freed"
retry 120 given_back || fail_here "$(mib RssShmem) MiB are not given back"
[ "$(mib VmHWM)" -ge 400 ] ||
	fail_here "$(mib VmHWM) MiB at most: the guest has not used its memory"
echo "$(mib VmHWM) MiB at most, $(mib RssShmem) MiB now"
before=$(grep -ac '^@same' console)
retry 60 times_said '^@same' $((before + 1)) || fail_here "contents have changed"
kill -KILL "$kernel"
ends_with 137
