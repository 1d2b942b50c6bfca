#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# table:FILE, a genext2fs device table over other sources.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir -p d/bin && echo -n data >d/bin/su && ln -s x d/link
cat >dev <<'END'
# name type mode uid gid major minor start inc count
/dev	d	755	0	0	-	-	-	-	-
/dev/null	c	666	0	0	1	3	0	0	-
/dev/hda	b	640	1	6	3	1	1	2	3

/dev/pipe p 600 7 8
/bin/su f 4755 0 9 - - - - -
/	d	711	2	3
END
build d table:dev -o t.img
has t.img /dev/null 'Device major/minor number: 01:03'
has t.img /dev/hda1 'Device major/minor number: 03:01'
has t.img /dev/hda3 'Device major/minor number: 03:05'
has t.img /dev/hda3 '^User: +1 +Group: +6 '
absent t.img /dev/hda4
has t.img /dev/pipe 'Type: FIFO'
content t.img /bin/su data
has t.img /bin/su 'Mode: +04755'
has t.img /bin/su '^User: +0 +Group: +9 '
has t.img / 'Mode: +0711'
build d table:dev -o u.img
assert_same_file t.img u.img
# bad LINE REGEX
bad()
{
	echo "$1" >bad
	refused 1 "bad: line 1: $2" d table:bad
}
bad '/nowhere f 644 0 0' 'there is no such file'
bad '/link f 644 0 0' 'there is no such file'
bad '/ c 644 0 0 1 1' 'there is no such file'
bad '/x' 'the type'
bad '/x q 644 0 0' 'the type'
bad '/x c 999 0 0 1 1' 'not NAME'
bad '/x c 644 0' 'not NAME'
bad '/x c 644 0 0 4096 1' 'device number'
bad '/x c 644 0 0 1 1048575 0 1 2' 'device number'
bad '/x c 644 0 0 1 1 0 1 99999999' 'its mode or count'
bad '/../x d 644 0 0' 'name has a'
bad '/x d 644 0 0 1 1 1 1 1 1' 'has more than ten'
