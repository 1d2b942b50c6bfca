/* SPDX-License-Identifier: GPL-2.0 */
/*
 * `imgtool run`: boot an image under our kernel and run one command in it.
 *
 *	../run.c    the verb: options
 *	session.c   order of things, the wait for everything, exit status
 *	image.c	    the image, checked
 *	keep.c	    COW files: --keep, or the image itself
 *	kernel.c    which kernel, and its command line
 *	initrd.c    the archive that holds init (../agent)
 *	guest.c	    the kernel's process: start, stop, end
 *	script.c    --script
 *	stdio.c	    where the command's descriptors lead
 *	terminal.c  raw mode, and bytes between the terminal and the guest
 *	control.c   messages to and from the agent
 *	console.c   what the guest kernel says
 *	death.c	    why it has ended
 *
 * One thread. The command's input and output do not pass through here: the
 * kernel is given our own standard descriptors (as others, so that ours can
 * be closed and an end of file gets through). Only a terminal is relayed,
 * since its settings are ours to keep.
 *
 * Functions that return int give 0, or -1 after a message.
 */
#ifndef IMGTOOL_RUN_RUN_H
#define IMGTOOL_RUN_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "imgtool/agent/proto.h"

struct pollfd;

/* Descriptors for the kernel get numbers from here on: clear of 0 to 2, and
 * of those that shells hand out. */
#define RUN_FD_MIN 20

#define RUN_BINDS 16

struct run_bind {
	char *host, *guest;	 /* absolute, no blanks or quotes in them */
	bool ro;
};

struct run_options {
	const char *image;
	const char *kernel;	 /* NULL: find it */
	uint64_t mem;		 /* bytes */
	unsigned int cpus;
	bool rw;
	const char *keep;	 /* the layer's file; NULL: thrown away */
	const char *backing;	 /* of a COW file IMG; NULL: its header's */
	bool verbose;
	uint64_t layer_max;	 /* bytes; 0: no limit of ours */
	const char *layer_dir;	 /* NULL: choose */
	unsigned int timeout;	 /* seconds; 0: none */
	const char *append;	 /* more kernel arguments, or "" */
	const char *user, *workdir, *hostname; /* "" where not given */
	struct run_bind binds[RUN_BINDS];
	size_t bind_count;
	char **env;		 /* NAME=VALUE or NAME */
	size_t env_count;
	const char *script;	 /* a file of the host, or - ; NULL: none */
	const char *script_name; /* what it is called in the guest */
	char *script_data;	 /* NULL until it is read */
	size_t script_size;
	char **argv;		 /* ends with NULL; empty: a shell; with
				  * a script, its arguments */
	int argc;
};

/* ---- image.c ---- */

struct run_image {
	char *path;		 /* as given, without @PARTITION */
	unsigned int partition;	 /* 0: the whole */
	int fd;
	const char *keep;	 /* --keep's file; NULL: none */
	int keep_fd;
	bool keep_made;		 /* it was not there before */
};

/* Open the image, IMG or IMG@PARTITION, and check what can be told from
 * outside: that it is a file or block device, readable, and not empty. Open or
 * make the file of --keep. */
int image_open(const struct run_options *options, struct run_image *image);

/* A file's name for ubd0=, in the kernel's spelling, or one that leads to FD.
 * New memory. */
char *image_name_for_kernel(const char *path, int fd);

/* The root device in the guest. Static. */
const char *image_root_device(const struct run_image *image);

/* USED: the command was started, and a file made for --keep stays. */
void image_close(struct run_image *image, bool used);

/* ---- keep.c ---- */

/* If the image is a COW file, can it be opened with all below it? */
int keep_check_image(const struct run_options *options,
		     const struct run_image *image);

/* Make the COW file FILE over the image, or see that it is one to go on with.
 * Sets what image has of it. */
int keep_open(const char *file, struct run_image *image);
void keep_close(struct run_image *image, bool used);

/* ---- script.c ---- */

/* Read options->script; sets the fields behind it. */
int script_read(struct run_options *options);

/* ---- initrd.c ---- */

/* The program that becomes init, as it lies in imgtool. */
extern const unsigned char run_init_start[], run_init_end[];

struct initrd {
	const void *init;
	size_t init_size;
	const struct initrd_file {
		const char *name; /* at most 32 bytes */
		const void *data;
		size_t size;
	} *files;
	size_t count;
};

/* A descriptor of a new, nameless file with the archive. */
int initrd_create(const struct initrd *what);

/* ---- stdio.c ---- */

#define RUN_CHANNELS 4

struct run_stdio {
	uint32_t kind[3];	    /* AGENT_STDIO_... for the command's 0..2 */
	uint32_t tty_channel;	    /* where one of them is a terminal */
	bool terminal;		    /* one is */
	int kernel_fd[RUN_CHANNELS]; /* channel -> descriptor, or -1 */
	int control;		    /* our end of channel 0 */
	int tty;		    /* our end of the terminal's channel, or -1 */
};

/* Look at our descriptors 0 to 2 and prepare the channels. */
int stdio_prepare(struct run_stdio *stdio);

/* The kernel has its copies: close those, and let go of our standard input
 * and output, so that their other ends see when the command closes its. */
void stdio_release(struct run_stdio *stdio);

/* ---- kernel.c ---- */

/* Where `make install` puts it; written by the Makefile. */
extern const char run_bindir[];

/* Where it is, if nobody says --kernel; NULL: nowhere. Static. */
const char *kernel_look(void);

/* Find the kernel: --kernel, $UMKIT_KERNEL, beside imgtool, in the build
 * tree, in bindir. Static, or NULL after a message. */
const char *kernel_find(const struct run_options *options);

/* Its argument vector, ended by NULL, all in new memory. */
char **kernel_arguments(const struct run_options *options,
			const struct run_image *image,
			const struct run_stdio *stdio, const char *kernel,
			int initrd_fd);

/* ---- guest.c ---- */

struct guest {
	pid_t pid;	   /* of the kernel; it leads its session. 0: none */
	int console;	   /* read end of the guest's console, or -1 */
	int errors;	   /* read end of its standard error, or -1 */
	bool ended;	   /* but not waited for, so its pid is still its own */
	int status;	   /* as waitpid gives it, once ended */
};

/* Start FILE with ARGV; it inherits standard input as /dev/null, standard
 * output and error as its console, and the COUNT descriptors in FDS of which
 * negative ones are skipped. */
int guest_start(struct guest *guest, const char *file, char **argv,
		const int *fds, size_t count);

/* Has it ended? Sets guest->ended and status. */
bool guest_check(struct guest *guest);

/* Send SIGNO to the kernel and all its processes. */
void guest_signal(const struct guest *guest, int signo);

/* Kill what is left of it and take its status. */
void guest_reap(struct guest *guest);

/* ---- console.c ---- */

/* Keep what comes from the guest's console and from the kernel's standard
 * error; with VERBOSE show it on ours. */
void console_start(int console, int errors, bool verbose);

/* For poll; -1: at their end. */
int console_fd(void);
int console_errors_fd(void);

/* Read what is there. */
void console_read(void);

/* The reason of a panic as the guest gave it, or NULL. New memory. */
char *console_panic(void);

/* The last error of the kernel's host side: a line of its standard error that
 * is no kernel message (those begin with a time in brackets). New memory, or
 * NULL: none. */
char *console_complaint(void);

/* Print all of those as warnings on OBJECT, unless they have been shown. */
void console_show_complaints(const char *object);

/* Print the last lines on standard error, unless they have been shown. */
void console_show_tail(void);

/* ---- terminal.c ---- */

/* Remember the settings; nothing is changed yet. FD: the guest's side. */
int terminal_prepare(int fd);

/* Settings and size for the guest's terminal. */
void terminal_describe(struct agent_start *start);
void terminal_size(struct agent_winsize *size);

/* From now on keys go to the guest, raw. */
int terminal_enter(void);

/* Put the settings back, for good or before a message; idempotent. */
void terminal_leave(void);

/* Is it raw now? */
bool terminal_is_raw(void);

#define TERMINAL_POLL_MAX 4
/* Fill in what to wait for, in the manner of pump_poll in the agent. */
int terminal_poll(struct pollfd *fds);

/* Act on the result. False: the terminal is gone (hung up). */
bool terminal_run(const struct pollfd *fds, int count);

/* Has all output of the guest been shown, and its end been seen? */
bool terminal_drained(void);

/* The guest is gone: what has not come will not come. */
void terminal_end_input(void);

/* End the helper process that guards the settings. */
void terminal_finish(void);

/* ---- control.c ---- */

void control_start(int fd);

/* For poll; control_events() says what to wait for. -1: closed. */
int control_fd(void);
short control_events(void);

/* Queue a message. */
void control_send(uint32_t type, const void *data, size_t size);
void control_send_number(uint32_t type, uint32_t value);
int control_send_start(const struct run_options *options,
		       const struct run_image *image,
		       const struct run_stdio *stdio);

/* Write what is queued and read what is there. False: the agent is gone. */
bool control_run(void);

/* Take the next message; its data stays valid until control_run. */
bool control_next(struct agent_header *head, const char **data);

/* Two strings in DATA, for WARNING and its like. False: malformed. */
bool control_strings(const char *data, size_t size, const char **object,
		     const char **reason);

/* ---- death.c ---- */

/* Remember how often the host has killed for lack of memory. */
void death_prepare(void);

/* Say in one line why the kernel with OBJECT on it has ended too early, and
 * show its last words where they help. */
void death_explain(const struct guest *guest, const struct run_options *options,
		   bool started);

/* ---- session.c ---- */

/* All of it. Returns the exit status. */
int session_run(const struct run_options *options);

#endif
