// SPDX-License-Identifier: GPL-2.0
/*
 * Mounting. The directory is given as `hostfs=/dir` or bare, as `/dir`,
 * through mount(2) or fsconfig. On the kernel command line
 *
 *	hostfs=/jail[,append][,ro]
 *
 * is the outer bound: all mounts are of directories below it, and paths count
 * from there. append: files can only grow, and nothing is removed. ro:
 * nothing is changed, whatever the mount says. Without a directory (`hostfs=`)
 * nothing is mounted, except by `-o bind=N` what
 *
 *	hostfs_bind=rw:/dir or ro:/dir
 *
 * names; the first one is number 0.
 */
#include <linux/ctype.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "hostfs.h"

MODULE_ALIAS_FS("hostfs");
MODULE_DESCRIPTION("directories of the host");
MODULE_LICENSE("GPL");

static char *jail;
static bool jail_none, jail_append, jail_ro;
static char *binds[16];
static unsigned int nbinds;

static int __init jail_option(char *text)
{
	char *word = strsep(&text, ",");

	jail = *word ? word : NULL;
	jail_none = !*word;
	while ((word = strsep(&text, ","))) {
		if (!strcmp(word, "append"))
			jail_append = true;
		else if (!strcmp(word, "ro"))
			jail_ro = true;
		else
			panic("hostfs=: %s: unknown; append and ro are known",
			      word);
	}
	return 1;
}
__setup("hostfs=", jail_option);

static int __init bind_option(char *text)
{
	if (nbinds == ARRAY_SIZE(binds) ||
	    (strncmp(text, "ro:/", 4) && strncmp(text, "rw:/", 4)))
		panic("hostfs_bind=%s: give rw:/dir or ro:/dir, at most 16",
		      text);
	binds[nbinds++] = text;
	return 1;
}
__setup("hostfs_bind=", bind_option);

/* ---- options ---- */

enum { OPT_PATH, OPT_TIMEOUT, OPT_BIND, OPT_UIDMAP, OPT_GIDMAP, OPT_OWNERSHIP,
       OPT_NOTIFY };

static const struct constant_table ownerships[] = {
	{ "host",	false },
	{ "xattr",	true },
	{}
};

static const struct fs_parameter_spec hostfs_parameters[] = {
	fsparam_string("hostfs",	OPT_PATH),
	fsparam_u32("attr_timeout",	OPT_TIMEOUT),
	fsparam_u32("bind",		OPT_BIND),
	fsparam_string("uidmap",	OPT_UIDMAP),
	fsparam_string("gidmap",	OPT_GIDMAP),
	fsparam_enum("ownership",	OPT_OWNERSHIP, ownerships),
	fsparam_flag_no("notify",	OPT_NOTIFY),
	{}
};

static int set_path(struct fs_context *fc, const char *path, const char *rest)
{
	struct hostfs_sb *hsb = fc->s_fs_info;

	kfree(hsb->path);
	hsb->bind = NULL;
	hsb->path = rest ? kasprintf(GFP_KERNEL, "%s=%s", path, rest) :
			   kstrdup(path, GFP_KERNEL);
	return hsb->path ? 0 : -ENOMEM;
}

static int add_ids(struct fs_context *fc, struct hostfs_idmap *map, char *text)
{
	struct hostfs_sb *hsb = fc->s_fs_info;

	hsb->more_ids = map;
	return hostfs_idmap_parse(map, text) ?
	       invalf(fc, "hostfs: %s: give GUEST:HOST:COUNT, at most %d, none twice",
		      map == &hsb->uids ? "uidmap" : "gidmap",
		      HOSTFS_IDRANGES) : 0;
}

static int set_bind(struct fs_context *fc, unsigned int n)
{
	struct hostfs_sb *hsb = fc->s_fs_info;
	int err;

	if (n >= nbinds)
		return invalf(fc, "hostfs: bind: no such hostfs_bind=");
	err = set_path(fc, binds[n] + 3, NULL);
	hsb->bind = binds[n];
	return err;
}

static int hostfs_parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	struct hostfs_sb *hsb = fc->s_fs_info;
	struct fs_parse_result result;
	int opt;

	if (param->key[0] == '/' || param->key[0] == '.')
		return set_path(fc, param->key,
				param->type == fs_value_is_string ?
				param->string : NULL);
	/* of uidmap=A,B what was split off at the comma */
	if (isdigit(param->key[0]) && hsb->more_ids)
		return add_ids(fc, hsb->more_ids, (char *)param->key);
	opt = fs_parse(fc, hostfs_parameters, param, &result);
	if (opt < 0)
		return opt;
	hsb->more_ids = NULL;
	hsb->given |= 1u << opt;
	switch (opt) {
	case OPT_PATH:
		return set_path(fc, param->string, NULL);
	case OPT_BIND:
		return set_bind(fc, result.uint_32);
	case OPT_UIDMAP:
		return add_ids(fc, &hsb->uids, param->string);
	case OPT_GIDMAP:
		return add_ids(fc, &hsb->gids, param->string);
	case OPT_OWNERSHIP:
		hsb->records = result.uint_32;
		return 0;
	case OPT_NOTIFY:
		hsb->want_notify = !result.negated;
		return 0;
	}
	if (result.uint_32 > 3600000)
		return invalf(fc, "hostfs: attr_timeout: at most 3600000 ms");
	hsb->timeout_ms = result.uint_32;
	return 0;
}

static int hostfs_get_tree(struct fs_context *fc)
{
	struct hostfs_sb *hsb = fc->s_fs_info;

	if (!hsb->path && set_path(fc, "/", NULL))
		return -ENOMEM;
	if (!hsb->bind && jail_none) {
		errorf(fc, "hostfs: %s: hostfs= on the command line denies it",
		       hsb->path);
		return -EACCES;
	}
	hsb->jail = hsb->bind ? NULL : jail;
	hsb->ro = hsb->bind ? hsb->bind[1] == 'o' : jail_ro;
	hsb->timeout = msecs_to_jiffies(hsb->timeout_ms);
	return get_tree_nodev(fc, hostfs_fill_super);
}

static bool same_ids(const struct hostfs_idmap *a, const struct hostfs_idmap *b)
{
	return a->n == b->n &&
	       !memcmp(a->range, b->range, a->n * sizeof(a->range[0]));
}

/* What a remount names must be as it is, but for attr_timeout=: mount programs
 * give all that /proc/mounts shows. */
static bool may_remount(const struct hostfs_sb *old, const struct hostfs_sb *new)
{
	return (!new->path || !strcmp(new->path, old->path)) &&
	       (!(new->given & 1u << OPT_OWNERSHIP) ||
		new->records == old->records) &&
	       (!(new->given & 1u << OPT_NOTIFY) ||
		new->want_notify == old->want_notify) &&
	       (!new->uids.n || same_ids(&new->uids, &old->uids)) &&
	       (!new->gids.n || same_ids(&new->gids, &old->gids));
}

static int hostfs_reconfigure(struct fs_context *fc)
{
	struct hostfs_sb *hsb = hostfs_sb(fc->root->d_sb);
	const struct hostfs_sb *new = fc->s_fs_info;
	bool ro = fc->sb_flags & SB_RDONLY;

	if (!may_remount(hsb, new))
		return invalf(fc, "hostfs: %s: a remount changes ro, rw and attr_timeout only: unmount it first",
			      hsb->path);
	if (!(fc->sb_flags_mask & SB_RDONLY))
		ro = sb_rdonly(fc->root->d_sb);
	if (hsb->ro && !ro)
		return -EROFS;
	if (new->given & 1u << OPT_TIMEOUT) {
		hsb->timeout_ms = new->timeout_ms;
		WRITE_ONCE(hsb->timeout, msecs_to_jiffies(new->timeout_ms));
	}
	sync_filesystem(fc->root->d_sb);
	HOST((host_hostfs_set_readonly(hsb->host, ro), 0));
	return 0;
}

static void hostfs_free_context(struct fs_context *fc)
{
	hostfs_free_sb(fc->s_fs_info);
}

static const struct fs_context_operations hostfs_context_operations = {
	.parse_param	= hostfs_parse_param,
	.get_tree	= hostfs_get_tree,
	.reconfigure	= hostfs_reconfigure,
	.free		= hostfs_free_context,
};

static int hostfs_init_fs_context(struct fs_context *fc)
{
	struct hostfs_sb *hsb = kzalloc(sizeof(*hsb), GFP_KERNEL);

	if (!hsb)
		return -ENOMEM;
	spin_lock_init(&hsb->lock);
	hostfs_lazy_init(hsb);
	hsb->timeout_ms = 1000;
	hsb->append = jail_append;
	fc->s_fs_info = hsb;
	fc->ops = &hostfs_context_operations;
	return 0;
}

static struct file_system_type hostfs_type = {
	.owner		 = THIS_MODULE,
	.name		 = "hostfs",
	.init_fs_context = hostfs_init_fs_context,
	.parameters	 = hostfs_parameters,
	.kill_sb	 = hostfs_kill_sb,
};

static int __init hostfs_init(void)
{
	int err = hostfs_init_cache();

	if (err)
		return err;
	if (!jail_none || nbinds)
		HOST((host_hostfs_init(), 0));
	return register_filesystem(&hostfs_type);
}
fs_initcall(hostfs_init);
