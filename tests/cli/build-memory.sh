#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Memory: a million files stay under 200 MB; here the peak of 40,000, as the
# kernel counted it.
. "$UMKIT_SRC/tests/cli/cli.sh"
need_cmd python3

if grep -qs '__asan_init' "$(command -v "$IMGTOOL")" ||
	[ -n "${ASAN_OPTIONS-}" ]; then
	skip "AddressSanitizer keeps memory of its own"
fi

# peak SOURCE: kilobytes of a dry run
peak()
{
	python3 - "$IMGTOOL" "$1" <<-'EOF'
	import resource, subprocess, sys
	subprocess.run([sys.argv[1], "build", "--dry-run", sys.argv[2]],
	               check=True, stdout=subprocess.DEVNULL)
	print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
	EOF
}

# a block in each file
python3 - <<'EOF'
import os
for d in range(40):
    os.makedirs("d/dir%d" % d)
    for i in range(1000):
        with open("d/dir%d/file%06d.txt" % (d, i), "w") as f:
            f.write("x")
EOF
tar cf d.tar d
for source in d d.tar; do
	peak=$(peak "$source")
	echo "$source: $peak KiB"
	# 200 MB over a million, and 10 for the program
	[ "$peak" -le $(((10000000 + 40000 * 190) / 1024)) ] ||
		fail "$source: 40,000 files take $peak KiB"
done
