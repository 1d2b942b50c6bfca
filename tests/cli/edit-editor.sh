#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# edit: $EDITOR on a copy.
. "$UMKIT_SRC/tests/cli/edit.sh"

make_image ext4 t.img 16M
printf 'one\ntwo\n' >text
edit cp text t.img:/text
edit chmod 640 t.img:/text
edit chown 5:6 t.img:/text
edit ln -s text t.img:/link

unset VISUAL
export EDITOR="sed -i -e s/two/three/"
edit edit t.img:/link
content t.img /text 'one
three'
has t.img /text 'Mode: *0640'
has t.img /text 'User: *5 *Group: *6'
has t.img /link 'Type: symlink'
clean t.img

# nothing changed, nothing written
cp t.img same.img
EDITOR=true edit edit t.img:/text
VISUAL=true EDITOR=false edit edit t.img:/text
cmp t.img same.img || fail "written without a change"
export EDITOR='sh -c "echo lost >\$0; exit 3"'
not_edited 1 'sh -c .*: the editor failed' edit t.img:/text
cmp t.img same.img || fail "written though the editor failed"

# a new file; names that mean something to a shell
export EDITOR='sh -c "echo new >\$0"'
# shellcheck disable=SC2016
edit edit 't.img:/$(touch x) `y`;"'
assert_eq "$("$IMGTOOL" cat 't.img:/$(touch x) `y`;"')" new
[ ! -e x ] || fail "a name was run"
has t.img /lost+found 'Type: directory'
edit edit t.img:/n
has t.img /n 'Mode: *0644'
clean t.img

# what was written is not lost
export EDITOR='sh -c "head -c 20000000 /dev/zero | tr \\\\0 x >\$0"'
capture "$IMGTOOL" edit t.img:/text
assert_status 1
assert_match 'no space left in the image' err
assert_match '/text: is what you wrote' err
file=$(sed -n 's/^imgtool: edit: \(.*\): is what you wrote.*/\1/p' err)
assert_eq "$(stat -c %s "$file")" 20000000
rm -r "${file%/*}"
content t.img /text 'one
three'
clean t.img
not_edited 1 't.img:/lost.found: Is a directory' edit t.img:/lost+found
not_edited 2 '' edit
