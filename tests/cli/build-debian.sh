#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# --from-debian: how mmdebstrap is called, and what its failures become. A
# script stands in for it; with DEBIAN_SUITE=bookworm a real one is tried, too,
# which needs a mirror.
. "$UMKIT_SRC/tests/cli/cli.sh"

mkdir bin d && echo over >d/over
mktar 'd etc' 'f etc/debian_version 12' 'f over under' >debian.tar
export FAKE=$WORK
cat >bin/mmdebstrap <<'END2'
#!/bin/sh
printf '%s\n' "$@" >"$FAKE/args"
[ ! -t 0 ] && read -r line && echo "standard input: $line" >>"$FAKE/args"
. "$FAKE/script"
END2
chmod +x bin/mmdebstrap
real=$PATH
PATH=$WORK/bin:$PATH

echo '# as it should be'
echo 'cat "$FAKE/debian.tar"' >script
echo typed | build --from-debian bookworm -o t.img
content t.img /etc/debian_version 12
assert_eq "$(cat args)" '--quiet
--format=tar
--variant=minbase
bookworm
-' arguments
build --from-debian bookworm d --hostname box -o t.img
content t.img /over over
content t.img /etc/hostname box
build debian.tar d --hostname box -o u.img
assert_same_file t.img u.img
build --from-debian trixie --variant apt --include a,b --include=c \
	--mirror http://one.example/debian --mirror 'deb http://two.example/ x main' -o t.img
assert_eq "$(cat args)" '--quiet
--format=tar
--variant=apt
--include=a,b
--include=c
trixie
-
http://one.example/debian
deb http://two.example/ x main' arguments
# what it writes behind the archive does not stop it, as with a file
echo 'cat "$FAKE/debian.tar"; head -c 3000000 /dev/zero' >script
build --from-debian bookworm -o t.img
content t.img /etc/debian_version 12
capture "$IMGTOOL" build --dry-run --from-debian bookworm
assert_status 0
assert_match '^image: [0-9]+ bytes: '

echo '# failures'
# fails SCRIPT REGEX: one line of ours, and an old image stays
fails()
{
	echo "$1" >script
	echo old >old.img
	capture "$IMGTOOL" build -q --from-debian bookworm -o old.img
	assert_plain_error 1 "^imgtool: build: $2"
	assert_eq "$(cat old.img)" old
	assert_eq "$(find . -maxdepth 1 -name '.old*')" '' 'files left'
}
fails 'exit 25' 'mmdebstrap: failed with status 25; nothing was made'
fails 'cat "$FAKE/debian.tar"; exit 25' 'mmdebstrap: failed with status 25'
fails 'head -c 1000 "$FAKE/debian.tar"; exit 2' 'mmdebstrap: failed with status 2'
fails 'head -c 700 "$FAKE/debian.tar"' 'mmdebstrap.*(cut off|damaged)'
fails 'kill -9 $$' 'mmdebstrap: was ended by signal 9'
fails 'cat "$FAKE/debian.tar"; kill -9 $$' 'mmdebstrap: was ended by signal 9'
fails ':' 'mmdebstrap: is empty'
fails 'echo no archive' 'mmdebstrap: the archive is damaged or of an unknown kind'
# what it says itself stands before that
echo 'echo "E: no mirror" >&2; exit 1' >script
capture "$IMGTOOL" build -q --from-debian bookworm -o no.img
assert_status 1
assert_eq "$(head -n 1 err)" 'E: no mirror'
assert_match '^imgtool: build: mmdebstrap: failed with status 1' err
# one that we do not wait for to the end is ended, and gone before we are
mktar 'f ../x' >bad.tar
cat >script <<'END2'
trap 'echo ended >"$FAKE/ended"; exit 1' TERM
cat "$FAKE/bad.tar"
head -c 300000 /dev/zero
echo started >"$FAKE/started"
while :; do sleep 0.1; done
END2
capture "$IMGTOOL" build -q --from-debian bookworm -o no.img
assert_plain_error 1 'mmdebstrap: ../x: name has a ".."'
[ ! -e no.img ] || fail "half an image"

rm bin/mmdebstrap
mkdir few && for cmd in ls sh; do ln -s "$(command -v $cmd)" few/; done
tool=$(command -v "$IMGTOOL")
PATH=$WORK/few capture "$tool" build -q --from-debian bookworm -o no.img
assert_plain_error 1 '^imgtool: build: mmdebstrap: is not installed; apt-get install mmdebstrap$'
for suite in '' -x 'a b' 'a;b'; do
	refused 2 ".*: not a suite|: not a suite" --from-debian "$suite"
done
refused 2 'x: not a variant' --from-debian bookworm --variant x
refused 2 '--x: not a mirror' --from-debian bookworm --mirror --x
refused 2 ': not names' --from-debian bookworm --include ''
for option in variant=apt include=x mirror=x; do
	refused 2 '--variant, --include and --mirror are for' d --$option
done

if [ "${DEBIAN_SUITE-}" ]; then
	PATH=$real
	need_cmd mmdebstrap
	build --from-debian "$DEBIAN_SUITE" --variant apt -o t.img
	in_image t.img 'cat /etc/debian_version'
	has t.img /usr/bin/apt-get 'Type: regular'
fi
