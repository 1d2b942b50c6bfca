#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ./quickstart with stand-ins for apt, the build and imgtool: which packages
# it asks for, when it does not, what it says, and whose status it returns.
. "$TEST_LIB/common.sh"

mkdir -p bin top/build-aux
export FAKE=$WORK PATH=$WORK/bin:$PATH
unset CI UMKIT_BUILD UMKIT_CONFIGURE

script() { cat >"$1"; chmod +x "$1"; }
script bin/id <<'END'
#!/bin/sh
case $1 in -u) cat "$FAKE/uid" ;; *) echo someone ;; esac
END
script bin/dpkg-query <<'END'
#!/bin/sh
cat "$FAKE/installed"
END
script bin/apt-get <<'END'
#!/bin/bash
echo "$*" >>"$FAKE/apt"
[ ! -e "$FAKE/apt-fails" ] || { echo "E: no network"; exit 100; }
[ "$1" = install ] || exit 0
for package; do echo "installed $package"; done >>"$FAKE/installed"
END
script bin/sudo <<'END'
#!/bin/sh
echo sudo >>"$FAKE/apt"
exec "$@"
END
cp "$UMKIT_SRC/quickstart" top/
touch top/configure.ac top/Makefile.am
script top/autogen.sh <<'END'
#!/bin/bash
cat >configure <<'CONFIGURE'
#!/bin/bash
echo "configure $*" >>"$FAKE/steps"
cat >Makefile <<'MAKEFILE'
%:
	@echo "make $@" >>$(FAKE)/steps; test ! -e $(FAKE)/make-fails || { echo the reason; false; }
MAKEFILE
cat >run <<'RUN'
#!/bin/bash
echo "run $1 $2 ${3##*/}" >>"$FAKE/steps"
exit "$(cat "$FAKE/status")"
RUN
chmod +x run
CONFIGURE
chmod +x configure
END

echo 0 >uid
echo 0 >status
echo 'installed gcc' >installed
echo 'installed make-guile' >>installed
echo 'config-files flex' >>installed

capture top/quickstart
assert_status 0
assert_match '^update$' apt
assert_match '^install -y --no-install-recommends .*\bflex\b.* linux-source-6.12' apt
assert_match '\bmake\b' apt
assert_no_match '\bgcc\b' apt
assert_eq "$(cat steps)" $'configure \nmake all\nmake rootfs/busybox.img\nrun imgtool run busybox.img' steps

# Again: no packages, no configure; the guest's status is ours.
rm apt steps
echo 7 >status
capture top/quickstart
assert_status 7
[ ! -e apt ] || fail 'apt-get was called again'
assert_eq "$(cat steps)" $'make all\nmake rootfs/busybox.img\nrun imgtool run busybox.img' steps
assert_match 'status 7' err
echo 0 >status

rm steps
capture top/quickstart debian
assert_status 0
assert_match '^install .* mmdebstrap$' apt
assert_match '^run imgtool run debian.img$' steps

rm steps
CI=true capture top/quickstart check
assert_status 0
assert_match '^configure --enable-werror$' steps
assert_match '^make check$' steps

# An ordinary user with everything there, with sudo, and without.
echo 1000 >uid
rm apt
capture top/quickstart
assert_status 0
[ ! -e apt ] || fail 'apt-get was called'
sed -i '/bison/d' installed
capture top/quickstart
assert_status 0
assert_match '^sudo$' apt
assert_match '^install .* bison$' apt
sed -i '/bison/d' installed
mkdir nosudo
for cmd in $(compgen -c | sort -u); do
	path=$(type -P "$cmd") || continue
	case $cmd in sudo | */*) ;; *) ln -sf "$path" "nosudo/$cmd" ;; esac
done
PATH=$WORK/nosudo capture top/quickstart
assert_plain_error 1 '^quickstart: packages: bison: not installed; as root, run: apt-get install bison$'

# Failures: plain, with the reason.
echo 0 >uid
touch apt-fails
capture top/quickstart
assert_status 1
assert_match '^E: no network$' err
assert_match '^quickstart: packages: ' err
rm apt-fails
touch make-fails
capture top/quickstart
assert_status 1
assert_match '^the reason$' err
assert_match '^quickstart: make all; the whole output is in ' err
rm make-fails

exec 8>top/build/quickstart.lock
flock 8
capture top/quickstart
assert_plain_error 1 '^quickstart: .*: another quickstart is at work'
exec 8>&-


for arg in --help help; do
	capture top/quickstart $arg
	assert_status 0
	assert_match '^Usage: '
done
capture top/quickstart nonsense
assert_status 2
