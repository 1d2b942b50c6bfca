#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel's configurations resolve: what each file asks for is in the
# .config that comes of it, and Linux knows all of its symbols. Nothing is
# compiled but Kconfig.
. "$TEST_LIB/common.sh"
need_cmd make flex bison
tree=$UMKIT_BUILD/kernel/tree
configs=$UMKIT_SRC/kernel/arch/um/configs
[ -e "$tree/Makefile" ] && [ -e "$tree/arch/um/Kconfig" ] ||
	skip "$tree: not made; run: make kernel-tree"

# configured TARGET...: by the Linux build; what it says is in out and err
configured()
{
	# (a rustc that is found may be a front of rustup, which writes to HOME)
	HOME=$WORK capture make -C "$tree" ARCH=um O="$WORK/obj" \
		KCONFIG_WARN_UNKNOWN_SYMBOLS=1 "$@"
	assert_status 0
	! grep -hE 'warning: ' out err >warnings || {
		cat warnings >&2
		fail "$*: warnings"
	}
}
# holds FILE: obj/.config has all that FILE asks for
holds()
{
	local line symbol
	while IFS= read -r line; do
		case $line in
		'# CONFIG_'*' is not set')
			symbol=${line#\# } symbol=${symbol%% *}
			! grep -q "^$symbol=" obj/.config ||
				fail "${1##*/}: $symbol is set" ;;
		CONFIG_*=n)
			! grep -q "^${line%n}" obj/.config ||
				fail "${1##*/}: ${line%=n} is set" ;;
		CONFIG_*)
			grep -qxF -- "$line" obj/.config ||
				fail "${1##*/}: not in the result: $line" ;;
		esac
	done <"$1"
	echo "ok: ${1##*/}"
}

found=0
for file in "$configs"/*_defconfig; do
	found=$((found + 1))
	configured "${file##*/}"
	holds "$file"
	for symbol in UML X86_64 SMP 64BIT MMU; do
		grep -qx "CONFIG_$symbol=y" obj/.config ||
			case ${file##*/}:$symbol in
			tiny_defconfig:SMP) ;;
			*) fail "${file##*/}: no $symbol" ;;
			esac
	done
done
[ "$found" -ge 3 ] || fail "not all configurations are there"

# What an engine for images must mount without modules.
configured engine_defconfig
for fs in EXT4_FS XFS_FS BTRFS_FS F2FS_FS EROFS_FS SQUASHFS VFAT_FS EXFAT_FS \
	NTFS3_FS ISO9660_FS; do
	grep -qx "CONFIG_$fs=y" obj/.config || fail "engine: $fs is not built in"
done

# The fragment of checks, on top of each.
for base in defconfig tiny_defconfig; do
	configured "$base" um_debug.config
	holds "$configs/um_debug.config"
done
