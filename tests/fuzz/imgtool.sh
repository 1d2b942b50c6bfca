#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What imgtool reads, of any bytes: archives, images of containers, device
# tables, disks, options. Seeds are made here; inputs that once failed are in
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
for kind in ${FUZZ_KINDS:-source table image options}; do
	[ -s "$(printf '%s\n' "seeds/$kind"* | head -n 1)" ] || fail "$kind: no seeds"
	# a failing input is in fuzz-input; keep it (KEEP=1), add it to the corpus
	FUZZ_KIND=$kind "$fuzz" "${FUZZ_INPUTS:-400}" "${FUZZ_SEED:-1}" \
		"seeds/$kind"* >said || { cat said; fail "$kind: status $?"; }
	accepted=$(sed -n 's/.* inputs, \([0-9]*\) accepted$/\1/p' said)
	[ "${accepted:-0}" -gt $((${FUZZ_INPUTS:-400} / 50)) ] ||
		fail "$kind: ${accepted:-no} inputs were taken: $(cat said)"
	echo "$kind: $(tail -n 1 said)"
done
