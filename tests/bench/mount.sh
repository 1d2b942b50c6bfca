#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# An image through imgtool mount, fuse2fs and, as root, the kernel's loop mount,
# one after the other: find -ls, reading all files for the first time, and
# again. It reports medians, ratios to fuse2fs, and the bounds the project has
# set itself; it does not pass or fail.
#
#	IMG=rootfs/debian.img ./run ../tests/bench/mount.sh
#
# Variables: IMG (an ext4 image of a distribution), IMGTOOL (imgtool), ROUNDS
# (mounts of each: 5).
set -eu

: "${IMG:?IMG: not set; give an image of a distribution}"
IMGTOOL=${IMGTOOL:-imgtool}
ROUNDS=${ROUNDS:-5}
peers="imgtool fuse2fs"
[ "$(id -u)" != 0 ] || peers="$peers kernel"
command -v fuse2fs >/dev/null || {
	echo "mount.sh: fuse2fs: not found; apt-get install fuse2fs" >&2
	exit 1
}

dir=$(mktemp -d)
cd_back=$PWD
finish()
{
	cd "$cd_back"
	leave 2>/dev/null || :
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM
mkdir "$dir/m"

enter()
{
	case $1 in
	imgtool) "$IMGTOOL" mount "$IMG" "$dir/m" ;;
	fuse2fs) fuse2fs -o ro,fakeroot "$IMG" "$dir/m" >/dev/null ;;
	kernel) mount -o loop,ro,noload "$IMG" "$dir/m" ;;
	esac
	mountpoint -q "$dir/m"
}

leave()
{
	if [ "$(id -u)" = 0 ]; then
		umount "$dir/m"
	else
		fusermount3 -u "$dir/m"
	fi
}

# took NAME PEER COMMAND: a line with the milliseconds it took
took()
{
	local begin end
	begin=$(date +%s%N)
	(cd "$dir/m" && eval "$3") >/dev/null
	end=$(date +%s%N)
	echo "$1 $2 $(((end - begin) / 1000))" >>"$dir/times"
}

list='find . -xdev -ls'
read='xargs -0 cat <"$dir/files"'

enter imgtool
(cd "$dir/m" && find . -xdev -type f -print0) >"$dir/files"
echo "$(tr -cd '\0' <"$dir/files" | wc -c) files" >&2
(cd "$dir/m" && eval "$read" | wc -c) >&2
leave
for ((i = 0; i < ROUNDS; i++)); do
	for peer in $peers; do
		enter "$peer"
		took find-ls "$peer" "$list"
		leave
		enter "$peer"
		took first-read "$peer" "$read"
		took again-read "$peer" "$read"
		took again-find "$peer" "$list"
		leave
	done
done

sort -k1,2 -k3n "$dir/times" | awk '
	function done() {
		if (n) med[key] = v[int((n + 1) / 2)] / 1000
		n = 0
	}
	$1 " " $2 != key { done(); key = $1 " " $2 }
	{ v[++n] = $3 }
	END {
		done()
		bound["find-ls"] = 0.2
		bound["first-read"] = 0.35
		bound["again-read"] = 0.1
		split("find-ls first-read again-read again-find", what, " ")
		printf "%-12s%12s%12s%12s%10s%8s\n", "ms, median", "imgtool",
			"fuse2fs", "kernel", "ratio", "bound"
		for (i = 1; i <= 4; i++) {
			w = what[i]
			o = med[w " imgtool"]
			f = med[w " fuse2fs"]
			k = "-"
			if (w " kernel" in med)
				k = sprintf("%.1f", med[w " kernel"])
			r = f ? o / f : 0
			over = w in bound && r > bound[w] ? "  over" : ""
			printf "%-12s%12.1f%12.1f%12s%10.3f%8s%s\n", w, o, f, k,
				r, bound[w], over
		}
	}'
