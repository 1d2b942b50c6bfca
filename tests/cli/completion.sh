#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Completion in bash: all verbs and options, files of the host and of images;
# then the same by a shell on a terminal.
. "$UMKIT_SRC/tests/cli/cli.sh"

script=$UMKIT_SRC/imgtool/completion/imgtool
cat >complete.sh <<'END'
. "$1"
COMP_WORDBREAKS=$' \t\n"\'@><=;|&(:'
COMP_LINE=$2 COMP_POINT=${#2}
_imgtool
[ ${#COMPREPLY[@]} = 0 ] || printf '%s\n' "${COMPREPLY[@]}"
END

# offers LINE WORD...: these are the completions at the end of LINE
offers()
{
	capture bash complete.sh "$script" "$1"
	assert_status 0
	[ ! -s err ] || { show; fail "$1: not silent"; }
	sort out >offered
	{ [ $# = 1 ] || printf '%s\n' "${@:2}"; } | sort >expected
	diff expected offered >&2 ||
		fail "'$1': what is expected (<) and offered (>) differ"
}

mkdir -p 'tree/us/a b' tree/usr tree/var files
echo x >'tree/us/a b/file'
echo x >tree/us/x=y
ln -s us tree/link
build tree -o files/img
cp files/img files/t:x.img
touch 'files/a b'

echo '# verbs'
"$IMGTOOL" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' >verbs
[ -s verbs ] || fail 'no verbs in --help'
mapfile -t verbs <verbs
offers 'imgtool ' "${verbs[@]}" help --help --version
offers 'imgtool help ' "${verbs[@]}"
offers 'imgtool help bu' build
offers 'imgtool bui' build
offers 'imgtool help build '
offers 'no-such-imgtool bui'
offers 'imgtool --version ' --json

echo '# options'
for verb in "${verbs[@]}"; do
	mapfile -t options < <("$IMGTOOL" "$verb" --help |
		grep -oE '^ +(-., )?--[a-z0-9-]+' | grep -oE -- '-[a-zA-Z0-9-]+')
	offers "imgtool $verb -" "${options[@]}"
done
offers 'imgtool build x --siz' --size
offers 'imgtool build --size ' auto
offers 'imgtool build --size=' auto
offers 'imgtool build --partition g' gpt
offers 'imgtool build --label '
offers 'imgtool build -qo files/i' files/img
offers 'imgtool build --output=files/i' files/img
offers 'imgtool run --cpus 2 files/img --r' --rw
offers 'imgtool run --cpus 2 files/img ' --
offers 'imgtool run --cpus 2 files/img -- f'
offers 'imgtool run files/img ls f'
offers 'imgtool ls -- -'
offers 'imgtool cow c' create commit check compact
offers 'imgtool cow --json check files/i' files/img

# Nothing on the line is ever run, but imgtool.
offers 'imgtool ls --x[$(touch ran)]='
offers 'imgtool ls --x[$(touch ran)] -$(touch ran) `touch ran`/'
offers 'imgtool ls files/img:/$(touch ran)/'
[ ! -e ran ] || fail 'a command on the line was run'

echo '# files'
offers 'imgtool info files/' files/img 'files/a b' files/t:x.img
offers 'imgtool info files/t:' x.img
offers 'imgtool info files/i' files/img
offers "imgtool info 'files/a" 'files/a b'
offers 'imgtool info files/a\ ' 'files/a b'
offers 'imgtool info nothing/'

echo '# in an image'
offers 'imgtool ls files/img:' link lost+found/ us/ usr/ var/
offers 'imgtool ls files/img:/u' /us/ /usr/
offers 'imgtool ls -l files/img:/us/a' '/us/a\ b/'
offers 'imgtool ls files/img:/us/a\ b/' '/us/a\ b/file'
offers 'imgtool ls "files/img:/us/a' 'files/img:/us/a b/'
offers 'imgtool ls files/img:"/us/a' '/us/a b/'
offers 'imgtool ls files/img:/us/x' '/us/x=y'
offers 'imgtool ls files/img:/us/x=' 'y'
offers 'imgtool ls files/img:/link/x' '/link/x=y'
offers 'imgtool ls files/t:x.img:/v' /var/
offers 'imgtool ls files/img:/nothing/'
offers 'imgtool ls no-such-image:/'

echo '# on a terminal'
cat >rc <<'END'
set +o history
PS1= PS2=
bind 'set bell-style none'
bind 'set enable-bracketed-paste off'
. "$script"
# With the line's own words, but for what completion asks.
imgtool()
{
	[ "$BASH_SUBSHELL" = 0 ] || { command imgtool "$@"; return; }
	printf '<%s>' "$@" >>shown
	echo >>shown
}
END
cat >typed <<'END'
imgtool bui	 files/a	 -o	 files/im	
imgtool ls files/img:/us/a	fi	
imgtool ls "files/img:/us/a	fi	
imgtool info files/t	
imgtool ls files/t:x.img:/v	x
exit
END
on_pty env script="$script" TERM=dumb INPUTRC=/dev/null \
	bash --noprofile --rcfile rc -i <typed >terminal
cat >expected <<'END'
<build><files/a b><-o><files/img>
<ls><files/img:/us/a b/file>
<ls><files/img:/us/a b/file>
<info><files/t:x.img>
<ls><files/t:x.img:/var/x>
END
diff expected shown >&2 || { cat -v terminal >&2; fail 'on a terminal'; }
