/* SPDX-License-Identifier: GPL-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>

#include "imgtool/check/tool.h"
#include "imgtool/msg.h"

#define WORDS_MOST 16
#define NOT_THERE  127
#define CHUNK	   65536
#define FD_PATH	   "/proc/self/fd/"
#define OFFSET	   "?offset="

/* e2fsck takes a few seconds for each million of inodes, of which there are
 * 64 Ki in a GiB. */
#define LIMIT_LEAST   600
#define LIMIT_PER_GIB 60

static uint64_t limit;

void tool_limit(uint64_t seconds)
{
	limit = seconds;
}

void tool_limit_size(const struct disk *disk)
{
	limit = LIMIT_LEAST + (disk->size >> 30) * LIMIT_PER_GIB;
}

/* In the child. The signal's default action ends it. */
static void set_limit(void)
{
	struct rlimit r;

	if (!limit || getrlimit(RLIMIT_CPU, &r))
		return;
	if (r.rlim_max != RLIM_INFINITY && r.rlim_max < limit)
		return;
	r.rlim_cur = limit;
	signal(SIGXCPU, SIG_DFL);
	setrlimit(RLIMIT_CPU, &r);
}

static int report_signal(const char *program, int number)
{
	if (number != SIGXCPU || !limit)
		return msg_error(program, "ended by signal %d", number);
	return msg_error(program, "was stopped after %" PRIu64 " s of processor "
			 "time, which the image should not take; --timeout of "
			 "imgtool fsck gives it more", limit);
}

/* A program that runs, and what it calls the file. */
struct running {
	const char *program;
	pid_t pid;
	int file;
};

static _Noreturn void run(const struct running *tool, const char *const *args,
			  uint64_t offset, const char *last, int out)
{
	const char *path = getenv("PATH") ?: "/usr/bin:/bin";
	const char *argv[WORDS_MOST];
	int n = 0;

	/* these are in the paths of root only */
	setenv("PATH", mem_printf("%s:/usr/sbin:/sbin", path), 1);
	argv[n++] = tool->program;
	while (*args && n < WORDS_MOST - 3)
		argv[n++] = *args++;
	argv[n++] = offset ?
		mem_printf(FD_PATH "%d?offset=%" PRIu64, tool->file, offset) :
		mem_printf(FD_PATH "%d", tool->file);
	argv[n++] = last;
	argv[n] = NULL;
	if (dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(NOT_THERE - 1);
	set_limit();
	execvp(tool->program, (char **)argv);
	_exit(errno == ENOENT ? NOT_THERE : NOT_THERE - 1);
}

/* Start PROGRAM, see tool_quiet(); what it says goes to OUT. -1: reported */
static int start(struct running *tool, const char *program,
		 const char *const *args, int fd, uint64_t offset,
		 const char *last, int out)
{
	tool->program = program;
	tool->file = fcntl(fd, F_DUPFD, 3);
	fflush(NULL);
	tool->pid = tool->file < 0 ? -1 : fork();
	if (!tool->pid)
		run(tool, args, offset, last, out);
	if (tool->pid < 0)
		msg_errno(program, errno, "cannot be started");
	if (tool->file >= 0)
		close(tool->file);
	return tool->pid < 0 ? -1 : 0;
}

/* As Debian and most others call it. */
static const char *package_of(const char *program)
{
	static const char *const packages[][2] = {
		{ "btrfs", "btrfs-progs" },   { "fsck.erofs", "erofs-utils" },
		{ "fsck.exfat", "exfatprogs" }, { "fsck.f2fs", "f2fs-tools" },
		{ "fsck.vfat", "dosfstools" }, { "ntfsfix", "ntfs-3g" },
		{ "xfs_repair", "xfsprogs" },
	};
	size_t i;

	for (i = 0; i < sizeof(packages) / sizeof(*packages); i++)
		if (!strcmp(packages[i][0], program))
			return packages[i][1];
	return "e2fsprogs";
}

/* Its exit status, or -1: reported. */
static int finish(const struct running *tool)
{
	const char *program = tool->program;
	int status;

	while (waitpid(tool->pid, &status, 0) < 0)
		if (errno != EINTR)
			return msg_errno(program, errno, "is lost");
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_THERE)
		return msg_error(program, "is not installed; it is a part of "
				 "%s", package_of(program));
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_THERE - 1)
		return msg_error(program, "cannot be started");
	if (!WIFEXITED(status))
		return report_signal(program, WTERMSIG(status));
	return WEXITSTATUS(status);
}

/* LINE with the name of the image for the program's, in new memory. */
static char *rename_file(const struct running *tool, char *line,
			 const char *name)
{
	char *ours = mem_printf(FD_PATH "%d", tool->file), *at, *rest, *new;

	at = strstr(line, ours);
	rest = at ? at + strlen(ours) : NULL;
	if (!at || (*rest >= '0' && *rest <= '9')) {
		free(ours);
		return mem_strdup(line);
	}
	if (!strncmp(rest, OFFSET, strlen(OFFSET))) {
		rest += strlen(OFFSET);
		rest += strspn(rest, "0123456789");
	}
	*at = 0;
	new = mem_printf("%s%s%s", line, name, rest);
	free(ours);
	return new;
}

static void pass_lines(const struct running *tool, FILE *from, const char *name,
		       void (*each)(void *context, const char *line),
		       void *context)
{
	char *line = NULL, *named;
	size_t room = 0;
	ssize_t n;

	while ((n = getline(&line, &room, from)) > 0) {
		line[n - (line[n - 1] == '\n')] = 0;
		if (!*line)
			continue;
		named = rename_file(tool, line, name);
		each(context, named);
		free(named);
	}
	free(line);
}

int tool_lines(const char *program, const char *const *args, int fd,
	       uint64_t offset, const char *name,
	       void (*each)(void *context, const char *line), void *context)
{
	struct running tool;
	int ends[2], r;
	FILE *from;

	if (pipe2(ends, O_CLOEXEC))
		return msg_errno("pipe", errno, "cannot be made");
	r = start(&tool, program, args, fd, offset, NULL, ends[1]);
	close(ends[1]);
	from = fdopen(ends[0], "r");
	if (r == 0 && from)
		pass_lines(&tool, from, name, each, context);
	if (from)
		fclose(from);
	else
		close(ends[0]);
	return r < 0 ? -1 : finish(&tool);
}

int tool_temporary(uint64_t bytes)
{
	const char *dir = getenv("TMPDIR") ?: "/var/tmp";
	char *path = mem_printf("%s/imgtool.XXXXXX", dir);
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	/* not every file system has files without names */
	if (fd < 0) {
		fd = mkostemp(path, O_CLOEXEC);
		if (fd < 0)
			msg_errno(path, errno, "cannot be made");
		else
			unlink(path);
	}
	if (fd >= 0 && ftruncate(fd, (off_t)bytes)) {
		msg_errno(path, errno, "cannot be made that long");
		close(fd);
		fd = -1;
	}
	free(path);
	return fd;
}

/* All of the chosen part, zeroes as holes. -1: reported */
static int copy_out(struct disk *disk, int fd)
{
	static char data[CHUNK];
	uint64_t at;
	size_t n;
	int r;

	for (at = 0; at < disk->size; at += n) {
		n = disk->size - at < CHUNK ? disk->size - at : CHUNK;
		r = disk_read(disk, at, data, n);
		if (r < 0)
			return msg_errno(disk->name, -r, "cannot be read");
		if (!data[0] && !memcmp(data, data + 1, n - 1))
			continue;
		if (pwrite(fd, data, n, (off_t)at) != (ssize_t)n)
			return msg_errno("temporary copy", errno,
					 "cannot be written");
	}
	return 0;
}

int tool_copy(struct disk *disk)
{
	int fd = tool_temporary(disk->size);

	if (fd < 0 || !copy_out(disk, fd))
		return fd;
	close(fd);
	return -1;
}

int tool_fits(struct disk *disk)
{
	struct ext2_super_block sb;
	uint64_t blocks;
	unsigned int log;

	if (disk_read(disk, SUPERBLOCK_OFFSET, &sb, sizeof(sb)))
		return msg_error(disk->name, "is too short for a file system");
	blocks = ext2fs_le32_to_cpu(sb.s_blocks_count);
	if (sb.s_feature_incompat &
	    ext2fs_cpu_to_le32(EXT4_FEATURE_INCOMPAT_64BIT))
		blocks |= (uint64_t)ext2fs_le32_to_cpu(sb.s_blocks_count_hi)
			  << 32;
	log = ext2fs_le32_to_cpu(sb.s_log_block_size);
	if (log <= 6 && disk->offset && blocks > disk->size >> (10 + log))
		return msg_error(disk->name, "the file system is larger than "
				 "its partition: nothing is tried");
	return 0;
}

/* Report the last line of what a program has said. */
static void report_last(const struct running *tool, const char *name, int out)
{
	char text[4096];
	off_t end = lseek(out, 0, SEEK_END);
	off_t at = end > (off_t)sizeof(text) - 1 ?
		   end - (off_t)sizeof(text) + 1 : 0;
	ssize_t n = pread(out, text, sizeof(text) - 1, at);
	char *line;

	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n > 0 ? n : 0] = 0;
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	line = rename_file(tool, line, name);
	msg_error(name, "%s: %s", tool->program, *line ? line : "failed");
	free(line);
}

int tool_quiet(const char *program, const char *const *args, int fd,
	       uint64_t offset, const char *last, int most, const char *name)
{
	int out = tool_temporary(0), status = -1;
	struct running tool;

	if (out < 0)
		return -1;
	if (start(&tool, program, args, fd, offset, last, out) == 0)
		status = finish(&tool);
	if (status > most)
		report_last(&tool, name, out);
	close(out);
	return status < 0 || status > most ? -1 : status;
}
