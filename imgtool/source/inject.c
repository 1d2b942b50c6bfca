/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uuid/uuid.h>

#include "imgtool/ext4/data.h"
#include "imgtool/io/swap.h"
#include "imgtool/msg.h"
#include "imgtool/size.h"
#include "imgtool/source/inject.h"
#include "imgtool/tree/path.h"
#include "imgtool/tree/pool.h"

#define PIECE (256 << 10)

static struct injection *append(struct injections *injections)
{
	struct injection *new;

	injections->list = mem_grow(injections->list, injections->count,
				    &injections->capacity, sizeof(*new));
	new = &injections->list[injections->count++];
	memset(new, 0, sizeof(*new));
	return new;
}

/* "MODE", "MODE,UID:GID" or ",UID:GID" */
static const char *parse_rest(struct injection *new, char *rest)
{
	char *owner = strchr(rest, ','), *end;
	unsigned long mode;

	if (owner)
		*owner++ = 0;
	mode = strtoul(rest, &end, 8);
	if ((!*rest && !owner) || *end || rest[strspn(rest, "01234567")] ||
	    mode > 07777)
		return "the mode is not octal, like 0644";
	new->set_mode = *rest;
	new->mode = mode;
	if (owner && owner_parse(owner, &new->uid, &new->gid) < 0)
		return "the owner is not like 0:0";
	new->set_owner = owner;
	return NULL;
}

const char *injections_add(struct injections *injections, const char *text)
{
	const char *colon = strstr(text, ":/"), *problem;
	struct injection *new;
	char *path, *comma;

	if (!colon || colon == text)
		return "not like SRC:/DST";
	new = append(injections);
	new->source = mem_printf("%.*s", (int)(colon - text), text);
	new->path = mem_alloc(PATH_LONGEST + 1);
	path = mem_strdup(colon + 1);
	comma = strchr(path, ',');
	if (comma)
		*comma = 0;
	problem = path_normalise(path, new->path);
	if (!problem && !*new->path)
		problem = "the root cannot be replaced";
	if (!problem && comma)
		problem = parse_rest(new, comma + 1);
	free(path);
	return problem;
}

void injections_add_text(struct injections *injections, const char *path,
			 const char *text, uint32_t mode)
{
	struct injection *new = append(injections);

	new->path = mem_strdup(path);
	new->text = mem_strdup(text);
	new->set_mode = true;
	new->mode = mode;
}

void injections_add_link(struct injections *injections, const char *path,
			 const char *target, bool over)
{
	struct injection *new = append(injections);

	new->path = mem_strdup(path);
	new->target = mem_strdup(target);
	new->over = over;
}

void injections_add_swap(struct injections *injections, const char *path,
			 uint64_t bytes)
{
	struct injection *new = append(injections);

	new->path = mem_strdup(path);
	new->swap = bytes;
}

void injections_add_file(struct injections *injections, const char *path,
			 const char *source, uint32_t mode)
{
	struct injection *new = append(injections);

	new->path = mem_strdup(path);
	new->source = mem_strdup(source);
	new->set_mode = true;
	new->mode = mode;
}

static int copy_stream(struct data_stream *stream, int fd, const char *name)
{
	char *buffer = mem_alloc(PIECE);
	ssize_t n;
	int r = 0;

	while (r == 0) {
		n = read(fd, buffer, PIECE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = msg_errno(name, errno, "cannot be read");
		if (n <= 0)
			break;
		r = data_write(stream, stream->position, buffer, n);
	}
	free(buffer);
	return r == 0 ? data_end(stream, stream->position) : r;
}

static int fill_from_file(const struct injection *in, struct import *import,
			  struct inode *inode, int fd)
{
	struct data_stream stream;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return msg_errno(in->source, errno, "cannot be read");
	if (!S_ISREG(st.st_mode))
		return msg_error(in->source, "is not a regular file; give a "
				 "directory as a SOURCE");
	inode->mode = S_IFREG | (in->set_mode ? in->mode : st.st_mode & 07777);
	inode_set_times(inode, (struct stamp){ st.st_mtim.tv_sec,
					       st.st_mtim.tv_nsec });
	data_begin(&stream, import->volume, inode, in->source, st.st_size);
	return copy_stream(&stream, fd, in->source);
}

/* A header, and blocks for all of it: the kernel takes none with holes. */
static int fill_swap(const struct injection *in, struct import *import,
		     struct inode *inode)
{
	uint8_t header[SWAP_HEADER], uuid[16], none[16] = { 0 };
	struct data_stream stream;

	uuid_generate_sha1(uuid, none, (const char *)&in->swap,
			   sizeof(in->swap));
	swap_header(header, in->swap, uuid);
	inode->mode = S_IFREG | 0600;
	inode->made = true;
	data_begin(&stream, import->volume, inode, in->path, in->swap);
	if (data_write(&stream, 0, header, sizeof(header)) < 0 ||
	    data_zero(&stream, sizeof(header), in->swap - sizeof(header)) < 0)
		return -1;
	return data_end(&stream, in->swap);
}

static int fill(const struct injection *in, struct import *import,
		struct inode *inode)
{
	struct data_stream stream;
	int fd, r;

	if (in->swap)
		return fill_swap(in, import, inode);
	if (in->target) {
		inode->made = true;
		inode->target = pool_strdup(in->target);
		inode->size = strlen(in->target);
		return 0;
	}
	if (in->text) {
		inode->mode = S_IFREG | in->mode;
		inode->made = true;
		data_begin(&stream, import->volume, inode, in->path,
			   strlen(in->text));
		if (data_write(&stream, 0, in->text, strlen(in->text)) < 0)
			return -1;
		return data_end(&stream, strlen(in->text));
	}
	fd = open(in->source, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return msg_errno(in->source, errno, "cannot be opened");
	r = fill_from_file(in, import, inode, fd);
	close(fd);
	return r;
}

static int apply(const struct injection *in, struct import *import)
{
	struct entry *old = path_lookup(import->tree, in->path);
	struct inode *inode, *dir;
	const char *name;

	if (old && S_ISDIR(old->inode->mode))
		return msg_error(in->path, "is a directory in the image; a "
				 "file cannot replace it");
	if (in->over && !(old && S_ISREG(old->inode->mode)))
		return 0;
	inode = inode_new(in->target ? S_IFLNK | 0777 : S_IFREG);
	if (fill(in, import, inode) < 0) {
		inode_free(inode);
		return -1;
	}
	/* Ids on the command line are the image's own: maps are not applied. */
	if (import->set_owner) {
		inode->uid = import->uid;
		inode->gid = import->gid;
	}
	if (in->set_owner) {
		inode->uid = in->uid;
		inode->gid = in->gid;
	}
	import_clamp(import, inode);
	dir = path_parent(import->tree, in->path, &name);
	tree_put(import->tree, dir, name, strlen(name), inode);
	return 0;
}

int injections_apply(const struct injections *injections,
		     struct import *import)
{
	size_t i;

	for (i = 0; i < injections->count; i++)
		if (apply(&injections->list[i], import) < 0)
			return -1;
	return 0;
}

void injections_free(struct injections *injections)
{
	size_t i;

	for (i = 0; i < injections->count; i++) {
		free(injections->list[i].source);
		free(injections->list[i].text);
		free(injections->list[i].target);
		free(injections->list[i].path);
	}
	free(injections->list);
	memset(injections, 0, sizeof(*injections));
}
