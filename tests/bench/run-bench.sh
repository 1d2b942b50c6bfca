#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs guestbench on the host and in the guest, and prints a table and a JSON
# file with the ratios, and the bounds the project has set itself; below it, the
# counters of the guest's kernel per operation (kernel/doc/counters.md). Beside the
# file, per mode, what guestbench printed in the guest. It reports; it does not pass or fail.
#
#	run-bench.sh [-o FILE.json] [guestbench's options]
#
# Variables: IMG (root image with a shell), IMGTOOL (imgtool), GUESTBENCH
# (beside this script's build), CPUS (the guest's processors: 2), MEM (512M),
# HOST_CPUS (a list for taskset, to pin both sides; not pinned by default),
# BOOTS (boots timed: 5), MODES ("sync nosync").
#
# Modes: sync is as the host can do; nosync adds the kernel option um_nosync,
# so that no wake-up is synchronous, as on hosts before 6.6.
# trap: no seccomp listeners, as where a container manager has one already.
set -eu

: "${IMG:?IMG: not set; give a root image}"
IMGTOOL=${IMGTOOL:-imgtool}
CPUS=${CPUS:-2}
MEM=${MEM:-512M}
BOOTS=${BOOTS:-5}
MODES=${MODES:-sync nosync}
GUESTBENCH=${GUESTBENCH:-${UMKIT_BUILD:-.}/tests/bench/guestbench}
out=bench.json
if [ "${1-}" = -o ]; then
	out=$2
	shift 2
fi

[ -x "$GUESTBENCH" ] || {
	echo "run-bench: $GUESTBENCH: not built; run: make tests/bench/guestbench" >&2
	exit 1
}
[ -e "$IMG" ] || {
	echo "run-bench: $IMG: no such image" >&2
	exit 1
}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

pinned()
{
	if [ -n "${HOST_CPUS-}" ]; then
		taskset -c "$HOST_CPUS" "$@"
	else
		"$@"
	fi
}

# in_guest MODE ARGUMENT...: the program goes in by standard input, so any
# image with a shell will do.
in_guest()
{
	mode=$1
	shift
	append=quiet
	case $mode in
	sync) ;;
	nosync) append='quiet um_nosync' ;;
	trap) append='quiet um_trap' ;;
	*) echo "run-bench: $mode: no such mode" >&2; exit 2 ;;
	esac
	# shellcheck disable=SC2016 # expanded by the guest
	pinned "$IMGTOOL" run --cpus "$CPUS" --mem "$MEM" --append "$append" \
		"$IMG" -- /bin/sh -c 'cat >/guestbench && chmod 755 /guestbench &&
		{ mount -t debugfs debugfs /sys/kernel/debug || true; } &&
		exec /guestbench "$@"' sh "$@" <"$GUESTBENCH"
}

# Lines of three times: before imgtool starts, in the guest's first command,
# after imgtool's end. Host and guest have the same clock of day.
boot_times()
{
	i=0
	while [ "$i" -lt "$BOOTS" ]; do
		begin=$("$GUESTBENCH" --now)
		inside=$(in_guest "$1" --now | tr -d '\r')
		end=$("$GUESTBENCH" --now)
		echo "$begin $inside $end"
		i=$((i + 1))
	done
}

echo "host: $(uname -r), $(nproc) cpus${HOST_CPUS:+, pinned to $HOST_CPUS}" >&2
pinned "$GUESTBENCH" "$@" >"$dir/host"
for mode in $MODES; do
	echo "guest: $CPUS cpus, mode $mode" >&2
	in_guest "$mode" "$@" >"$dir/guest.$mode" || {
		echo "run-bench: guest, mode $mode: status $?" >&2
		cat "$dir/guest.$mode" >&2
		exit 1
	}
	tr -d '\r' <"$dir/guest.$mode" >"${out%.json}-guest-$mode.json"
	boot_times "$mode" >"$dir/boot.$mode"
done

# fields FILE: name median min n, one line each
fields()
{
	tr -d '\r' <"$1" | sed -n \
		's/.*"name": "\([^"]*\)".*"median": \([0-9.]*\), "min": \([0-9.]*\), "n": \([0-9]*\).*/\1 \2 \3 \4/p'
}

# A measure, and its bound in microseconds, not pinned.
cat >"$dir/bounds" <<'END'
getppid 2.4
clock_gettime 0.05
page_fault_64M_first 3.0
page_fault_64M 1.6
page_fault_single 12
mmap_touch_munmap 22
munmap_64M 4500
fork_exit_wait 150
fork_exit_wait_miss 350
vfork_exec_wait 650
pipe_round_trip 11
signal 12
thread_create_join 60
power_on_to_command 150000
END

# summary COLUMN NAME FILE: the like, of the times since column 1
summary()
{
	awk -v c="$1" '{ printf "%.3f\n", ($c - $1) / 1000 }' "$3" | sort -n |
		awk -v name="$2" '
			{ v[NR] = $1 }
			END { if (NR) print name, v[int((NR + 1) / 2)], v[1], NR }'
}

for mode in $MODES; do
	fields "$dir/guest.$mode" | sed "s/^/$mode /"
	summary 2 "$mode power_on_to_command" "$dir/boot.$mode"
	summary 3 "$mode whole_run" "$dir/boot.$mode"
done >"$dir/all"
fields "$dir/host" | sed 's/^/host /' >>"$dir/all"

awk -v modes="$MODES" -v json="$out" -v release="$(uname -r)" -v cpus="$CPUS" \
	-v pin="${HOST_CPUS-}" '
FILENAME ~ /bounds$/ { bound[$1] = $2; next }
{
	med[$1, $2] = $3; min[$1, $2] = $4; n[$1, $2] = $5
	if (!($2 in seen)) { seen[$2] = 1; name[++names] = $2 }
}
END {
	m = split(modes, mode, " ")
	printf "%-22s %12s", "us, median", "host"
	for (k = 1; k <= m; k++) printf " %12s %8s", "guest " mode[k], "ratio"
	printf " %10s\n", "bound"
	printf "{\n \"host\": \"%s\",\n \"guest_cpus\": %d,\n \"pinned\": \"%s\",\n \"unit\": \"us\",\n \"results\": [", \
		release, cpus, pin >json
	for (i = 1; i <= names; i++) {
		w = name[i]; h = med["host", w]
		printf "%-22s %12s", w, (h == "" ? "-" : h)
		printf "%s\n  {\"name\": \"%s\"", (i > 1 ? "," : ""), w >json
		if (h != "") printf ", \"host\": {\"median\": %s, \"min\": %s, \"n\": %s}", h, min["host", w], n["host", w] >json
		for (k = 1; k <= m; k++) {
			g = med[mode[k], w]
			r = g != "" && h > 0 ? sprintf("%.1f", g / h) : "-"
			printf " %12s %8s", (g == "" ? "-" : g), r
			if (g == "") continue
			printf ", \"%s\": {\"median\": %s, \"min\": %s, \"n\": %s", mode[k], g, min[mode[k], w], n[mode[k], w] >json
			if (r != "-") printf ", \"ratio\": %s", r >json
			if (w in bound) printf ", \"within\": %s", (g <= bound[w] + 0 ? "true" : "false") >json
			printf "}" >json
		}
		over = ""
		for (k = 1; k <= m; k++)
			if (w in bound && med[mode[k], w] > bound[w] + 0) over = over " over:" mode[k]
		printf " %10s%s\n", (w in bound ? bound[w] : ""), over
		if (w in bound) printf ", \"bound\": %s", bound[w] >json
		printf "}" >json
	}
	printf "\n ]\n}\n" >json
	two["busy"] = 1.05; two["touch"] = 1.3
	for (k = 0; k <= m; k++) {
		s = k ? mode[k] : "host"
		for (w in two) {
			one = med[s, w "_one_thread"]
			if (one <= 0) continue
			r = med[s, w "_two_threads"] / one
			printf "%s: two threads take %.2f times one (%s), bound %s%s\n", w, r, s, two[w], \
				k && cpus > 1 && r > two[w] ? " over" : ""
		}
	}
}' "$dir/bounds" "$dir/all"
for mode in $MODES; do
	echo "What the guest's kernel counted per operation, mode $mode:"
	sed -n 's/.*"name": "\([^"]*\)".*"counters": {\([^}]*\)}.*/\1 \2/p' \
		"${out%.json}-guest-$mode.json" | tr -d '",:' |
		awk '{ $1 = sprintf("%-22s", $1); print }'
done
echo "written to $out" >&2
