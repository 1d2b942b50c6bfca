#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# hostfs: the host's git, sqlite3, make and gcc, on a directory of the host; what
# they leave is looked at by the same programs on the host.
. "$UMKIT_SRC/tests/boot/hostfs-lib.sh"

need_cmd git sqlite3 make gcc setfattr
CPUS=2
MEM=512M
# of the long run: HOSTFS_COMMITS=2000
commits=${HOSTFS_COMMITS:-100}
export GIT_CONFIG_NOSYSTEM=1

# stream: a history for git fast-import: 10 files and up to 5 folders a commit
stream()
{
	awk -v n="$commits" 'BEGIN {
		for (i = 1; i <= n; i++) {
			text = "commit " i "\n"
			printf "commit refs/heads/main\ncommitter a <a@b> %d +0000\n", 1700000000 + i
			printf "data %d\n%s", length(text), text
			for (j = 0; j < 10; j++) {
				k = (i * 7 + j * 13) % 997
				text = ""
				for (l = 0; l < 40 + j; l++)
					text = text "line " l " of file " k " in commit " (l % 5 ? 1 : i) "\n"
				printf "M %s inline d%d/e%d/f%d\n", j ? "100644" : "100755", k % 5, k % 23, k
				printf "data %d\n%s\n", length(text), text
			}
		}
		print "done"
	}'
}
git init -q --bare -b main given.git
stream | git -C given.git fast-import --quiet --done
# the same with each object a file of its own
git init -q --bare -b main loose.git
git -C given.git pack-objects -q --all --stdout </dev/null |
	git -C loose.git unpack-objects -q
git -C loose.git update-ref refs/heads/main "$(git -C given.git rev-parse main)"
[ "$(git -C loose.git count-objects | cut -d' ' -f1)" -gt 1500 ] ||
	fail "too few objects"

# shellcheck disable=SC2016
git_script='
git config --global safe.directory "*"
git config --global gc.auto 0	# none beside ours, in the long run
git clone -q "file://$HERE/given.git" far
cp -r "$HERE/loose.git" loose.git
git clone -q loose.git near
for repo in far near; do
	git -C $repo fsck --full --strict --no-progress
	[ -z "$(git -C $repo status --porcelain)" ]
done
[ "$(stat -c %h $(find near/.git/objects -type f -print -quit))" = 2 ]
cd near
echo more >more
git add more
git commit -q -m more
git mv more other
git commit -q -m other
git checkout -q -b side HEAD~50
git checkout -q main
git gc -q --prune=now
git fsck --full --strict --no-progress
[ "$(git count-objects | cut -d" " -f1)" = 0 ]
[ -z "$(git status --porcelain)" ]
cd ..
git clone -q --no-hardlinks near last
diff -r --exclude=.git near last
'

# Two at a time add rows, in transactions of their own and larger ones; with a
# rollback journal, then with a log and its shared memory.
# shellcheck disable=SC2016
sqlite_script='
add()
{
	for i in $(seq 50); do
		echo "BEGIN IMMEDIATE; INSERT INTO t VALUES($1, $i); UPDATE n SET n = n + 1; COMMIT;"
	done | sqlite3 -bail -cmd ".timeout 100000" "$2"
}
for mode in delete wal; do
	sqlite3 $mode.db "PRAGMA journal_mode = $mode;
		CREATE TABLE t(who, i); CREATE TABLE n(n); INSERT INTO n VALUES(0);" >/dev/null
	add 1 $mode.db & one=$!
	add 2 $mode.db & two=$!
	for i in $(seq 20); do
		sqlite3 -cmd ".timeout 100000" $mode.db "SELECT (SELECT count(*) FROM t) - n FROM n;"
	done | sort -u >$mode.seen
	wait $one; wait $two
	[ "$(cat $mode.seen)" = 0 ]
	# a writer that does not wait is refused
	exec 4> >(sqlite3 $mode.db >/tmp/held.$mode)
	holder=$!
	echo "BEGIN IMMEDIATE; SELECT \"held\";" >&4
	until grep -qs held /tmp/held.$mode; do sleep 0.1; done
	! sqlite3 -bail $mode.db "BEGIN IMMEDIATE;" 2>/tmp/refused || exit 2
	grep -q "database is locked" /tmp/refused
	[ $mode != wal ] || [ -e wal.db-shm ]
	exec 4>&-
	wait $holder
done
'

# shellcheck disable=SC2016
make_script='
mkdir project
cd project
calls=
for i in $(seq 50); do
	printf "#include \"all.h\"\nint f%d(int n)\n{\n\treturn n + %d;\n}\n" $i $i >f$i.c
	echo "int f$i(int n);"
	calls="$calls n = f$i(n);"
done >all.h
printf "#include \"all.h\"\n#include <stdio.h>\nint main(void)\n{\n\tint n = 0;\n\t%s\n\tprintf(\"%%d\\\\n\", n);\n\treturn 0;\n}\n" "$calls" >main.c
cat >Makefile <<END
objects = main.o \$(patsubst %,f%.o,\$(shell seq 50))
program: \$(objects)
	gcc -o \$@ \$^
%.o: %.c all.h
	gcc -g -c -o \$@ \$<
END
make -s -j4
[ "$(./program)" = 1275 ]
make -q
touch f7.c
[ "$(make | grep -c -e " -c ")" = 1 ]
[ "$(./program)" = 1275 ]
'

check()
{
	local dir=$1 mode git=(git -c safe.directory='*')
	for repo in far near last; do
		"${git[@]}" -C "$dir/$repo" fsck --full --strict --no-progress
	done
	assert_eq "$("${git[@]}" -C "$dir/far" rev-parse HEAD)" \
		"$(git -C given.git rev-parse main)"
	assert_eq "$("${git[@]}" -C "$dir/near" rev-parse main~2)" \
		"$(git -C given.git rev-parse main)"
	for mode in delete wal; do
		assert_eq "$(sqlite3 "$dir/$mode.db" 'PRAGMA integrity_check;
			SELECT n FROM n; SELECT count(*), sum(i) FROM t;')" \
			"ok
100
100|2550" "$mode.db"
	done
	assert_eq "$("$dir/project/program")" 1275
}

on_each "$git_script cd /mnt; $sqlite_script cd /mnt; $make_script" check
