/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What imgtool and the engine's agent, init of a guest, say to each other on
 * channel 0: /dev/umchan0 in the guest. Both are built from this header and
 * shipped as one file, so there is no negotiation.
 *
 * imgtool asks, the agent answers, in the order of the requests; any number of
 * requests may be under way. A request is a struct engine_request, PATH_SIZE
 * bytes of a path, and data. An answer is a struct engine_reply and SIZE bytes;
 * those of READDIR and XATTRS may be several, of which all but the last
 * have ENGINE_MORE. Numbers are in the byte order of x86.
 *
 * Paths are names with "/" between them, from the root of the file system on,
 * which is "". They may be longer than PATH_MAX. No symlink is followed. "//"
 * and the number of a handle is a path, too: the file that is open, whatever its
 * names are by now.
 *
 * The agent has mounted a hostile image: imgtool believes nothing it says.
 */
#ifndef ENGINE_PROTO_H
#define ENGINE_PROTO_H

#include <assert.h>
#include <stdint.h>

/* Of a request: its path, and the data behind it. */
#define ENGINE_PATH_MOST (1u << 16)
#define ENGINE_DATA_MOST (1u << 20)

/* Of an answer. */
#define ENGINE_REPLY_MOST (ENGINE_DATA_MOST + 4096)

enum engine_op {
	/*
	 * Mount the disk that the path names (of the host's part only: a file
	 * under /dev); data: the type of file system. Flag ENGINE_WRITE: to be
	 * changed; with ENGINE_CLOCK at the time that offset is, in seconds,
	 * or after the first day of 1970. Answers its type as text.
	 */
	ENGINE_MOUNT = 1,
	ENGINE_STAT,	 /* -> struct engine_attr */
	ENGINE_READDIR,	 /* -> struct engine_entry... */
	ENGINE_READ,	 /* offset, length -> data; fewer bytes at the end */
	ENGINE_READ_FILES, /* files in a directory, from their beginning on; data:
			    * struct engine_want... -> struct engine_file... */
	ENGINE_SEEK,	 /* offset -> struct engine_extent */
	ENGINE_READLINK, /* -> the target */
	ENGINE_XATTRS,	 /* -> struct engine_xattr... */
	ENGINE_USAGE,	 /* -> struct engine_usage */
	ENGINE_OPEN,	 /* a file, to be read and written as far as it may be
			  * -> struct engine_handle */
	ENGINE_CLOSE,	 /* offset: the handle */
	ENGINE_SYNC,	 /* a file or directory is on the disk */
	ENGINE_TRIM,	 /* the disk learns what is free */
	ENGINE_END,	 /* write everything, unmount, power off */

	/* changes; answers have no bytes, but those that make something, to
	 * LINK, are its struct engine_attr */
	ENGINE_MKNOD,	 /* offset: umask << 32 | mode; length: major << 32 |
			  * minor */
	ENGINE_MKDIR,	 /* offset: umask << 32 | mode */
	ENGINE_SYMLINK,	 /* data: target */
	ENGINE_LINK,	 /* data: the path of the file */
	ENGINE_RENAME,	 /* data: the new path. An error with a text: it was
			  * renamed, but its last name is the text */
	ENGINE_UNLINK,
	ENGINE_RMDIR,
	ENGINE_CLEAR,	 /* everything in a directory: files, and directories
			  * that are empty */
	ENGINE_WRITE_AT, /* offset; data */
	ENGINE_TRUNCATE, /* offset: the size */
	ENGINE_ALLOCATE, /* offset, length; data: the uint32_t of fallocate() */
	ENGINE_SETATTR,	 /* data: struct engine_setattr */
	ENGINE_SETXATTR, /* data: struct engine_xattr */
	ENGINE_DELXATTR, /* data: the name */
};

/* flags of requests */
#define ENGINE_WRITE	    1 /* MOUNT */
#define ENGINE_LIST_XATTRS  2 /* READDIR: say which have attributes */
#define ENGINE_NO_FLAGS	    16 /* READDIR: attr.flags need not be right */
#define ENGINE_CLOCK	    4 /* MOUNT */
#define ENGINE_EXCHANGE	    8 /* RENAME: both are there, and change places */

struct engine_request {
	uint32_t id;
	uint16_t op;
	uint16_t flags;
	uint32_t path_size;
	uint32_t data_size;
	uint64_t offset;
	uint64_t length;
};

/* flags of answers */
#define ENGINE_MORE 1

struct engine_reply {
	uint32_t id;	 /* of the request */
	int32_t result;	 /* 0, or a negative errno: then the bytes are a text
			  * that says more, maybe empty */
	uint32_t size;
	uint32_t flags;
};

struct engine_time {
	int64_t sec;
	uint32_t nsec;
	uint32_t zero;
};

/* engine_attr.has */
#define ENGINE_HAS_CRTIME    1
#define ENGINE_HAS_NO_XATTRS 2 /* it is known to have none */

struct engine_attr {
	uint64_t ino;
	uint64_t device;
	uint64_t size;
	uint64_t blocks; /* of 512 bytes */
	struct engine_time atime, mtime, ctime, crtime;
	uint32_t mode, uid, gid, nlink;
	uint32_t major, minor;
	uint32_t flags; /* as lsattr shows */
	uint32_t has;
};

/* Behind it NAME_SIZE and, of a symlink, LINK_SIZE bytes, and zeros up to a
 * multiple of 8. */
struct engine_entry {
	struct engine_attr attr;
	int32_t error; /* not 0: attr could not be had */
	uint16_t name_size;
	uint16_t link_size;
};

/* Behind it a name, and zeros up to a multiple of 8. */
struct engine_want {
	uint32_t size; /* so much of it */
	uint32_t name_size;
};

/* Behind it the bytes, and zeros up to a multiple of 8. */
struct engine_file {
	int32_t error;
	uint32_t size; /* less than was wanted: it ends there */
};

struct engine_extent {
	uint64_t start, end;
};

/* Behind it name and value, and zeros up to a multiple of 8. */
struct engine_xattr {
	uint32_t name_size;
	uint32_t value_size;
};

struct engine_handle {
	uint32_t number; /* below ENGINE_HANDLES */
	uint32_t zero;
};

#define ENGINE_HANDLES 3000

struct engine_usage {
	uint64_t block_size, blocks, free_blocks, inodes, free_inodes;
};

/* engine_setattr.set */
#define ENGINE_SET_MODE	 1
#define ENGINE_SET_OWNER 2
#define ENGINE_SET_ATIME 4
#define ENGINE_SET_MTIME 8

struct engine_setattr {
	uint32_t set;
	uint32_t mode, uid, gid;
	struct engine_time atime, mtime;
};

#define ENGINE_ALIGN(n) (((n) + 7) & ~(size_t)7)

static_assert(sizeof(struct engine_request) == 32, "engine_request");
static_assert(sizeof(struct engine_reply) == 16, "engine_reply");
static_assert(sizeof(struct engine_attr) == 128, "engine_attr");
static_assert(sizeof(struct engine_setattr) == 48, "engine_setattr");
static_assert(sizeof(struct engine_entry) == 136, "engine_entry");

#endif
