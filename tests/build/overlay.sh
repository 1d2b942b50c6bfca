#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernel/overlay: what it replaces, what it keeps, what it copies again.
. "$TEST_LIB/common.sh"

# A checkout and a Linux tree, as small as they can be.
mkdir -p top/kernel/arch/um/kernel top/hostfs top/ubd/host \
	tree/arch/{x86,um/drivers/ubd} tree/fs/hostfs foreign
cp "$UMKIT_SRC/kernel/overlay" top/kernel/
touch tree/Kbuild
echo theirs >tree/arch/um/drivers/old.c
echo theirs >foreign/shared.c
ln -s "$PWD/foreign/shared.c" tree/arch/um/kernel.c
ln -s "$PWD/foreign" tree/arch/um/linked
echo theirs >tree/fs/hostfs/hostfs.c
echo process >top/kernel/arch/um/kernel/process.c
echo kernel >top/kernel/arch/um/kernel.c
printf '#!/bin/sh\n' >top/kernel/arch/um/script
chmod +x top/kernel/arch/um/script
echo ubd >top/ubd/host/ubd.c
echo hostfs >top/hostfs/Makefile
touch top/ubd/x.orig top/ubd/.x.swp top/ubd/x~

overlay() { top/kernel/overlay --stamp="$PWD/stamp" tree; }
list() { (cd tree && find . ! -type d | LC_ALL=C sort | tr '\n' ' '); }
expected='./Kbuild ./arch/um/drivers/ubd/host/ubd.c ./arch/um/kernel.c ./arch/um/kernel/process.c ./arch/um/script ./fs/hostfs/Makefile '

overlay
assert_eq "$(list)" "$expected" 'the tree'
assert_eq "$(cat foreign/shared.c)" theirs 'the file behind a link'
[ -x tree/arch/um/script ] || fail 'the script lost its execute bit'
[ ! -e tree/arch/um/linked ] || fail 'a link to a folder was kept'

# Nothing changed: nothing is touched.
touch -d @1000 stamp tree/arch/um/kernel/process.c tree/arch/um/kernel.c
overlay
assert_eq "$(stat -c %Y stamp)" 1000 'time of the stamp'

# A touched file is not a changed one; a changed one is new even when the
# original has an old time.
touch top/kernel/arch/um/kernel.c
echo changed >top/kernel/arch/um/kernel/process.c
touch -d @500 top/kernel/arch/um/kernel/process.c
overlay
assert_eq "$(stat -c %Y tree/arch/um/kernel.c)" 1000 'time of the touched file'
[ tree/arch/um/kernel/process.c -nt tree/arch/um/kernel.c ] ||
	fail 'the changed file is not new'
assert_eq "$(cat tree/arch/um/kernel/process.c)" changed 'the changed file'
[ "$(stat -c %Y stamp)" -gt 1000 ] || fail 'the stamp was not touched'

# A removed file goes, and its folder; a file takes the place of a folder.
rm -r top/kernel/arch/um/kernel
echo file >top/kernel/arch/um/kernel
touch -d @1000 stamp
overlay
assert_eq "$(cat tree/arch/um/kernel)" file 'the file in place of a folder'
[ "$(stat -c %Y stamp)" -gt 1000 ] || fail 'the stamp was not touched'

# Without ubd, nothing of it stays.
rm -r top/ubd
overlay
[ ! -e tree/arch/um/drivers ] || fail 'ubd was kept'

rm -r tree/arch/x86
capture overlay
assert_plain_error 1 '^overlay: tree: not a Linux tree'
