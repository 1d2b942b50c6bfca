// SPDX-License-Identifier: GPL-2.0
/* Which kernel to start, and with which arguments. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imgtool/msg.h"
#include "imgtool/run/run.h"

/* ---- which ---- */

static char found[4096];

static bool try_kernel(const char *dir, const char *name)
{
	int n = snprintf(found, sizeof(found), "%s/%s", dir, name);

	return n < (int)sizeof(found) && !access(found, X_OK);
}

/* The folder imgtool itself is in. */
static bool own_folder(char *dir, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", dir, size - 1);
	char *slash;

	if (n <= 0)
		return false;
	dir[n] = 0;
	slash = strrchr(dir, '/');
	if (!slash)
		return false;
	*slash = 0;
	return true;
}

static const char *from_environment(void)
{
	const char *name = getenv("UMKIT_KERNEL");

	return name && *name ? name : NULL;
}

const char *kernel_look(void)
{
	const char *name = from_environment();
	char dir[4000];

	if (name)
		return access(name, X_OK) ? NULL : name;
	if (own_folder(dir, sizeof(dir)) &&
	    (try_kernel(dir, "linux") || try_kernel(dir, "../kernel/linux")))
		return found;
	return try_kernel(run_bindir, "linux") ? found : NULL;
}

const char *kernel_find(const struct run_options *options)
{
	const char *name = options->kernel ?: from_environment();

	if (name) {
		if (!access(name, X_OK))
			return name;
		msg_errno(name, errno, "not usable as the kernel");
		return NULL;
	}
	name = kernel_look();
	if (name)
		return name;
	msg_error("linux", "the kernel is neither beside imgtool nor in %s; install it, or give --kernel FILE",
		  run_bindir);
	return NULL;
}

/* ---- with which arguments ---- */

struct list {
	char **items;
	size_t count, room;
};

static void add(struct list *list, char *item)
{
	list->items = mem_grow(list->items, list->count, &list->room,
			       sizeof(*list->items));
	list->items[list->count++] = item;
}

/* NAME, or NAME,BACKING. Takes both. */
static void add_disk_names(struct list *list, const char *flags, char *name,
			   char *backing)
{
	add(list, mem_printf("ubd0%s=%s%s%s", flags, name, backing ? "," : "",
			     backing ?: ""));
	free(name);
	free(backing);
}

/*
 * The image, be it plain bytes or a COW file, on a throw-away layer (o), which
 * the kernel keeps beside the image or where temporary files go; or the file
 * of --keep over it. Whether the image is a COW file its beginning says: no
 * guest can write one to a plain image, the kernel refuses that.
 */
static void add_disk(struct list *list, const struct run_options *options,
		     const struct run_image *image)
{
	char *name = image_name_for_kernel(image->path, image->fd);
	const char *backing = options->backing;

	if (image->keep) {
		add_disk_names(list, "",
			       image_name_for_kernel(image->keep,
						     image->keep_fd), name);
		return;
	}
	add_disk_names(list, options->rw ? "" : "o", name,
		       backing ? image_name_for_kernel(backing, -1) : NULL);
	if (options->rw)
		return;
	if (options->layer_dir)
		add(list, mem_printf("ubd_layer_dir=%s", options->layer_dir));
	if (options->layer_max)
		add(list, mem_printf("ubd_layer_max=%lluK",
				     (unsigned long long)options->layer_max >>
				     10));
}

/* Directories of the host for the guest: these, and no others. The kernel has
 * its words split at blanks. */
static void add_binds(struct list *list, const struct run_options *options)
{
	size_t i;

	add(list, mem_strdup("hostfs="));
	for (i = 0; i < options->bind_count; i++) {
		const struct run_bind *b = &options->binds[i];

		add(list, mem_printf("hostfs_bind=%s:%s", b->ro ? "ro" : "rw",
				     b->host));
		add(list, mem_printf("umkit_bind%zu=%s", i, b->guest));
	}
}

/* --append, split at blanks outside of double quotes. */
static void add_words(struct list *list, const char *text)
{
	while (*text) {
		bool quoted = false;
		const char *p;

		text += strspn(text, " \t\n");
		for (p = text; *p && (quoted || !strchr(" \t\n", *p)); p++)
			quoted ^= *p == '"';
		if (p > text)
			add(list, mem_printf("%.*s", (int)(p - text), text));
		text = p;
	}
}

char **kernel_arguments(const struct run_options *options,
			const struct run_image *image,
			const struct run_stdio *stdio, const char *kernel,
			int initrd_fd)
{
	struct list list = { .items = NULL };
	int i;

	add(&list, mem_strdup(kernel));
	add(&list, mem_printf("mem=%lluK",
			      (unsigned long long)options->mem >> 10));
	add(&list, mem_printf("ncpus=%u", options->cpus));
	add(&list, mem_printf("initrd=/proc/self/fd/%d", initrd_fd));
	add_disk(&list, options, image);
	for (i = 0; i < RUN_CHANNELS; i++)
		if (stdio->kernel_fd[i] >= 0)
			add(&list, mem_printf("chan%d=fd:%d", i,
					      stdio->kernel_fd[i]));
	add(&list, mem_strdup("con=none"));
	add(&list, mem_strdup("con0=fd:1"));
	add(&list, mem_strdup("noreboot"));
	/* We are the supervisor. One more would hold the command's output
	 * open when the guest has closed it. */
	add(&list, mem_strdup("um_nosupervisor"));
	add(&list, mem_strdup("panic=-1"));
	/* A panic before the console is there should be seen, too. */
	add(&list, mem_strdup("earlyprintk"));
	if (!options->verbose)
		add(&list, mem_strdup("quiet"));
	add_binds(&list, options);
	add_words(&list, options->append);
	add(&list, NULL);
	return list.items;
}
