#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Memory that the guest has used and freed goes back to the host, and can be
# used again; what is still in use stays as it is. And a guest may be told of more
# memory than there is.
. "$UMKIT_SRC/tests/boot/life-lib.sh"

MEM=1500M

# mib FIELD: of the kernel process, which maps all of physmem
mib()
{
	awk -v f="$1:" '$1 == f { print int($2 / 1024) }' "/proc/$kernel/status"
}

given_back() { [ "$(mib RssShmem)" -lt 100 ]; }

launch 'mount -t tmpfs -o size=1200M none /tmp; cd /tmp
seq 1 100000 >kept; md5sum kept >sum
for round in 1 2; do dd if=/dev/zero of=used bs=1M count=1024; rm used; done
dd if=/dev/urandom of=used bs=1M count=20; md5sum used >>sum; echo @freed
while :; do sleep 1; md5sum -c sum && echo @same; done'
retry 60 says '^@freed' || fail_here "not freed"
start=$SECONDS
retry 120 given_back || fail_here "$(mib RssShmem) MiB are not given back"
seconds=$((SECONDS - start))
[ "$(mib VmHWM)" -ge 1024 ] ||
	fail_here "$(mib VmHWM) MiB at most: the guest has not used its memory"
echo "$(mib VmHWM) MiB at most, $(mib RssShmem) MiB $seconds s later"
before=$(grep -ac '^@same' console)
retry 60 times_said '^@same' $((before + 1)) || fail_here "contents have changed"
kill -KILL "$kernel"
ends_with 137

# Of memory only the kernel's page structures are touched, 1/64 of it.
MEM=64G
launch 'grep ^MemTotal: /proc/meminfo; sleep 1000'
retry 60 says '^MemTotal: *6[0-9]......'  || fail_here "not 64 GiB"
echo "mem=64G: $(mib RssShmem) MiB"
[ "$(mib RssShmem)" -lt 1400 ] || fail_here "mem=64G: $(mib RssShmem) MiB are used"
kill -KILL "$kernel"
ends_with 137
