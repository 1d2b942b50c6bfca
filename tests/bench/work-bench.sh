#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Work that people do: programs started one after another, an archive unpacked, a
# C project built; on the host, and in a guest on a disk of its own. Seconds, as a
# table with the bounds that the project has set itself. It reports; it does not
# pass or fail.
#
#	work-bench.sh [TREE.tar [SOURCE]]
#
# TREE.tar is an archive not compressed (a Debian tree, say), SOURCE a folder
# with a configure script, such as Debian's source package e2fsprogs unpacked.
# What is not given is left out. Below the table is what the guest's kernel counted
# during the last run of each job. The guest's root is the host's, by hostfs, read
# only, so that both use the same programs.
# Variables: CPUS (2), MEM (2G), RUNS (3).
set -eu

: "${UMKIT_KERNEL:?run it by ./run}"
tree=${1:+$(realpath "$1")}
source=${2:+$(realpath "$2")}
runs=${RUNS:-3}
# shellcheck source=tests/bench/counted.sh
. "${0%/*}/counted.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

# The jobs, in a new folder of the file system to work on: lines of a time's end and
# begin, and of counters.
cat "${0%/*}/counted.sh" - >"$dir/jobs" <<'END_JOBS'
now() { date +%s.%N; }
timed()
{
	local name=$1 begin
	shift
	begin=$(now)
	"$@" >log 2>&1 || { cat log; exit 1; }
	echo "time $name $(now) $begin"
}
hundred() { for i in $(seq 100); do ./true; done; }
unpack() { rm -rf tree; mkdir tree; tar -x -C tree -f "$tree"; }
build() { make -C source clean && make -C source -j2; }

cp "$(command -v busybox)" busybox
ln -s busybox true
for run in $(seq "$runs"); do
	counted hundred_programs timed hundred_programs hundred
done
[ -z "$tree" ] || for run in $(seq "$runs"); do
	rm -rf tree
	counted unpack timed unpack unpack
done
[ -z "$source" ] || {
	cp -r "$source" source
	(cd source && ./configure) >log 2>&1 || { cat log; exit 1; }
	make -C source -j2 >log 2>&1 || { cat log; exit 1; }
	counted build timed build build
}
echo end
END_JOBS

echo "host: $(uname -r), $(nproc) cpus" >&2
mkdir "$dir/work"
(cd "$dir/work" && tree=$tree source=$source runs=$runs bash "$dir/jobs") >"$dir/host"
rm -rf "$dir/work"

echo "guest: ${CPUS:-2} cpus" >&2
truncate -s 8G "$dir/disk"
/sbin/mke2fs -q -t ext4 "$dir/disk"
cat >"$dir/init" <<END
mount -t proc proc /proc
mount -t sysfs sys /sys && mount -t debugfs debugfs /sys/kernel/debug
mount -t tmpfs tmp /mnt && mkdir /mnt/disk && mount /dev/ubda /mnt/disk
cd /mnt/disk
tree=${tree:+/dev/ubdb} source='${source:+/mnt/disk/input}' runs=$runs
export tree source runs TMPDIR=/mnt/disk PATH=/usr/sbin:/usr/bin:/sbin:/bin
[ -z '$source' ] || cp -r '$source' input
bash $dir/jobs
END
"$UMKIT_KERNEL" mem="${MEM:-2G}" ncpus="${CPUS:-2}" con=null con0=fd:0,fd:1 quiet \
	root=none rootfstype=hostfs rootflags=/ ro devtmpfs.mount=1 \
	ubd0="$dir/disk" ${tree:+"ubd1r=$tree"} init=/bin/sh \
	-- -c ". $dir/init; mount -o remount,ro /mnt/disk; echo o >/proc/sysrq-trigger; sleep 9" \
	</dev/null >"$dir/console" || true
tr -d '\r' <"$dir/console" >"$dir/guest"
grep -q '^end' "$dir/guest" || { tail -n 40 "$dir/guest" >&2; exit 1; }

cat >"$dir/bounds" <<'END'
bound hundred_programs 0.15 s
bound unpack 1.2 s
bound build 1.5 ratio
END
awk '
FNR == 1 { side++ }
$1 == "bound" { bound[$2] = $3; unit[$2] = $4 }
$1 == "time" {
	t = $3 - $4
	if (!($2 in seen)) { seen[$2] = 1; names[++n] = $2 }
	if (!((side, $2) in best) || t < best[side, $2]) best[side, $2] = t
}
END {
	printf "%-20s %10s %10s %7s %10s\n", "seconds, best", "host", "guest", "ratio", "bound"
	for (i = 1; i <= n; i++) {
		w = names[i]
		h = best[2, w]; g = best[3, w]; r = h > 0 ? g / h : 0
		over = (unit[w] == "s" ? g : r) > bound[w] + 0 ? " over" : ""
		printf "%-20s %10.3f %10.3f %7.2f %8s %s%s\n", w, h, g, r, bound[w], unit[w], over
	}
}' "$dir/bounds" "$dir/host" "$dir/guest"
counted_table <"$dir/guest"
