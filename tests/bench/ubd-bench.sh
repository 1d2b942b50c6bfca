#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Disks: the same jobs on a file of the host, and in a guest on a raw disk, a COW
# disk, and one as uml_mkcow makes it (--align 4K), direct and through the guest's
# page cache; as a table with the bounds
# that the project has set itself, which are for direct ones. The host's cache
# has the images; on the host the jobs use it. It reports; it does not pass or
# fail.
#
#	ubd-bench.sh [DIRECTORY...]	where the images are made
#
# By default in TMPDIR, and in an overlay mounted there if that can be done:
# container images live in such, where reads without waiting cannot be had.
# Variables: IMG (root image with a shell), SIZE_MB (256), CPUS (2), MEM (768M).
set -eu

: "${IMG:?IMG: not set; give a root image}" "${UMKIT_BUILD:?run it by ./run}"
IMG=$(realpath "$IMG")
SIZE_MB=${SIZE_MB:-256}
bytes=$((SIZE_MB << 20))
bench=$UMKIT_BUILD/tests/bench/diskbench
scatter=$UMKIT_BUILD/tests/unit/storage/scatter
[ -x "$bench" ] || {
	echo "ubd-bench: $bench: not built; run: make tests/bench/diskbench" >&2
	exit 1
}

dir=$(mktemp -d)
finish()
{
	! mountpoint -q "$dir/overlay" || umount "$dir/overlay"
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

# boot_script DISK...: the script in hostfs
boot_script()
{
	"$UMKIT_KERNEL" mem="${MEM:-768M}" ncpus="${CPUS:-2}" con0=fd:0,fd:1 \
		con=null ubd0r="$IMG" root=/dev/ubda ro quiet \
		"$@" init=/bin/sh \
		-- -c "mount -t proc proc /proc; mount -t devtmpfs dev /dev 2>/dev/null
		mount -t hostfs none /mnt -o $dir/hostfs && . /mnt/script
		exec poweroff -f" </dev/null >"$dir/console"
}

# in_guest HOW OPTION: the jobs on a raw file without contents, and a new COW
in_guest()
{
	cat >"$dir/hostfs/script" <<-END
		mount -t tmpfs tmp /tmp; cp /mnt/diskbench /tmp
		mount -t sysfs sys /sys; mount -t debugfs debugfs /sys/kernel/debug
		/tmp/diskbench /dev/ubdb $bytes raw-$1 $2 first
		/tmp/diskbench /dev/ubdc $bytes cow-$1 $2 first
		/tmp/diskbench /dev/ubdd $bytes narrow-$1 $2 first
	END
	rm -f "$where/cow" "$where/narrow" "$where/raw"
	truncate -s "$bytes" "$where/raw"
	imgtool cow create "$where/cow" "$where/base"
	imgtool cow create --align 4K "$where/narrow" "$where/base"
	boot_script ubd1="$where/raw" ubd2="$where/cow" ubd3="$where/narrow"
	tr -d '\r' <"$dir/console" | grep -E '^(raw|cow|narrow)-' >>"$dir/results"
}

table()
{
	awk '
	{ mbs[$1, $2] = $3; iops[$1, $2] = $4 }
	function share(a, b, bound,    r, text) {
		if (!(b > 0) || a == "")
			return sprintf("%7s %-8s", "-", "")
		r = a / b
		text = ""
		if (bound != "")
			text = (r < bound ? "< " : ">= ") bound
		return sprintf("%7.2f %-8s", r, text)
	}
	END {
		split("seq-read seq-write seq-write-first rand-read-4k rand-write-4k", jobs, " ")
		printf "%-24s %10s %10s %-16s %10s %-16s %10s %s\n",
			"MB/s (4k: IOPS)", "host file", "raw disk", "  of host",
			"COW disk", "  of raw", "--align 4K", "  of raw"
		for (h = 1; h <= 2; h++)
			for (j = 1; j in jobs; j++) {
				how = h == 1 ? "direct" : "cached"
				job = jobs[j]
				if (job ~ /4k/) {
					host = iops["host", job]; raw = iops["raw-" how, job]
					cow = iops["cow-" how, job]; narrow = iops["narrow-" how, job]
				} else {
					host = mbs["host", job]; raw = mbs["raw-" how, job]
					cow = mbs["cow-" how, job]; narrow = mbs["narrow-" how, job]
				}
				b = h == 2 ? "" : job ~ /^seq/ ? 0.7 : job ~ /read/ ? 0.15 : ""
				c = h == 2 ? "" : job ~ /first/ ? 0.5 : 0.9
				printf "%-24s %10s %10s %s %10s %s %10s %s\n", job " " how,
					host, raw, share(raw, host, b), cow,
					share(cow, raw, c), narrow, share(narrow, raw, c)
			}
	}' "$dir/results"
}

# one_place DIRECTORY
one_place()
{
	where=$(mktemp -d "$1/ubd-bench.XXXXXX")
	: >"$dir/results"
	truncate -s "$bytes" "$where/base" "$where/host"
	"$bench" "$where/host" "$bytes" host first >>"$dir/results"
	in_guest direct direct
	in_guest cached drop
	echo "$1: $(stat -f -c %T "$1"), images of $SIZE_MB MiB"
	table
	echo "What the guest's kernel counted, per MiB or operation of 4 KiB (kernel/doc/counters.md):"
	awk 'NF > 4 {
		printf "%-28s", $1 " " $2
		for (i = 5; i < NF; i += 2) printf " %s %s", $i, $(i + 1)
		print ""
	}' "$dir/results"
	rm -rf "$where"
}

# The jobs of which the times of upstream's 7.3 (seccomp=on, pinned) are known.
beside_upstream()
{
	dd if=/dev/zero of="$dir/old" bs=1M count=512 2>/dev/null
	# shellcheck disable=SC2016 # expanded by the guest
	echo 'now() { cut -d" " -f1 /proc/uptime; }
	for i in 1 2 3; do
		a=$(now); dd if=/dev/ubdb of=/dev/null bs=1M count=512 iflag=direct
		b=$(now); dd if=/dev/zero of=/dev/ubdb bs=1M count=200 conv=notrunc,fsync
		echo "times $a $b $(now)"
	done 2>/dev/null' >"$dir/hostfs/script"
	boot_script ubd1="$dir/old"
	tr -d '\r' <"$dir/console" | awk '/^times / {
		if (!n || $3 - $2 < r) r = $3 - $2
		if (!n++ || $4 - $3 < w) w = $4 - $3
	} END {
		printf "512 MiB direct read: %.2f s (upstream: 1.8); ", r
		printf "200 MiB write with fsync: %.2f s (1.9)\n", w
	}'
	rm "$dir/old"
}

# What it takes from opening a 3 TiB COW file to its first sector, with the
# start of the program that does it.
open_time()
{
	truncate -s 3T "$dir/huge" 2>/dev/null || return 0
	imgtool cow create "$dir/huge.cow" "$dir/huge"
	best=999999
	for _ in 1 2 3 4 5; do
		start=$(date +%s%N)
		"$scatter" get "$dir/huge.cow" 5000000000 >/dev/null
		took=$((($(date +%s%N) - start) / 1000))
		[ "$took" -ge "$best" ] || best=$took
	done
	awk -v t="$best" 'BEGIN {
		printf "3 TiB COW opened and read: %.1f ms (bound 50: %s)\n",
			t / 1000, t < 50000 ? "within" : "over" }'
}

mkdir "$dir/hostfs"
cp "$bench" "$dir/hostfs"
echo "host: $(uname -r), $(nproc) cpus, load $(cut -d' ' -f1 /proc/loadavg)"
if [ $# = 0 ]; then
	mkdir "$dir/lower" "$dir/upper" "$dir/work" "$dir/overlay"
	set -- "$dir"
	if mount -t overlay overlay "$dir/overlay" -o \
		"lowerdir=$dir/lower,upperdir=$dir/upper,workdir=$dir/work" 2>/dev/null; then
		set -- "$dir" "$dir/overlay"
	else
		echo "overlay: cannot be mounted here"
	fi
fi
for place; do
	one_place "$place"
done
beside_upstream
if [ -x "$scatter" ]; then
	open_time
else
	echo "opening 3 TiB: not timed; run: make tests/unit/storage/scatter"
fi
