#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# --dry-run: the very size that the build then has, and nothing written.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir d && seq 200000 >d/file && ln d/file d/link
truncate -s 1T d/sparse
tar cSf d.tar -C d .
for source in d d.tar; do
	for size in auto +10M 100M; do
		capture "$IMGTOOL" build --dry-run $source --size $size -o t.img
		assert_status 0
		[ ! -e t.img ] || fail "a dry run left an image"
		bytes=$(sed -n 's/^t.img: \([0-9]*\) bytes: .* inodes, .* free$/\1/p' out)
		build $source --size $size -o t.img
		assert_eq "$(stat -c %s t.img)" "$bytes" "size"
		rm t.img
	done
done
echo keep >t.img
capture "$IMGTOOL" build -q --dry-run d
assert_status 0
assert_match '^image: [0-9]+ bytes: '
capture "$IMGTOOL" build --dry-run d -o t.img
assert_eq "$(cat t.img)" keep
capture "$IMGTOOL" build --dry-run d --size 1M
assert_plain_error 1 'the size is too small .* --size [0-9]+M'
capture "$IMGTOOL" build --dry-run d.tar --size 1M
assert_plain_error 1 'the size is too small .* --size [0-9]+M'

# In every form that there is: the size is told before, is there after, and of
# +N, N bytes are free for everyone.
mkdir -p s/many && (cd s/many && seq 1 3000 | xargs touch)
head -c 3000000 /dev/urandom >s/random
for i in {1..200}; do echo "$i" >s/$i; done
tar cf s.tar -C s .
mnt=
if [ "$(id -u)" = 0 ] && mkdir mnt && build s -o t.img && mount -o loop,ro t.img mnt 2>/dev/null; then
	umount mnt
	mnt=1
fi
# free_in IMG OFFSET: for everyone, in bytes: as the kernel says, or as it
# would count (a fiftieth, at most 4096 blocks, is kept back)
free_in()
{
	local blocks free keep
	if [ "$mnt" ]; then
		mount -o "loop,ro,noload,offset=$2" "$1" mnt
		stat -f -c '%a %S' mnt >free
		umount mnt
		read -r blocks free <free
		echo $((blocks * free))
		return
	fi
	dumpe2fs -h "$1?offset=$2" >superblock 2>/dev/null
	blocks=$(sed -n 's/^Block count: *//p' superblock)
	free=$(sed -n 's/^Free blocks: *//p' superblock)
	keep=$((blocks / 50 < 4096 ? blocks / 50 : 4096))
	echo $(((free - keep) * 4096))
}
for options in '' '--fs ext3' '--fs ext2' '--profile linux-2.6.18' '--profile debian-6' \
		'--profile debian-8' '--partition gpt' '--partition mbr --swap 3M' \
		'--swap 5M --hostname x' --spool; do
	at=0
	[[ $options != *partition* ]] || at=$((1 << 20))
	[[ $options != *mbr* ]] || at=$((4 << 20))
	sizes='auto +7M'
	[[ $options && $options != *gpt ]] || sizes+=' +0 +300M 77M'
	for source in s s.tar; do
		for size in $sizes; do
			capture "$IMGTOOL" build --dry-run $source $options --size $size -o t.img
			assert_status 0
			cp out said
			capture "$IMGTOOL" build $source $options --size $size -o t.img
			assert_status 0
			assert_eq "$(sed 's/: [0-9]* bytes//' said)" "$(cat out)" "$options $size"
			assert_eq "$(sed -n 's/^t.img: \([0-9]*\) bytes.*/\1/p' said)" \
				"$(stat -c %s t.img)" "$options --size $size: bytes"
			[[ $size = +?* ]] || continue
			free=$(free_in t.img $at)
			[ "$free" -ge "$(numfmt --from=iec "${size#+}")" ] ||
				fail "$options --size $size: only $free bytes are free"
		done
	done
done
