#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# chmod, chown, touch, truncate, setfattr.
. "$UMKIT_SRC/tests/cli/edit.sh"

for kind in "${KINDS[@]}"; do
	echo "$kind"
	make_image "$kind" t.img
	edit mkdir t.img:/d t.img:/d/e
	edit touch t.img:/d/f
	edit ln -s f t.img:/d/link

	edit chmod 4711 t.img:/d/link
	has t.img /d/f 'Mode: *04711'
	edit chmod -R u+rwX,g=u,o-x+t t.img:/d
	has t.img /d/f 'Mode: *05770'
	has t.img /d/e 'Mode: *01774'
	has t.img /d/link 'Mode: *0777'
	edit chown 70000:80000 t.img:/d/f
	has t.img /d/f 'User: *70000 *Group: *80000'
	has t.img /d/f 'Mode: *01770'
	edit chown -R :5 t.img:/d
	has t.img /d/f 'User: *70000 *Group: *5'
	has t.img /d/link 'User: *0 *Group: *5'

	edit truncate --size 1M t.img:/d/f t.img:/d/new
	edit truncate -s -1 t.img:/d/f
	edit truncate -s 4K t.img:/d/f
	has t.img /d/f 'Size: 4096'
	edit truncate -s +3G t.img:/d/new
	assert_match '"size":3222274048,' <("$IMGTOOL" stat --json t.img:/d/new)
	edit setfattr -n user.one -v hello t.img:/d/f
	edit setfattr -n user.two -v 0x00ff10 t.img:/d/f
	edit setfattr -n security.three -v 0sAAEC t.img:/d/e
	edit setfattr -n trusted.big -v "$(printf 'b%.0s' {1..600})" t.img:/d/f
	edit setfattr -n user.one -v other t.img:/d/f
	edit setfattr --no-dereference -n trusted.l -v x t.img:/d/link
	clean t.img
	"$IMGTOOL" stat t.img:/d/f >found
	assert_match 'xattr: user.one=other$' found
	assert_match 'xattr: trusted.big=b{600}$' found
	"$IMGTOOL" stat --json t.img:/d/f t.img:/d/e t.img:/d/link >found
	assert_match '"name":"user.two","hex":"00ff10"' found
	assert_match '"name":"security.three","hex":"000102"' found
	assert_match '"name":"trusted.l","hex":"78"' found
	edit setfattr -x user.two t.img:/d/f
	not_edited 1 't.img:/d/f: no such attribute' setfattr -x user.two t.img:/d/f
	clean t.img
	edit rm -r t.img:/d
	clean t.img
done

# file systems that other tools made without the feature, or with none at all
for options in '-O none' '-r 0'; do
	rm -f old.img
	# shellcheck disable=SC2086
	mke2fs -q -F -t ext2 $options old.img 4M >mke2fs.out 2>&1
	edit touch old.img:/f
	not_edited 1 'old.img:/f: no such attribute' setfattr -x user.one old.img:/f
	edit setfattr -n user.one -v hello old.img:/f
	"$IMGTOOL" stat old.img:/f >found
	assert_match 'xattr: user.one=hello$' found
	fsck old.img
done

# an ACL in the form of getxattr(2) comes back in that form
make_image ext4 t.img
edit touch t.img:/f
acl=0200000001000600ffffffff0200040088130000040004 #
acl=${acl}00ffffffff10000400ffffffff20000400ffffffff
edit setfattr -n system.posix_acl_access -v "0x$acl" t.img:/f
"$IMGTOOL" stat --json t.img:/f >found
assert_match "\"name\":\"system.posix_acl_access\",\"hex\":\"$acl\"" found

# what is made in a directory with a default ACL inherits it, with the mode that
# it has by the verb: as a guest does it by its own kernel
# acl OWNER GROUP OTHER: of a user who may read and write, a group who may all
acl()
{
	printf '0200000001000%d00ffffffff0200060088130000' "$1"
	printf '04000500ffffffff10000%d00ffffffff20000%d00ffffffff' "$2" "$3"
}
edit mkdir t.img:/default
edit setfattr -n system.posix_acl_default -v "0x$(acl 7 7 5)" t.img:/default
edit mkdir t.img:/default/dir
edit touch t.img:/default/dir/file
mkdir -p tree/sub
echo x >tree/sub/f
chmod 755 tree/sub
chmod 640 tree/sub/f
"$IMGTOOL" cp -r tree t.img:/default/tree
# inherited PATH ACCESS DEFAULT
inherited()
{
	"$IMGTOOL" stat --json "t.img:$1" >found
	assert_match "posix_acl_access\",\"hex\":\"$2\"" found
	if [ -n "$3" ]; then
		assert_match "posix_acl_default\",\"hex\":\"$3\"" found
	else
		! grep -q posix_acl_default found || fail "$1: a default ACL"
	fi
}
inherited /default/dir "$(acl 7 5 5)" "$(acl 7 7 5)"
inherited /default/dir/file "$(acl 6 4 4)" ''
inherited /default/tree/sub "$(acl 7 5 5)" "$(acl 7 7 5)"
inherited /default/tree/sub/f "$(acl 6 4 0)" ''
edit ln -s dir t.img:/default/link
! "$IMGTOOL" stat --json t.img:/default/link | grep -q acl || fail "a symlink's ACL"
clean t.img

# names from the image's own files
edit mkdir t.img:/etc
printf 'root:x:0:0:::\nme:x:1234:99:::\n' >passwd
debugfs -w -R 'write passwd etc/passwd' t.img >/dev/null 2>&1
printf 'them:x:4321:\n' >group
debugfs -w -R 'write group etc/group' t.img >/dev/null 2>&1
edit chown me:them t.img:/f
has t.img /f 'User: *1234 *Group: *4321'

# times, to the nanosecond
edit touch -d @-1.25 t.img:/f
edit touch -a -d '2040-01-02T03:04:05.123456789+01:30' t.img:/f
"$IMGTOOL" stat t.img:/f >found
assert_match 'modified: 1969-12-31T23:59:58.750000000Z' found
assert_match 'accessed: 2040-01-02T01:34:05.123456789Z' found
edit touch -m -d '2024-02-29' t.img:/f
assert_match 'modified: 2024-02-29T00:00:00.000000000Z' <("$IMGTOOL" stat t.img:/f)
export SOURCE_DATE_EPOCH=1000000000
edit touch t.img:/epoch
unset SOURCE_DATE_EPOCH
"$IMGTOOL" stat t.img:/epoch >found
assert_eq "$(grep -c 2001-09-09T01:46:40.000000000Z found)" 4 "times of SOURCE_DATE_EPOCH"
edit touch -c t.img:/none
absent t.img /none
make_image "ext2 -I 128" small.img
edit touch -d @9999999999 small.img:/f
assert_match 'modified: 2038-01-19T03:14:07' <("$IMGTOOL" stat small.img:/f)
clean small.img
clean t.img

# refused
# (the superblock has the second of the last change in it)
debugfs -w -R 'ssv wtime 1000' t.img >/dev/null 2>&1
cp t.img same.img
not_edited 2 'u=q: is no mode' chmod u=q t.img:/f
not_edited 2 '77777: is no mode' chmod 77777 t.img:/f
not_edited 1 'nobody-here: is neither a number' chown nobody-here t.img:/f
not_edited 1 '4294967295: is neither' chown 4294967295 t.img:/f
not_edited 2 'yesterday: is no time' touch -d yesterday t.img:/f
not_edited 2 'x: is no size' truncate -s x t.img:/f
not_edited 1 't.img:/etc: Is a directory' truncate -s 0 t.img:/etc
not_edited 1 't.img:/none: no such file' chmod 644 t.img:/none
not_edited 2 'foo.bar: is no name' setfattr -n foo.bar -v x t.img:/f
not_edited 2 'system.data: is no name' setfattr -x system.data t.img:/f
not_edited 2 '0xabc: is no value' setfattr -n user.a -v 0xabc t.img:/f
cmp t.img same.img || fail "a refused edit changed the image"

# refused only after the marking: sound all the same
not_edited 1 't.img:/f: .*do not fit' setfattr -n user.a -v "$(printf 'b%.0s' {1..5000})" t.img:/f
not_edited 1 't.img:/f: is larger than a file can be' truncate -s 1P t.img:/f
clean t.img
debugfs -w -R 'set_inode_field f flags 0x80010' t.img >/dev/null 2>&1
not_edited 1 't.img:/f: is immutable' chmod 600 t.img:/f
