#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Disks as the command line has them and sysfs shows them: 64, all flags and
# spellings, what is refused; and files that grow while they are in use.
. "$TEST_LIB/boot.sh"

letter() { printf "%b" "$(printf '\\%03o' $(($1 + 97)))"; }

# name_of N: ubda, ubdz, ubdaa...
name_of()
{
	local n=$1 name=ubd
	[ "$n" -lt 26 ] || name+=$(letter $((n / 26 - 1)))
	echo "$name$(letter $((n % 26)))"
}

echo "# 64 disks, in all spellings"
truncate -s 4096 'we,ird:name'
args=('ubdb=we\,ird\:name,,one')
echo "ubdb 98:16 8 0 512 4096 s=one" >want
for i in {2..63}; do
	truncate -s $((i * 512)) "disk.$i"
	case $((i % 4)) in
	0) args+=("ubd$i=disk.$i,,s-$i") ro=0 serial=s-$i ;;
	1) args+=("ubd${i}r=disk.$i::s-$i") ro=1 serial=s-$i ;;
	2) args+=("ubd${i}sr=disk.$i,:s\\:$i") ro=1 serial=s:$i ;;
	3) args+=("ubd${i}dct=disk.$i") ro=0 serial= ;;
	esac
	echo "$(name_of "$i") 98:$((i * 16)) $i $ro 512 4096 s=$serial" >>want
done
# shellcheck disable=SC2016
boot_shell 'cd /sys/block; for d in ubd*; do
		[ $d = ubda ] || echo $d $(cat $d/dev) $(cat $d/size) \
			$(cat $d/ro) $(cat $d/queue/logical_block_size) \
			$(cat $d/queue/physical_block_size) s=$(cat $d/serial)
	done; echo trim $(cat ubdd/queue/discard_max_bytes)' \
	"${args[@]}" </dev/null
assert_match '^@end 0' console
boot_output >out
diff <(sort want) <(grep '^ubd' out | sort) || fail "other disks"
assert_match '^trim 0' out

echo "# what to do without room"
truncate -s 1M raw
# shellcheck disable=SC2016
boot_shell 'cd /sys/block; cat ubdb/nospace ubdc/nospace
	echo wait >ubdb/nospace && cat ubdb/nospace
	echo error >ubdb/nospace && cat ubdb/nospace
	echo often >ubdb/nospace || cat ubdb/nospace
	echo wait >ubdd/nospace || echo layer: $(cat ubdd/nospace)' \
	ubd1c=raw ubd2wc=raw ubd3oc=raw </dev/null
[ "$(boot_output | grep -v '^sh:' | tr '\n' ' ')" = \
	"error wait wait error error layer: error " ] ||
	{ show_boot; fail "nospace"; }

echo "# a file that grows"
cat >guest <<'END'
cd /sys/block
step() { echo @$1; read -r x; }
rescan() { echo 1 >$1/rescan && echo $1 $(cat $1/size) || echo $1 refused $(cat $1/size); }
step grow
cat ubdb/size
rescan ubdb; rescan ubdc; rescan ubdd
echo 0 >ubdb/rescan || echo zero refused
echo grown | dd of=/dev/ubdb bs=512 seek=6000 conv=fsync,notrunc 2>/dev/null
dd if=/dev/ubdb bs=512 skip=6144 2>/dev/null | wc -c
step shrink
rescan ubdb
dmesg | grep -q shorter.than.the.disk && echo told
END
truncate -s 1M base
mkfifo answers
(
	exec 9>answers
	until grep -q '^@grow' console 2>/dev/null; do sleep 0.1; done
	truncate -s $((3 << 20 | 100)) raw
	truncate -s 3M cow
	echo go >&9
	until grep -q '^@shrink' console; do sleep 0.1; done
	dd if=raw bs=512 skip=6000 count=1 2>/dev/null | head -n 1 >seen
	truncate -s 2M raw
	echo go >&9
) &
rm -f console
boot_shell "$(cat guest)" ubd1=raw ubd2=cow,base ubd3oc=base <answers
wait
boot_output | grep -vE '^(sh:|go|@)' >out
printf '%s\n' 2048 'ubdb 6145' 'ubdc refused 2048' 'ubdd refused 2048' \
	'zero refused' 512 'ubdb refused 6145' told | diff - out ||
	{ show_boot; fail "sizes"; }
[ "$(cat seen)" = grown ] || fail "what was written behind the old end"

echo "# should fail"
# refused REGEX ARGUMENT...
refused()
{
	local regex=$1
	shift
	boot_linux quiet "$@" </dev/null
	[ "$status" != 0 ] || fail "accepted: $*"
	assert_match "$regex" err
}
refused 'no such disk: give ubd0= to ubd63=' ubd64=raw
refused 'no such disk' ubd4294967296=raw
refused 'no such disk' ubd18446744073709551615=raw
refused 'unknown flag: .* known' ubd0x=raw
refused 'unknown flag' ubd0
refused 'which disk' ubd=raw
refused 'no file named' ubd0=
refused 'no file named' ubd0=,base
refused 'more than FILE,BACKING,SERIAL' ubd0=raw,,serial,more
refused 'is there already' ubd0=raw ubda=base
refused "can't wait for room" ubd0ow=raw
refused 'is no COW file' ubd0=raw,base
