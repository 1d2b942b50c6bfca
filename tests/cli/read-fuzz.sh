#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Images, tables and COW files with bytes changed at random: whatever a verb
# makes of them, it ends by itself, with messages that are ours, and nothing it
# prints leads out of the image.
#
# FUZZ_ROUNDS (8) rounds from FUZZ_SEED (1) on. cat and sum are left out: a
# size that has become 16 TiB of holes is an honest day's work for them.
. "$UMKIT_SRC/tests/cli/cli.sh"
rounds=${FUZZ_ROUNDS:-8}
seed=${FUZZ_SEED:-1}

mkdir -p d/a/b/c d/many d/etc d/var/lib/dpkg d/boot
echo 'ID=x' >d/etc/os-release
printf 'Package: p\nVersion: 1\n' >d/var/lib/dpkg/status
for ((i = 0; i < 300; i++)); do echo "$i" >"d/many/a-name-that-is-rather-long-$i"; done
ln d/many/a-name-that-is-rather-long-7 d/a/hard
ln -s ../etc d/a/link
ln -s "$(printf 'l%.0s' {1..200})" d/a/longlink
truncate -s 5M d/sparse
printf 'x' | dd of=d/sparse bs=1 seek=3000000 conv=notrunc status=none
seq 20000 >d/a/b/c/data
touch -d @1700000000 d d/*
mktar 'pax SCHILY.xattr.user.a=1 SCHILY.xattr.security.b=2' 'f xattrs x' \
	"pax SCHILY.xattr.user.big=$(printf 'v%.0s' {1..1000})" 'f bigxattr x' \
	'pax SCHILY.acl.access=user::rw-,user:1000:r--,group::r--,mask::r--,other::r--' 'f acl x' \
	'c null 1 3' 'p fifo' >x.tar
build d x.tar -o good.ext4
mke2fs -q -F -d d -t ext2 -b 1024 good.ext2 8M 2>/dev/null
mke2fs -q -F -d d -t ext4 -O inline_data -I 256 good.inline 8M 2>/dev/null
size=$(stat -c %s good.ext4)
kinds='ext4 ext2 inline'
if command -v sfdisk >/dev/null; then
	for label in gpt dos; do
		truncate -s $((size + 20000000)) good.$label
		printf 'start=2048,size=2048\nstart=8192,size=%s\n' $((size / 512)) |
			sfdisk -q --label $label good.$label
		dd if=good.ext4 of=good.$label bs=512 seek=8192 conv=notrunc,sparse status=none
	done
	kinds+=' gpt dos'
fi

# survives COMMAND...: see above
survives()
{
	status=0
	"$IMGTOOL" "$@" >out 2>err </dev/null || status=$?
	if [ "$status" -gt 2 ] || grep -qav '^imgtool: ' err; then
		tail -n 30 err >&2
		fail "seed $n: $kind: imgtool $*: status $status"
	fi
}

# all_verbs IMG
all_verbs()
{
	survives find -0 "$1"
	tr '\0' '\n' <out | grep -aE '(^|/)\.\.(/|$)' && fail "seed $n: a name that escapes"
	survives find --json "$1"
	survives tree "$1"
	survives du "$1"
	survives df "$1"
	survives info -p "$1"
	survives info --json "$1"
	survives tar -k -o out.tar "$1"
	survives diff "$1" good.ext4
	survives stat "$1:/a/link/os-release"
}

for ((n = seed; n < seed + rounds; n++)); do
	for kind in $kinds; do
		cp --sparse=always good.$kind bad.img
		last=2000000
		case $kind in
		gpt | dos) last=20000 ;;
		esac
		mutate "$n" $((n % 30 + 1)) 0 $last bad.img
		all_verbs bad.img
	done
	kind=cow
	cp good.ext4 base.img
	rm -f bad.cow
	"$IMGTOOL" cow create bad.cow base.img
	mutate "$n" $((n % 4 + 1)) 0 $((n % 2 ? 4200 : 12000)) bad.cow
	survives info bad.cow
	survives find bad.cow
	survives diff bad.cow
	survives tar -k -o out.tar bad.cow
done
[ "$n" = $((seed + rounds)) ] || fail "rounds"
