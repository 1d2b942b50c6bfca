#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What imgtool reads, of any bytes: archives, images of containers (also as
# folders), device tables, manifests, disks, options. Seeds are made here; inputs that once failed are in
# corpus/imgtool. A long run: FUZZ_INPUTS=200000 FUZZ_SEED=2 FUZZ_KINDS="image".
# time limit: 7200 s
. "$UMKIT_SRC/tests/cli/cli.sh"
need_cmd mke2fs tar
fuzz=$UMKIT_BUILD/tests/fuzz/fuzz_imgtool
mkdir seeds tree tree/dir

# --- seeds
echo data >tree/file
ln tree/file tree/hard
ln -s ../file tree/dir/link
mkfifo tree/dir/fifo
truncate -s 20000 tree/sparse
mktar 'd etc' 'pax SCHILY.xattr.user.a=1' 'f etc/x text' 'h etc/y etc/x' \
	's etc/z x' 'c null 1 3' >seeds/source.tar 2>/dev/null ||
	tar cf seeds/source.tar -C tree .
tar cSf seeds/source-sparse.tar --format=pax -C tree .
tar cf seeds/source-old.tar --format=v7 -C tree file hard 2>/dev/null
(cd tree && find . | cpio -o -H newc 2>/dev/null) >seeds/source.cpio || rm seeds/source.cpio
gzip -nk seeds/source-old.tar
mkdir docker docker/1
tar cf docker/1/layer.tar -C tree file dir
echo '[{"Config":"c.json","RepoTags":["a:b"],"Layers":["1/layer.tar"]}]' >docker/manifest.json
echo '{"rootfs":{"type":"layers","diff_ids":["sha256:0"]}}' >docker/c.json
tar cf seeds/source-docker.tar -C docker manifest.json c.json 1/layer.tar
cat >seeds/table.txt <<'END'
# name type mode uid gid major minor start inc count
/dev d 755 0 0 - - - - -
/dev/null c 666 0 0 1 3 0 0 -
/dev/tty c 666 0 5 4 0 0 1 8
/dev/pipe p 600 1 1 - - - - -
END
mkdir -p fuzz-contents/sub
echo text >fuzz-contents/sub/one
truncate -s 100K fuzz-contents/holes
ln -s ../.. fuzz-contents/out
cat >seeds/mtree.1 <<'END'
#mtree v2.0
/set type=file uid=0 gid=0 mode=0644 time=1700000000.5
. type=dir mode=0711
  bin type=dir mode=u=rwx,g=rx
    su mode=04755 uname=root gid=9 contents=sub/one
    a\040b\134 size=0 nlink=2 sha256=00 flags=none
  ..
  dev type=dir
    null type=char device=native,1,3 mode=0666
    sda type=block device=0x801
    pipe type=fifo
    link type=link link=a\040b
  ..
..
/unset mode time
usr/lib/x contents=holes optional
usr/lib type=dir uid=77
END
cat >seeds/mtree.2 <<'END'
/set type=dir gname=wheel
. nochange
x time=-5.25
y \
 mode=+t
z type=socket
..
..
f type=file contents=./sub/one size=5
f contents=sub/none optional
./x/y/g type=file contents=sub/one
END
blob()
{
	printf '%064d' 0 | tr 0 "$1"
}
digest()
{
	echo "\"sha256:$(blob "$1")\""
}
mkdir whiteouts
touch whiteouts/{.wh.hard,.wh..wh..opq,new}
tar c -b 1 -f whiteouts.tar -C whiteouts .wh.hard .wh..wh..opq new
{
	echo "{\"manifests\":[{\"digest\":$(digest 0),\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}},"
	printf '{"digest":%s,"platform":{"os":"unknown"}}]}\n=====\n' "$(digest 3)"
	printf '{"schemaVersion":2,"layers":[{"digest":%s},{"digest":%s,"size":%d}]}' \
		"$(digest 1)" "$(digest 2)" "$(stat -c %s whiteouts.tar)"
	printf '\n=====\n'
	tar c --format=v7 -b 1 -C tree file hard sparse 2>/dev/null
	printf '\n=====\n'
	cat whiteouts.tar
} >seeds/layout.oci
{
	printf '[{"Layers":["blobs/sha256/%s","./blobs/sha256/%s"]}]\n=====\n' \
		"$(blob 0)" "$(blob 1)"
	cat seeds/source-old.tar.gz
	printf '\n=====\n'
	cat seeds/source.tar
} >seeds/layout.docker
{
	printf '{"schemaVersion":2,"config":{"digest":%s},"layers":[{"digest":%s},{"digest":%s,"size":%d}]}' \
		"$(digest 1)" "$(digest 0)" "$(digest 1)" "$(stat -c %s whiteouts.tar)"
	printf '\n=====\n'
	tar c --format=v7 -b 1 -C tree file hard sparse 2>/dev/null
	printf '\n=====\n'
	cat whiteouts.tar
} >seeds/flat.one
{
	echo "{\"manifests\":[{\"digest\":$(digest 1),\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"}},"
	printf '{"digest":%s,"platform":{"os":"linux","architecture":"amd64"}}]}\n=====\n' "$(digest 1)"
	tar c --format=v7 -b 1 -C tree file hard 2>/dev/null
	printf '\n=====\n{"config":{},"layers":[{"digest":%s}]}' "$(digest 0)"
} >seeds/flat.many
mkdir skopeo
sed -n 1p seeds/flat.one >skopeo/manifest.json
echo 'Directory Transport Version: 1.1' >skopeo/version
cp whiteouts.tar "skopeo/$(blob 1)"
tar c --format=v7 -b 1 -f "skopeo/$(blob 0)" -C tree file hard 2>/dev/null
tar cf seeds/source-skopeo.tar -C skopeo .
truncate -s 60K seeds/image.ext2 seeds/image.ext4
mke2fs -q -F -b 1024 -N 24 -I 128 -t ext2 -d tree seeds/image.ext2 >/dev/null 2>&1
mke2fs -q -F -b 1024 -N 16 -I 256 -t ext4 \
	-O ^has_journal,^resize_inode,metadata_csum,inline_data -d tree seeds/image.ext4 >/dev/null 2>&1
printf '%s\n' -q --json --size=10M -o file -- img@1:/x 2G u+rwX,go-w \
	'2024-05-06 07:08:09.5+01:00' --partition gpt -- >seeds/options.1
printf '%s\n' --fs ext3 --label x --uuid --exclude '*' -abc --help @-1.5 a:b 0755 \
	>seeds/options.2

cp "$UMKIT_SRC"/tests/fuzz/corpus/imgtool/* seeds/ 2>/dev/null || :
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
for kind in ${FUZZ_KINDS:-source table mtree layout flat image options}; do
	[ -s "$(printf '%s\n' "seeds/$kind"* | head -n 1)" ] || fail "$kind: no seeds"
	# a failing input is in fuzz-input; keep it (KEEP=1), add it to the corpus
	FUZZ_KIND=$kind "$fuzz" "${FUZZ_INPUTS:-400}" "${FUZZ_SEED:-1}" \
		"seeds/$kind"* >said || { cat said; fail "$kind: status $?"; }
	accepted=$(sed -n 's/.* inputs, \([0-9]*\) accepted$/\1/p' said)
	[ "${accepted:-0}" -gt $((${FUZZ_INPUTS:-400} / 50)) ] ||
		fail "$kind: ${accepted:-no} inputs were taken: $(cat said)"
	echo "$kind: $(tail -n 1 said)"
done
