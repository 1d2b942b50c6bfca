#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Images made to harm who mounts them: errors, but no crash, and no name that
# leads elsewhere. The server must live on until it is told to end.
. "$UMKIT_SRC/tests/cli/cli.sh"
. "$UMKIT_SRC/tests/cli/fuse.sh"
need_cmd mke2fs getfattr python3
need_mount
mkdir m

# visit: look at everything, and wait for the server's own end
visit()
{
	"$IMGTOOL" mount -f bad.img m 2>err &
	local pid=$! st=0
	retry 60 up_or_over "$pid" || fail "$1: neither mounted nor refused"
	if ! mounted m; then
		wait "$pid" || st=$?
		[ "$st" = 1 ] || { cat err >&2; fail "$1: status $st"; }
		grep -v '^imgtool: ' err >&2 && fail "$1: a message that is not ours"
		return 0
	fi
	find m -ls >list 2>&1 || :
	find m -type f -size -2000000k -exec cat {} + >/dev/null 2>&1 || :
	find m -type f -exec tail -c 1 {} + >/dev/null 2>&1 || :
	find m -exec getfattr -hd -m - {} + >/dev/null 2>&1 || :
	df m >/dev/null 2>&1 || :
	kill -0 "$pid" 2>/dev/null || fail "$1: the server has died"
	"$IMGTOOL" umount m
	wait "$pid" || { st=$?; cat err >&2; fail "$1: status $st"; }
}

up_or_over()
{
	mounted m || ! running "$1"
}

# running PID: a child that has ended but was not waited for does not
running()
{
	local state
	state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) || return 1
	[ -n "$state" ] && [ "$state" != Z ]
}

# patch TEXT-REGEX REPLACEMENT: bytes of the same length
patch()
{
	cp good.img bad.img
	LC_ALL=C sed -i "s|$1|$2|g" bad.img
	cmp -s good.img bad.img && fail "nothing was patched"
	:
}

mktar 'd sub' 'f sub/XXYYY data' 'f other x' >t.tar
build t.tar -o good.img
cp good.img bad.img
visit good
grep -q 'm/sub/XXYYY$' list || fail "the good image"

for name in '../xx' '/etcx' 'a\x00bcd' '../..'; do
	patch XXYYY "$name"
	visit "$name"
	grep -E 'etcx|xx|bcd|\.\.' list && fail "$name shows"
	grep -q 'm/other$' list || fail "$name: the rest does not show"
	grep -q 'cannot\|cleaning' list || fail "$name: no error"
done

# directories inside of themselves
for link in 'link sub sub/again' 'link / sub/root' 'link <1> sub/one' \
		'link <8> sub/journal' 'link <7> resize'; do
	cp good.img bad.img
	debugfs -w -R "$link" bad.img >/dev/null 2>&1
	visit "$link"
done

for size in 0x7fffffffffffffff 0xffffffffffff 0x3ffffffffff; do
	for file in other sub; do
		cp good.img bad.img
		debugfs -w -R "set_inode_field $file size $size" bad.img >/dev/null 2>&1
		visit "$file of $size bytes"
	done
done

# types that are none
for mode in 0 070000 0170777 0120777 040000; do
	cp good.img bad.img
	debugfs -w -R "set_inode_field other mode $mode" bad.img >/dev/null 2>&1
	visit "mode $mode"
done

# cut short
for ((cut = 1; cut <= 4000; cut += 999)); do
	head -c "$((cut * 1024))" good.img >bad.img
	visit "cut at $cut KiB"
done
# noise: MOUNT_NOISE images, each with more of it
cat >noise.py <<'END'
import random, sys
rnd = random.Random(int(sys.argv[1]))
data = bytearray(open("good.img", "rb").read())
used = [i for i in range(0, len(data), 64) if any(data[i:i + 64])]
for i in range(rnd.choice((1, 5, 20, 100, 400))):
    data[rnd.choice(used) + rnd.randrange(64)] = rnd.choice((0, 1, 255,
        rnd.randrange(256)))
open("bad.img", "wb").write(data)
END
for ((seed = 1; seed <= ${MOUNT_NOISE:-12}; seed++)); do
	python3 noise.py "$seed"
	visit "noise $seed"
done
[ -z "$(mounts)" ] || fail "left mounted: $(mounts)"
