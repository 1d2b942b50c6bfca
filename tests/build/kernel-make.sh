#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The make rules around the kernel's build, on a stand-in for the Linux tree
# that only notes what it was asked for: when it is entered, when it is not,
# what ends up where.
. "$TEST_LIB/common.sh"
need_cmd autoreconf pkg-config flex bison bc perl xz depmod

(cd "$UMKIT_SRC" && tar -c --exclude=./build --exclude=.git \
	--exclude='*.img' --exclude=./kernel/tree --exclude=./kernel/obj \
	--exclude=./kernel/linux --exclude=./Makefile --exclude=./config.status \
	.) | (mkdir src && tar -x -C src)
[ -x src/configure ] || fail 'no configure in the source'

mkdir -p linux/arch/{x86,um} linux/fs/hostfs linux/include
touch linux/Kbuild
cat >linux/Makefile <<'END'
VERSION = 6
PATCHLEVEL = 12
SUBLEVEL = 99

ifneq ($(O),)
$(MAKECMDGOALS):
	@$(MAKE) -C $(O) -f $(CURDIR)/Makefile SRC=$(CURDIR) O= $@
else
%_defconfig:
	@echo $@ >>log
	cp $(SRC)/arch/um/configs/$@ .config
all:
	@test "$(ARCH)" = um || { echo "ARCH=$(ARCH)"; exit 1; }
	@echo all $(origin OVERRIDE) >>log
	@mkdir -p include/config
	@echo 6.12.99 >include/config/kernel.release
	@{ echo '#!/bin/sh'; echo echo kernel; } >linux && chmod +x linux
modules_install:
	@echo modules >>log
	@mkdir -p $(INSTALL_MOD_PATH)/lib/modules/6.12.99/kernel
	@touch $(INSTALL_MOD_PATH)/lib/modules/6.12.99/kernel/x.ko
	@ln -s $(CURDIR) $(INSTALL_MOD_PATH)/lib/modules/6.12.99/build
endif
END

mkdir build
cd build
../src/configure --disable-imgtool --with-linux=../linux --prefix=/usr \
	>configure.log 2>&1 || { tail -n 20 configure.log; fail configure; }

# entered WHAT...: make succeeds, and the Linux build was asked for just this
entered()
{
	: >kernel/obj/log
	capture make OVERRIDE=1
	assert_status 0
	assert_eq "$(tr '\n' ' ' <kernel/obj/log)" "${*:+$* }" 'Linux build'
}
capture make OVERRIDE=1
assert_status 0
assert_eq "$(tr '\n' ' ' <kernel/obj/log)" \
	'x86_64_defconfig all environment ' 'the first Linux build'
assert_eq "$(kernel/linux)" kernel 'the kernel'
[ -L kernel/tree/Makefile ] || fail 'the tree was copied, not shadowed'

entered
sleep 0.02
echo '/* changed */' >../src/kernel/arch/um/test-added.c
entered all environment
[ -e kernel/tree/arch/um/test-added.c ] || fail 'the new file is not in the tree'
[ ! -e ../linux/arch/um/test-added.c ] || fail 'the given tree was written to'
rm ../src/kernel/arch/um/test-added.c
entered all environment
entered
echo '# CONFIG_TEST is not set' >>../src/kernel/arch/um/configs/x86_64_defconfig
entered x86_64_defconfig all environment
entered
echo CONFIG_MINE=y >>kernel/obj/.config
entered all environment
entered

capture make install DESTDIR="$WORK/dest"
assert_status 0
cd "$WORK/dest"
assert_eq "$(find . ! -type d ! -path '*/share/*' | sort | tr '\n' ' ')" \
	'./usr/bin/linux ./usr/bin/linux.uml ./usr/lib/uml/modules/6.12.99/kernel/x.ko ' \
	'installed files'
cd ../build
capture make uninstall DESTDIR="$WORK/dest"
assert_status 0
assert_eq "$(find "$WORK/dest" ! -type d ! -path '*/share/*')" '' 'files left'

# Another configuration.
../src/configure --disable-imgtool --with-linux=../linux --prefix=/usr \
	--with-kernel-config=tiny >configure.log 2>&1
entered tiny_defconfig all environment
entered

# Errors of configure are one plain line each.
mkdir ../bad
cd ../bad
conf() { ../src/configure --disable-imgtool "$@" >log 2>err.conf; }
capture conf --with-linux=/nonexistent
assert_status 1
assert_match '/nonexistent: no such file; give --with-linux' err.conf
# refused SOURCE REASON: an unreadable Linux source, in one line
refused()
{
	capture conf --with-linux="$1"
	assert_status 1
	assert_eq "$(grep -c . err.conf)" 1 "$1: lines"
	assert_match "^configure: error: linux source: .*${1##*/}: $2" err.conf
	[ ! -e Makefile ] || fail "$1: was configured all the same"
}
head -c 5000 /dev/urandom >should-fail-noise.tar.xz
tar -cJf should-fail-late.tar.xz -C .. linux
head -c 300 should-fail-late.tar.xz >should-fail-short.tar.xz
mkdir should-fail-empty
cp -R ../linux should-fail-old
sed -i 's/^PATCHLEVEL = .*/PATCHLEVEL = 11/' should-fail-old/Makefile
refused should-fail-noise.tar.xz 'not a Linux tarball'
refused should-fail-short.tar.xz 'not a Linux tarball'
refused should-fail-empty 'not a Linux tree'
refused should-fail-old 'is Linux 6.11.99'
if [ "$(id -u)" != 0 ]; then
	cp -R ../linux should-fail-secret
	chmod 000 should-fail-secret
	refused should-fail-secret 'permission denied'
	cp should-fail-late.tar.xz should-fail-secret.tar.xz
	chmod 000 should-fail-secret.tar.xz
	refused should-fail-secret.tar.xz 'permission denied'
fi
capture conf --with-linux=../linux --with-kernel-config=huge
assert_match '=huge: no such configuration; choose default, tiny or engine' err.conf
