#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Container images: OCI layouts and docker save archives, and their traps:
# whiteouts of what a later layer makes again, opaque directories, hard links
# to lower layers, directories replaced by symlinks, hostile manifests.
. "$UMKIT_SRC/tests/cli/cli.sh"
need_cmd sha256sum gzip

# put FILE: make it a blob of $oci; its digest is printed
put()
{
	local sum
	sum=$(sha256sum <"$1")
	cp "$1" "$oci/blobs/sha256/${sum%% *}"
	echo "sha256:${sum%% *}"
}

# descriptor FILE: put it, print JSON
descriptor()
{
	printf '{"digest":"%s","size":%d}' "$(put "$1")" "$(stat -c %s "$1")"
}

# oci NAME LAYER...: an OCI layout
oci()
{
	local layers='' layer
	oci=$1
	rm -rf "$oci"
	mkdir -p "$oci/blobs/sha256"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$oci/oci-layout"
	for layer in "${@:2}"; do
		layers+=${layers:+,}$(descriptor "$layer")
	done
	echo "{\"schemaVersion\":2,\"layers\":[$layers]}" >manifest
	echo "{\"manifests\":[$(descriptor manifest)]}" >"$oci/index.json"
}

mktar 'd bin' 'f bin/tool one' 'f bin/gone x' 'd opaque' 'f opaque/low x' \
	'd opaque/sub' 'f opaque/sub/low x' 'd again' 'f again/old x' \
	'd swap' 'f swap/inside x' 'f linked data' 'd real' 's sym real' \
	'd keep' 'f keep/low low' >1.tar
mktar 'f bin/.wh.gone' 'f opaque/new new' 'f opaque/.wh..wh..opq' \
	'f .wh.again' 'f .wh.linked' 'h link linked' 's swap bin' \
	'f .wh.sym' 'd sym' 'f sym/own own' 'f .wh..wh.plnk x' >2.tar
mktar 'd again' 'f again/new new' 'f bin/tool three' 'f keep/high high' >3.tar
gzip -k 1.tar
oci image 1.tar.gz 2.tar 3.tar
build image -o oci.img

check()
{
	content "$1" /bin/tool three
	absent "$1" /bin/gone
	absent "$1" /bin/.wh.gone
	content "$1" /opaque/new new
	absent "$1" /opaque/low
	absent "$1" /opaque/sub
	absent "$1" /again/old
	content "$1" /again/new new
	absent "$1" /linked
	content "$1" /link data
	has "$1" /link '^Links: 1 '
	has "$1" /swap 'Type: symlink'
	has "$1" /sym 'Type: directory'
	content "$1" /sym/own own
	absent "$1" /real/own
	content "$1" /keep/low low
	content "$1" /keep/high high
	[ -z "$(in_image "$1" 'ls -p /' | grep -F .wh.)" ] ||
		fail "$1: whiteouts are in it"
}

check oci.img
build image -o again.img
assert_same_file oci.img again.img

# as an archive, compressed or not, from a file or a pipe
mkdir unpack
export TMPDIR=$PWD/unpack
tar cf image.tar -C image .
tar czf image.tar.gz -C image blobs index.json oci-layout
build image.tar -o t.img
assert_same_file oci.img t.img
build image.tar.gz -o t.img
assert_same_file oci.img t.img
build oci:- -o t.img <image.tar.gz
assert_same_file oci.img t.img
build oci:image -o t.img
assert_same_file oci.img t.img

# docker save, with the first layer named twice the old way
a=$(printf 'a%.0s' {1..64})
b=$(printf 'b%.0s' {1..64})
mkdir -p docker/{$a,$b}
cp 1.tar docker/$a/layer.tar
ln -s "../$a/layer.tar" docker/$b/layer.tar
cp 2.tar docker/$a.tar
cp 3.tar docker/$b.tar
echo '{}' >docker/$a.json
echo "[{\"Config\":\"$a.json\",\"Layers\":[\"$a/layer.tar\",\"$b/layer.tar\",\"$a.tar\",\"$b.tar\"]}]" >docker/manifest.json
tar cf docker.tar -C docker .
build docker.tar -o docker.img
check docker.img
[ -z "$(ls unpack)" ] || fail "something is left in TMPDIR"

# a whiteout is an ordinary file where there are no layers
build 2.tar --exclude link -o t.img
has t.img /bin/.wh.gone 'Type: regular'
# a whiteout that stands before, or behind, what its own layer has
mktar 'f .wh.x' 'f x own' 'f y own' 'f .wh.y' >own.tar
mktar 'f x low' 'd y' 'f y/z low' >low.tar
oci own low.tar own.tar
build own -o t.img
content t.img /x own
content t.img /y own
# the root can be opaque
mktar 'f .wh..wh..opq' 'f only x' >opq.tar
oci opq low.tar opq.tar
build opq -o t.img
absent t.img /x
content t.img /only x

# hostile
oci bad 1.tar
echo '{"manifests":[{"digest":"sha256:../../../../etc/passwd00000000000000","size":1}]}' >bad/index.json
refused 1 'bad: index.json: a manifest has no valid digest' bad
echo '{"manifests":[]}' >bad/index.json
refused 1 'bad: index.json: does not hold exactly one image' bad
echo '{"manifests":' >bad/index.json
refused 1 'bad: index.json: is not valid JSON' bad
echo '[]' >bad/index.json
refused 1 'bad: index.json: has neither' bad
echo "{\"manifests\":[{\"digest\":\"sha256:$a\"}]}" >bad/index.json
refused 1 "bad: blobs/sha256/$a: No such file" bad
# an index that names itself
ln bad/index.json "bad/blobs/sha256/$a"
refused 1 "bad: blobs/sha256/$a: indexes are nested too deep" bad
oci bad 1.tar
echo more >>"bad/blobs/sha256/$(sha256sum <1.tar | cut -d' ' -f1)"
refused 1 'bad: blobs/sha256/[0-9a-f]*: has not the size' bad
oci bad 1.tar
ln -sf /etc/passwd "bad/blobs/sha256/$(sha256sum <1.tar | cut -d' ' -f1)"
refused 1 'bad: blobs/sha256/[0-9a-f]*: ' bad
echo '[{"Layers":["../../1.tar"]}]' >bad/manifest.json
refused 1 'bad: ../../1.tar: is not a valid name' bad
echo '[{"Layers":[]},{"Layers":[]}]' >bad/manifest.json
refused 1 'bad: manifest.json: does not hold exactly one' bad
mktar 'f ../x data' >evil.tar
oci bad 1.tar evil.tar
refused 1 '.*: \.\./x: .*"\.\." component' bad
mkdir empty
refused 1 'empty: is not a container image' oci:empty

# of several platforms, ours
oci many 1.tar
one=$(descriptor manifest)
echo "{\"manifests\":[{\"digest\":\"sha256:$b\",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"}},
	${one%\}},\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}}]}" >many/index.json
build many -o t.img
content t.img /bin/tool one

# archives of docker's format are found out whatever their files are called:
# manifest CONFIG LAYER...: the manifest.json of one
manifest()
{
	local layers='' layer
	for layer in "${@:2}"; do
		layers+=${layers:+,}"\"$layer\""
	done
	echo "[{\"Config\":\"$1\",\"RepoTags\":null,\"Layers\":[$layers]}]"
}

# archive NAME: of the files in the folder, the manifest last
archive()
{
	(cd "$1" && find . -type f ! -name manifest.json -printf '%P\n' | sort |
		tar cf "../$1.tar" -T - manifest.json)
}

# as of crane, jib, podman, docker 25 (which is an OCI layout, too), and others
mkdir -p crane jib podman/{$a,$b} docker25/blobs/sha256 other/layers/deep
for i in 1 2 3; do
	gzip -c $i.tar >"crane/$i$i.tar.gz"
	gzip -c $i.tar >"jib/$i.tar.gz"
	cp $i.tar "docker25/blobs/sha256/${a:1}$i"
	gzip -c $i.tar >"other/layers/deep/$i.tgz"
done
echo '{}' | tee crane/sha256:$a jib/config.json docker25/blobs/sha256/$b \
	other/layers/image.json >podman/$a.json
manifest sha256:$a 11.tar.gz 22.tar.gz 33.tar.gz >crane/manifest.json
manifest config.json 1.tar.gz 2.tar.gz 3.tar.gz >jib/manifest.json
manifest blobs/sha256/$b "blobs/sha256/${a:1}1" "blobs/sha256/${a:1}2" \
	"blobs/sha256/${a:1}3" >docker25/manifest.json
echo '{"imageLayoutVersion":"1.0.0"}' >docker25/oci-layout
echo '{"manifests":[]}' >docker25/index.json
manifest layers/image.json layers/deep/1.tgz ./layers/deep/2.tgz \
	layers/deep/3.tgz >other/manifest.json
cp 1.tar podman/1.tar
cp 2.tar podman/$a.tar
cp 3.tar podman/$b/layer.tar
ln -s ../1.tar podman/$a/layer.tar
echo 1.0 | tee podman/$a/VERSION >podman/$b/VERSION
manifest $a.json $a/layer.tar $a.tar $b/layer.tar >podman/manifest.json
for kind in crane jib docker25 other; do
	archive $kind
done
tar cf podman.tar -C podman .
for kind in crane jib podman docker25 other; do
	build $kind.tar -o t.img
	check t.img
done
gzip -c other.tar >other.tar.gz
build other.tar.gz -o t.img
check t.img
build jib -o t.img
check t.img

# skopeo's dir: has the blobs, named by their digests, beside the manifest
# flat NAME LAYER...
flat()
{
	local layers='' layer digest
	oci=flat.tmp
	mkdir -p flat.tmp/blobs/sha256 "$1"
	echo '{"architecture":"amd64","os":"linux"}' >config
	for layer in "${@:2}"; do
		layers+=${layers:+,}$(descriptor "$layer")
	done
	echo "{\"schemaVersion\":2,\"config\":$(descriptor config),\"layers\":[$layers]}" \
		>"$1/manifest.json"
	mv flat.tmp/blobs/sha256/* "$1"
	rm -r flat.tmp
	echo 'Directory Transport Version: 1.1' >"$1/version"
}

flat skopeo 1.tar.gz 2.tar 3.tar
tar cf skopeo.tar -C skopeo .
for source in skopeo skopeo.tar oci:skopeo; do
	build $source -o t.img
	assert_same_file oci.img t.img
done
# of several platforms (--all), where our own was copied
flat all 1.tar.gz 2.tar 3.tar
one=$(sha256sum <all/manifest.json)
mv all/manifest.json "all/${one%% *}.manifest.json"
echo "{\"manifests\":[{\"digest\":\"sha256:$b\",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"}},
	{\"digest\":\"sha256:${one%% *}\",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}}]}" >all/manifest.json
build all -o t.img
assert_same_file oci.img t.img
# no layer, no image: a directory with such files
one=$(sha256sum <2.tar)
rm "skopeo/${one%% *}"
build skopeo -o t.img
has t.img /manifest.json 'Type: regular'
refused 1 "skopeo: ${one%% *}: No such file" oci:skopeo
flat skopeo 1.tar
rm skopeo/version
build skopeo -o t.img
has t.img /manifest.json 'Type: regular'
# hostile
echo 1.1 >skopeo/version
echo '{"config":{},"layers":[{"digest":"sha256:../../../../etc/passwd00000000000000"}]}' \
	>skopeo/manifest.json
refused 1 'skopeo: manifest: a layer has no valid digest' oci:skopeo
echo '{"config":{},"layers":[7,null,[]]}' >skopeo/manifest.json
refused 1 'skopeo: manifest: a layer has no valid digest' oci:skopeo
echo '{"manifests":[3]}' >skopeo/manifest.json
refused 1 'skopeo: manifest.json: a manifest has no valid digest' oci:skopeo
# an OCI layout with another manifest.json is one
oci both 1.tar.gz 2.tar 3.tar
echo '{"name":"x"}' >both/manifest.json
build both -o t.img
assert_same_file oci.img t.img

# what has a manifest.json without being a container image
mkdir plain
echo '[{"Config":"c","Layers":["layer.tar"]}]' >plain/manifest.json
archive plain
build plain.tar -o t.img
has t.img /manifest.json 'Type: regular'
echo '{"name":"an extension","manifest_version":3}' >plain/manifest.json
archive plain
build plain.tar -o t.img
has t.img /manifest.json 'Type: regular'
echo '[' >plain/manifest.json
mkdir -p plain/etc
cp 1.tar plain/layer.tar
archive plain
build plain.tar -o t.img
has t.img /layer.tar 'Type: regular'
manifest c.json layer.tar >plain/manifest.json
echo x | tee plain/etc/passwd >plain/c.json
archive plain
build plain.tar -o t.img
content t.img /etc/passwd x

# umoci leaves out what fills the last block of a layer, and the mark at the end;
# a layer that has its full size is not cut off
mktar 'f first one' 'f last data' >short.tar
head -c $((512 + 512 + 512 + 4)) short.tar >cut.tar
gzip -kf cut.tar
for layer in cut.tar cut.tar.gz; do
	oci short 1.tar $layer
	build short -o t.img
	content t.img /first one
	content t.img /last data
done
manifest c.json cut.tar >manifest.json
echo '{}' >c.json
tar cf short.tar c.json cut.tar manifest.json
build short.tar -o t.img
content t.img /last data
# but one that ends within data is, or has another size than it should
head -c $((512 + 512 + 512 + 3)) cut.tar >less.tar
gzip -kf less.tar
for layer in less.tar less.tar.gz; do
	oci less 1.tar $layer
	refused 1 "less: blobs/sha256/[0-9a-f]*: last: the archive is damaged" less
done
oci less cut.tar
truncate -s -4 "less/blobs/sha256/$(sha256sum <cut.tar | cut -d' ' -f1)"
refused 1 'less: blobs/sha256/[0-9a-f]*: has not the size' less
# and so is a plain archive
refused 1 'cut.tar: last: the archive is damaged' cut.tar
