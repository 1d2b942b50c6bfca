/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A FUSE session from mount to unmount.
 *
 * libfuse and fusermount3 write to standard error as they like, and in several
 * lines; what they write is caught, and becomes the one line of ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "imgtool/mount/mount.h"
#include "imgtool/msg.h"

#define DEVICE "/dev/fuse"

/* Standard error, caught in a file. */
struct caught {
	int saved, file;
};

static void catch_stderr(struct caught *caught)
{
	fflush(stderr);
	caught->saved = fcntl(2, F_DUPFD_CLOEXEC, 3);
	caught->file = memfd_create("stderr", MFD_CLOEXEC);
	if (caught->saved >= 0 && caught->file >= 0)
		dup2(caught->file, 2);
}

/* Give standard error back; the last line that was caught, in new memory. */
static char *release_stderr(struct caught *caught)
{
	char text[1024], *line, *colon;
	ssize_t n = 0;

	fflush(stderr);
	if (caught->saved >= 0)
		dup2(caught->saved, 2);
	if (caught->file >= 0)
		n = pread(caught->file, text, sizeof(text) - 1, 0);
	close(caught->saved);
	close(caught->file);
	text[n > 0 ? n : 0] = 0;
	n = strlen(text);
	while (n && text[n - 1] == '\n')
		text[--n] = 0;
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	/* "fuse: " and "fusermount3: " say nothing */
	colon = strstr(line, ": ");
	if (!strncmp(line, "fuse", 4) && colon)
		line = colon + 2;
	return mem_strdup(*line ? line : "FUSE refused without a reason");
}

static int check_device(void)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC), err = errno;

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	switch (err) {
	case ENOENT:
		return msg_error(DEVICE, "is not there: load the module fuse, "
				 "or give the container this device; all other "
				 "verbs work without");
	case EACCES:
	case EPERM:
		return msg_errno(DEVICE, err, "cannot be opened: mounting "
				 "needs read and write permission for it");
	}
	return msg_errno(DEVICE, err, "cannot be opened; is FUSE in the "
			 "kernel?");
}

int mount_look(const char *point, struct stat *st)
{
	if (!stat(point, st))
		return 0;
	return errno == ENOTCONN ?
		msg_error(point, "a mount whose server has died is in the way; "
			  "imgtool umount removes it") :
		msg_errno(point, errno, "cannot be mounted on");
}

static bool has_option(const char *options, const char *name)
{
	size_t n = strlen(name);

	for (; options && *options; options += strspn(options, ",")) {
		if (!strncmp(options, name, n) &&
		    (!options[n] || options[n] == ','))
			return true;
		options += strcspn(options, ",");
	}
	return false;
}

bool mount_is_shared(const struct mount_how *how)
{
	return how->allow_other || has_option(how->options, "allow_other") ||
	       has_option(how->options, "allow_root");
}

static void add(struct fuse_args *args, const char *option)
{
	if (fuse_opt_add_arg(args, "-o") || fuse_opt_add_arg(args, option)) {
		fputs("imgtool: out of memory\n", stderr);
		exit(1);
	}
}

/* The image's name, where commas and backslashes mean nothing. */
static void add_name(struct fuse_args *args, const char *name)
{
	char *all = mem_alloc(2 * strlen(name) + 8), *to = all;

	for (to += sprintf(to, "fsname="); *name; *to++ = *name++)
		if (*name == ',' || *name == '\\')
			*to++ = '\\';
	*to = 0;
	add(args, all);
	free(all);
}

static void set_args(struct fuse_args *args, const struct mount_how *how)
{
	fuse_opt_add_arg(args, "imgtool");
	if (how->options && *how->options)
		add(args, how->options);
	add_name(args, how->image);
	add(args, "subtype=imgtool");
	add(args, how->writable ? "rw" : "ro");
	if (how->allow_other)
		add(args, "allow_other");
	/* Else only who mounted gets here, and may read all of the image. */
	if (mount_is_shared(how))
		add(args, "default_permissions");
}

void mount_ioctl(fuse_req_t req, unsigned int cmd, size_t room)
{
	int32_t pid = getpid();

	if (cmd == MOUNT_IOC_SERVER && room >= sizeof(pid))
		fuse_reply_ioctl(req, 0, &pid, sizeof(pid));
	else
		fuse_reply_err(req, ENOTTY);
}

static int loop(struct fuse_session *se)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int r;

	fuse_loop_cfg_set_clone_fd(config, 1);
	r = fuse_session_loop_mt(se, config);
	fuse_loop_cfg_destroy(config);
	/* a positive number is a signal's, which is how one asks for the end */
	return r < 0 ? msg_errno(NULL, -r, "FUSE failed") : 0;
}

bool mount_go_ahead(struct mount_how *how, int *result)
{
	int ends[2], status = 0;
	char byte;
	pid_t pid;

	*result = -1;
	if (pipe2(ends, O_CLOEXEC)) {
		msg_errno("pipe", errno, "cannot be made");
		return false;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		how->ready = ends[1];
		*result = 0;
		return true;
	}
	close(ends[1]);
	if (pid < 0)
		msg_errno("fork", errno, "there can be no new process");
	else if (read(ends[0], &byte, 1) == 1)
		*result = 0;
	else if (waitpid(pid, &status, 0) == pid && WIFSIGNALED(status))
		msg_error(how->point, "the server was killed by signal %d",
			  WTERMSIG(status));
	close(ends[0]);
	return false;
}

/* As fuse_daemonize(), with the process that we are. */
static int become_daemon(int ready)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), i;

	if (null < 0)
		return msg_errno("/dev/null", errno, "cannot be opened");
	setsid();
	if (chdir("/"))
		msg_errno("/", errno, "cannot be entered");
	if (write(ready, "", 1) != 1)
		return -1; /* nobody waits for it any more */
	close(ready);
	for (i = 0; i < 3; i++)
		dup2(null, i);
	if (null > 2)
		close(null);
	return 0;
}

static int serve(struct fuse_session *se, const struct mount_how *how)
{
	char *point = realpath(how->point, NULL);
	struct caught caught;
	char *why;
	int r;

	catch_stderr(&caught);
	r = fuse_session_mount(se, point ?: how->point);
	why = release_stderr(&caught);
	free(point);
	if (r)
		msg_error(how->point, "%s", why);
	free(why);
	if (r)
		return -1;
	r = how->ready >= 0 ? become_daemon(how->ready) :
			      fuse_daemonize(how->foreground) ? -1 : 0;
	if (!r && fuse_set_signal_handlers(se) == 0) {
		r = loop(se);
		fuse_remove_signal_handlers(se);
	}
	fuse_session_unmount(se);
	return r;
}

int mount_serve(const struct mount_how *how,
		const struct fuse_lowlevel_ops *ops, void *context)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *se;
	struct caught caught;
	char *why;
	int r = -1;

	if (check_device() < 0)
		return -1;
	set_args(&args, how);
	catch_stderr(&caught);
	se = fuse_session_new(&args, ops, sizeof(*ops), context);
	why = release_stderr(&caught);
	if (se) {
		r = serve(se, how);
		fuse_session_destroy(se);
	} else {
		msg_error(how->options, "%s", why);
	}
	free(why);
	fuse_opt_free_args(&args);
	return r;
}
