#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# mtree:FILE, a manifest as mtree(5) has it, alone and over other sources.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir -p d/bin d/etc files/sub
echo -n data >d/bin/su && ln d/bin/su d/bin/sudo && echo -n old >d/etc/conf
ln -s x d/link
printf 'from files' >files/sub/one && chmod 640 files/sub/one
touch -d @1000000000.5 files/sub/one
truncate -s 1M files/holes && printf end >>files/holes

# One manifest with every form there is.
cat >files/spec <<'EOF'
#mtree v2.0
# a comment

/set type=file uid=0 gid=0 mode=0644 time=1700000000.000000005
.    type=dir mode=0711 uid=2
    bin type=dir mode=0755
        su mode=04755 uname=root gid=9
    ..
    new\040dir\134 type=dir \
        mode=u=rwx,g=rx
        h\303\251\377 contents=sub/one time=-5.250000000
        plain contents=./sub/one mode=0600 size=10
        # one that is not there
        gone contents=sub/gone optional
        nowhere optional
        down type=dir
        ..
    ..
    dev type=dir
        null type=char device=native,1,3 mode=0666
        sda type=block device=linux,0x8,1 uname=root gname=wheel
        tty type=char device=0x0404
        pipe type=fifo
        sock type=socket
        odd type=link link=a\040\134b mode=0600
        zero size=0 sha256=00 nlink=1
    ..
    etc nochange type=dir mode=0
        conf nochange mode=0
    ..
..
/unset mode time
/usr/lib/x contents=sub/one
./usr/lib/y contents=holes uid=4294967294
/set mode=0700
/unset all
usr/lib/sparse type=file contents=holes
usr/lib type=dir uid=77
EOF
build d mtree:files/spec -o t.img
build d files/spec -o u.img
assert_same_file t.img u.img
cat files/spec | build d mtree:- --contents-dir files -o u.img
assert_same_file t.img u.img

has t.img / 'Mode: +0711'
has t.img / '^User: +2 '
content t.img /bin/su data
has t.img /bin/su 'Mode: +04755'
has t.img /bin/su '^User: +0 +Group: +9 '
has t.img /bin/su 'mtime: 0x6553f100:00000014'
same_inode t.img /bin/su /bin/sudo
content t.img '/new dir\/plain' 'from files'
has t.img '/new dir\' 'Mode: +0750'
has t.img '/new dir\/plain' 'Mode: +0600'
has t.img '/new dir\/down' 'Type: directory'
content t.img "/new dir\\/hé$(printf '\377')" 'from files'
has t.img "/new dir\\/hé$(printf '\377')" 'mtime: 0xfffffffb:3b9aca00'
absent t.img '/new dir\/gone'
absent t.img '/new dir\/nowhere'
has t.img /dev/null 'Device major/minor number: 01:03'
has t.img /dev/sda 'Type: block'
has t.img /dev/sda 'number: 08:01'
has t.img /dev/tty 'number: 04:04'
has t.img /dev/pipe 'Type: FIFO'
has t.img /dev/sock 'Type: socket'
has t.img /dev/odd 'Fast link dest: "a .b"'
has t.img /dev/odd 'Mode: +0777'
has t.img /dev/zero 'Size: 0$'
content t.img /etc/conf old
has t.img /etc 'Mode: +0755'
content t.img /usr/lib/x 'from files'
has t.img /usr/lib/x 'Mode: +0640'
has t.img /usr/lib/x 'mtime: 0x3b9aca00:77359400'
has t.img /usr/lib '^User: +77 '
has t.img /usr/lib/y '^User: +(-2|4294967294) '
has t.img /usr/lib/sparse 'Blockcount: 8$'
in_image t.img 'dump /usr/lib/sparse sparse' && assert_same_file files/holes sparse

# options that are about owners and times go for manifests, too
SOURCE_DATE_EPOCH=500 build d mtree:files/spec --uidmap 77:78:1 \
	--exclude '/new*' -o u.img
has u.img /usr/lib '^User: +78 '
has u.img /bin/su 'mtime: 0x000001f4:0'
absent u.img '/new dir\'
content u.img /usr/lib/x 'from files'
build d mtree:files/spec --owner 5:6 -o u.img
has u.img /usr/lib '^User: +5 +Group: +6 '
has u.img /dev/sda '^User: +5 +Group: +6 '

# an ACL says what the mode says
mktar 'pax SCHILY.acl.access=user::rw-,user:5:rwx,group::r--,mask::rwx,other::r--' \
	'f acl' >acl.tar
printf 'acl type=file mode=0710\n' >spec
build acl.tar mtree:spec -o u.img
in_image u.img 'ea_get -f acl /acl system.posix_acl_access'
assert_eq "$(od -An -v -tx2 -j4 acl | tr -d '\n')" \
	"$(printf ' %s' 0001 0007 0000 0000 0002 0007 0005 0000 0004 0004 0000 0000 \
		0010 0001 0000 0000 0020 0000 0000 0000)" 'the ACL'

# over a directory of the same tree, a manifest of it changes nothing
mkdir -p same/a/b && seq 10000 >same/a/b/file && ln -s b same/a/link
chmod 751 same/a && touch -d @1600000000.25 same/a/b/file
spec_of()
{
	(cd "$1" && find . -printf '%p type=%y mode=%m uid=%U gid=%G time=%T@ link=%l size=%s contents=%p\n') |
		sed -E 's/type=d/type=dir/; s/type=l/type=link/; s/type=f/type=file/
			s/(time=[0-9]+\.[0-9]{9})[0-9]*/\1/; s/ link= / /
			/type=file/!s/ (size|contents)=[^ ]*//g'
}
spec_of same >whole.spec
build same -o a.img
build same mtree:whole.spec --contents-dir same -o b.img
assert_same_file a.img b.img
build mtree:whole.spec --contents-dir same -o b.img
capture "$IMGTOOL" diff a.img b.img
assert_status 0
build mtree:whole.spec --contents-dir same --spool -o b.img
build same --spool -o a.img
assert_same_file a.img b.img

# what cannot be kept is said
printf 'a type=file size=0 flags=uchg,nodump\nb type=file size=0 nlink=2\nc type=file size=0 nlink=2\nd type=dir flags=none nlink=3\n' >spec
capture "$IMGTOOL" build -q mtree:spec -o u.img
assert_status 0
capture "$IMGTOOL" build mtree:spec -o u.img
assert_status 0
assert_match '^imgtool: build: spec: warning: 1 entries have flags, like uchg,nodump, which are not kept$' err
assert_match 'warning: 2 entries are hard links, like b; a manifest does not say to what' err
fsck u.img

# bad LINE REGEX
bad()
{
	printf '%b' "$1" >bad
	refused 1 "bad: line 1: $2" d mtree:bad
}
bad '../x type=dir' 'name has a|../x: name has a'
bad '/a/../x type=dir' '/a/../x: name has a'
bad 'a\\057..\\057x type=dir' '.*name has a'
bad '..' '\.\.: there is no directory to leave'
bad "$(printf 'n%.0s' {1..256}) type=dir" '.*longer than 255'
bad 'x\\000y type=dir' 'x.*an escape that means'
bad 'x\\400 type=dir' '.*an escape'
bad 'x\\1 type=dir' '.*an escape'
bad 'x\\ type=dir' '.*an escape'
bad 'x type=door' 'type=door: not one of'
bad 'x type' 'type=: not one of'
bad '. type=file' '/: is a directory'
bad 'x type=file' 'x: there is no such file in the sources, and no contents='
bad 'link type=file' 'link: there is no such file'
bad 'x type=file contents=nowhere' 'contents=nowhere: there is no such file'
bad 'x type=link' 'x: is a symlink without'
bad 'x type=link link=' 'link=: not a symlink'
bad 'x type=char' 'x: is a device without'
for device in x native 'native,' native,1 'native,1,' native,a,1 native,1,2,3 odd,1,2 \
		native,4096,1 native,1,1048576 native,-1,1 1x 0xffffffffffffffff \
		99999999999999999999999; do
	bad "x type=char device=$device" "device=$device: "
done
for pair in mode=8 mode=77777 mode=u uid=-1 uid=x uid=4294967295 uid= gid=99999999999 \
		time=x time=1.2.3 time=1.1234567890 time=99999999999999999999 time=1. time=-; do
	bad "x type=dir $pair" "$pair: "
done
bad 'bin/su type=file size=5' 'bin/su: has 4 bytes, not size=5'
bad 'bin/su size=x' 'size=x: not a number'
bad 'x type=dir uname=no-such-user-here' 'uname=no-such-user-here: this host has no'
bad 'x type=dir gname=no-such-group-here' 'gname=.*: this host has no'
bad 'x type=dir colour=red' 'colour=red: not a keyword'
bad '/set colour=red' 'colour=red: not a keyword'
bad '/unset colour' 'colour: not a keyword'
bad 'x\0y' 'has a NUL'
bad "x type=dir $(head -c 70000 /dev/zero | tr '\0' x)" 'is longer than 64 KiB'
refused 1 'd: line 1: cannot be read' mtree:d
refused 1 'nowhere: cannot be opened' mtree:nowhere

# contents= never leads out of the folder of the manifest, however it tries
mkdir jail outside && echo secret >outside/secret && mkdir jail/dir
echo inside >jail/file && ln -s ../outside jail/out && ln -s ../file jail/dir/in
ln -s "$WORK/outside/secret" jail/abs
for path in ../outside/secret out/secret abs "$WORK/outside/secret" dir/../../outside/secret \
		/etc/passwd ''; do
	echo "x type=file contents=$path" >jail/spec
	rm -f no.img
	capture "$IMGTOOL" build -q mtree:jail/spec -o no.img
	assert_plain_error 1 "$path"
	[ ! -e no.img ] || fail "contents=$path was taken"
done
for path in file "$WORK/jail/file" dir/in; do
	echo "x type=file contents=$path" >jail/spec
	build mtree:jail/spec -o u.img
	content u.img /x inside
done
echo "x type=file contents=$WORK/outside/secret" >jail/spec
build mtree:jail/spec --contents-dir / -o u.img
content u.img /x secret
mkfifo jail/pipe
echo 'x type=file contents=pipe' >jail/spec
refused 1 'pipe: is not a regular file' mtree:jail/spec

# any byte changed gives an image or one line, never more, never a crash
size=$(stat -c %s files/spec)
for ((i = 0; i < ${FUZZ_ROUNDS:-60}; i++)); do
	cp files/spec files/mutant
	mutate $((i + 1)) 3 0 "$size" files/mutant
	capture "$IMGTOOL" build -q --dry-run d mtree:files/mutant
	[ "$status" -le 1 ] || { show; fail "round $i: status $status"; }
done
