#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A directory of the host, on the host and in a guest: the same jobs by the same
# programs, one side after the other, as a table with the bounds the project has
# set itself and a JSON file. It reports; it does not pass or fail.
#
#	hostfs-bench.sh [-o FILE.json] ROOT.tar
#
# ROOT.tar is a Debian minbase root, as rootfs/debian makes it. Variables: IMG
# (the root image of the guest), CPUS (2), MEM (1G), ROUNDS (5), SIZE_MB (1024),
# FILES (10000), COLD (1: also with the host's caches dropped, as root).
#
# Medians: "warm" ones with the caches of both sides as the same job left them,
# "first" ones with those of the guest empty and the host's warm, "cold" ones
# with both empty. Below the table is what the guest's kernel counted during the
# last of each. Sequential jobs are first ones; they are for the file system,
# not for either side's disk.
set -euo pipefail

: "${IMG:?IMG: not set; give a root image}" "${UMKIT_BUILD:?run it by ./run}"
IMG=$(realpath "$IMG")
out=hostfs-bench.json
if [ "${1-}" = -o ]; then
	out=$2
	shift 2
fi
[ $# = 1 ] || {
	echo "usage: hostfs-bench.sh [-o FILE.json] ROOT.tar" >&2
	exit 2
}
for cmd in git perl tar find; do
	command -v $cmd >/dev/null || {
		echo "hostfs-bench: $cmd: not found" >&2
		exit 1
	}
done

# shellcheck source=tests/bench/counted.sh
. "${0%/*}/counted.sh"
dir=$(mktemp -d)
trap 'chmod -R u+rwx "$dir" 2>/dev/null; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

# what both sides run, in the directory: WHICH ROUNDS SIZE_MB FILES
cat "${0%/*}/counted.sh" - >"$dir/jobs" <<'END'
set -eu
which=$1 rounds=$2 size=$3 files=$4
export GIT_OPTIONAL_LOCKS=0 GIT_CONFIG_NOSYSTEM=1 HOME=/nonexistent LC_ALL=C
took() { counted "$1" timed "$@"; }
timed()
{
	local name=$1 begin=$EPOCHREALTIME end
	shift
	"$@" >/dev/null
	end=$EPOCHREALTIME
	echo "$name $((${end/./} - ${begin/./}))"
}
pack() { tar c -C tree . | cat; }
list() { find tree -ls; }
state() { git -c safe.directory='*' -C repo status --porcelain; }
create() { perl -e 'for (1 .. $ARGV[0]) { open F, ">", "$ARGV[1]/$_" or die $!; print F "x" x 100; close F or die $! }' "$files" "$1"; }
remove() { perl -e 'for (1 .. $ARGV[0]) { unlink "$ARGV[1]/$_" or die $! }' "$files" "$1"; }
# nothing is in the guest's cache but the programs; on the host this is not done
forget()
{
	[ -n "${GUEST-}" ] || return 0
	sync
	echo 3 >/proc/sys/vm/drop_caches
	dd --version >/dev/null
	find --version >/dev/null
}
if [ "$which" = cold ]; then
	took tar-cold pack
	exit
fi
if [ -n "${GUEST-}" ]; then
	took tar-first pack
	forget
	took find-first list
fi
pack >/dev/null
for ((i = 0; i < rounds; i++)); do took tar-warm pack; done
list >/dev/null
for ((i = 0; i < rounds; i++)); do took find-warm list; done
state >/dev/null
for ((i = 0; i < rounds; i++)); do took git-status state; done
for ((i = 0; i < rounds; i++)); do
	forget
	took seq-read dd if=big of=/dev/null bs=1M status=none
done
for ((i = 0; i < rounds; i++)); do
	rm -f new
	forget
	took seq-write dd if=/dev/zero of=new bs=1M count="$size" status=none
done
rm -f new
# All are created before any is removed, and after what was removed before has
# been forgotten: ext4 looks long for a number that was not given up lately.
sleep 6
for ((i = 0; i < rounds; i++)); do
	mkdir "small.$i"
	took create create "small.$i"
done
for ((i = 0; i < rounds; i++)); do took unlink remove "small.$i"; done
rmdir small.*
END

# shellcheck disable=SC2016
in_guest='
set -e
mkdir -p /host
mount -t hostfs none /host -o ro,hostfs=/
mount -t hostfs none /host/mnt -o "$1"
shift
mount -t proc proc /host/proc
mount -o bind /dev /host/dev
mount -t sysfs sys /host/sys
mount -t debugfs debugfs /host/sys/kernel/debug
export GUEST=1
exec chroot /host /bin/bash -c "cd /mnt && exec bash ./jobs \"\$@\"" bash "$@"
'
args=("${ROUNDS:-5}" "${SIZE_MB:-1024}" "${FILES:-10000}")

# on_host|on_guest WHICH: lines of a name and microseconds
on_host()
{
	(cd "$dir" && bash ./jobs "$1" "${args[@]}")
}
on_guest()
{
	imgtool run --cpus "${CPUS:-2}" --mem "${MEM:-1G}" \
		--append "hostfs=/ quiet" "$IMG" -- sh -c "$in_guest" sh \
		"$dir" "$1" "${args[@]}" </dev/null | tr -d '\r'
}

echo "host: $(uname -r), $(nproc) cpus, load $(cut -d' ' -f1 /proc/loadavg), $(stat -f -c %T "$dir")"
mkdir "$dir/tree" "$dir/repo"
# an ordinary user has no devices in it
tar x -C "$dir/tree" -f "$1" --exclude='./dev/*' --no-same-owner
chmod -R u+rwX "$dir/tree"
echo "tree: $(find "$dir/tree" | wc -l) names, $(du -sm "$dir/tree" | cut -f1) MB"
cp -a "$dir/tree/." "$dir/repo"
git -C "$dir/repo" -c init.defaultBranch=main init -q
git -C "$dir/repo" -c core.looseCompression=0 add -A
git -C "$dir/repo" -c gc.auto=0 -c maintenance.auto=false \
	-c user.name=a -c user.email=a@b commit -qm tree
echo "repository: $(git -C "$dir/repo" ls-files | wc -l) files"
dd if=/dev/urandom of="$dir/big" bs=1M count="${args[1]}" status=none
sync

on_host warm | sed 's/^/host /' >"$dir/lines"
on_guest warm | sed 's/^/guest /' >>"$dir/lines"
if [ "${COLD-}" = 1 ] && [ "$(id -u)" = 0 ]; then
	for side in host guest; do
		sync
		echo 3 >/proc/sys/vm/drop_caches
		on_$side cold | sed "s/^/$side /" >>"$dir/lines"
	done
fi

grep -v '^guest counters ' "$dir/lines" | sort -k1,2 -k3n | awk -v json="$out" -v release="$(uname -r)" \
	-v cpus="${CPUS:-2}" -v fs="$(stat -f -c %T "$dir")" '
	function done() {
		if (n) med[key] = v[int((n + 1) / 2)] / 1e6
		n = 0
	}
	function value(key) {
		return key in med ? sprintf("%.3f", med[key]) : "-"
	}
	$1 " " $2 != key { done(); key = $1 " " $2 }
	{ v[++n] = $3 }
	END {
		done()
		# in seconds; in parts of the speed of the host
		bound["tar-warm"] = 0.5
		bound["find-warm"] = 0.3
		part["seq-read"] = part["seq-write"] = 0.5
		last = split("tar-warm tar-first tar-cold find-warm find-first " \
			"git-status seq-read seq-write create unlink", what, " ")
		printf "%-12s%10s%10s%14s  %s\n", "s, median", "host", "guest",
			"host/guest", "bound"
		printf "{\n \"host\": \"%s\",\n \"guest_cpus\": %d,\n \"file_system\": \"%s\",\n \"unit\": \"s\",\n \"results\": [", release, cpus, fs >json
		for (i = 1; i <= last; i++) {
			w = what[i]
			if (!("guest " w in med))
				continue
			g = med["guest " w]
			h = "host " w in med ? med["host " w] : 0
			r = h ? sprintf("%.2f", h / g) : "-"
			text = line = ""
			if (w in bound) {
				ok = g <= bound[w]
				text = sprintf("%s s: %s", bound[w], ok ? "within" : "over")
			} else if (w in part && h) {
				ok = h / g >= part[w]
				text = sprintf("%s of host: %s", part[w], ok ? "within" : "below")
			}
			printf "%-12s%10s%10s%14s  %s\n", w, value("host " w),
				value("guest " w), r, text
			printf "%s\n  {\"name\": \"%s\", \"guest\": %.6f", (first++ ? "," : ""), w, g >json
			if (h) printf ", \"host\": %.6f", h >json
			if (text != "") printf ", \"within\": %s", ok ? "true" : "false" >json
			printf "}" >json
		}
		print "\n ]\n}" >json
	}'
sed -n 's/^guest //p' "$dir/lines" | counted_table
echo "written to $out"
