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
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include <linux/backing-dev.h>

#include "hostfs.h"

MODULE_ALIAS_FS("hostfs");
MODULE_DESCRIPTION("directories of the host");
MODULE_LICENSE("GPL");

static char *jail;
static bool jail_none, jail_append, jail_ro;
static char *binds[16];
static unsigned int nbinds;
static struct kmem_cache *inode_cache;

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

/* ---- inodes ---- */

static struct inode *hostfs_alloc_inode(struct super_block *sb)
{
	struct hostfs_inode *hi;

	hi = alloc_inode_sb(sb, inode_cache, GFP_KERNEL);
	if (!hi)
		return NULL;
	memset((char *)hi + sizeof(hi->vfs), 0, sizeof(*hi) - sizeof(hi->vfs));
	mutex_init(&hi->lock);
	hi->rfd = hi->wfd = -1;
	return &hi->vfs;
}

static void hostfs_free_inode(struct inode *inode)
{
	kmem_cache_free(inode_cache, hostfs_i(inode));
}

static void hostfs_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	hostfs_close_fds(inode);
}

static void init_once(void *p)
{
	inode_init_once(&((struct hostfs_inode *)p)->vfs);
}

/* ---- superblock ---- */

static int hostfs_statfs(struct dentry *dentry, struct kstatfs *buf)
{
	struct host_hostfs_statfs sf;
	int err = HOST(host_hostfs_statfs(hostfs_sb(dentry->d_sb)->host, &sf));

	if (err)
		return err;
	buf->f_type = HOSTFS_SUPER_MAGIC;
	buf->f_bsize = buf->f_frsize = sf.bsize;
	buf->f_blocks = sf.blocks;
	buf->f_bfree = sf.bfree;
	buf->f_bavail = sf.bavail;
	buf->f_files = sf.files;
	buf->f_ffree = sf.ffree;
	buf->f_namelen = NAME_MAX;
	buf->f_fsid = u64_to_fsid(huge_encode_dev(dentry->d_sb->s_dev));
	return 0;
}

static int hostfs_show_options(struct seq_file *m, struct dentry *root)
{
	struct hostfs_sb *hsb = hostfs_sb(root->d_sb);

	seq_show_option(m, "hostfs", hsb->path);
	if (hsb->timeout_ms != 1000)
		seq_printf(m, ",attr_timeout=%u", hsb->timeout_ms);
	return 0;
}

static const struct super_operations hostfs_super_operations = {
	.alloc_inode	= hostfs_alloc_inode,
	.free_inode	= hostfs_free_inode,
	.evict_inode	= hostfs_evict_inode,
	.statfs		= hostfs_statfs,
	.show_options	= hostfs_show_options,
};

static int make_root(struct super_block *sb)
{
	const struct host_hostfs_at at = { .dir = "", .fd = -1 };
	struct host_hostfs_stat st;
	struct inode *inode;
	int err = HOST(host_hostfs_stat(hostfs_sb(sb)->host, &at, &st));

	if (err)
		return err;
	inode = hostfs_iget(sb, &st);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	sb->s_root = d_make_root(inode);
	return sb->s_root ? 0 : -ENOMEM;
}

static int hostfs_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct hostfs_sb *hsb = sb->s_fs_info;
	bool ro = hsb->ro || (fc->sb_flags & SB_RDONLY);
	int err;

	err = HOST(host_hostfs_mount(hsb->bind ? NULL : jail, hsb->path,
				     ro ? HOST_HOSTFS_RDONLY : 0,
				     &hsb->host));
	if (err) {
		errorf(fc, "hostfs: %s: error %d", hsb->path, err);
		return err;
	}
	if (ro)
		sb->s_flags |= SB_RDONLY;
	sb->s_magic = HOSTFS_SUPER_MAGIC;
	sb->s_blocksize = 4096;
	sb->s_blocksize_bits = 12;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_time_gran = 1;
	sb->s_time_min = S64_MIN;
	sb->s_time_max = S64_MAX;
	sb->s_op = &hostfs_super_operations;
	sb->s_d_op = &hostfs_dentry_operations;
	sb->s_xattr = hostfs_xattr_handlers;
	err = super_setup_bdi(sb);
	if (err)
		return err;
	sb->s_bdi->ra_pages = sb->s_bdi->io_pages = (1 << 20) >> PAGE_SHIFT;
	return make_root(sb);
}

/* ---- options ---- */

enum { OPT_PATH, OPT_TIMEOUT, OPT_BIND };

static const struct fs_parameter_spec hostfs_parameters[] = {
	fsparam_string("hostfs",	OPT_PATH),
	fsparam_u32("attr_timeout",	OPT_TIMEOUT),
	fsparam_u32("bind",		OPT_BIND),
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

static int hostfs_parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	struct hostfs_sb *hsb = fc->s_fs_info;
	struct fs_parse_result result;
	int opt;

	if (param->key[0] == '/' || param->key[0] == '.')
		return set_path(fc, param->key,
				param->type == fs_value_is_string ?
				param->string : NULL);
	opt = fs_parse(fc, hostfs_parameters, param, &result);
	if (opt < 0)
		return opt;
	if (opt == OPT_PATH)
		return set_path(fc, param->string, NULL);
	if (opt == OPT_BIND) {
		if (result.uint_32 >= nbinds)
			return invalf(fc, "hostfs: bind: no such hostfs_bind=");
		opt = set_path(fc, binds[result.uint_32] + 3, NULL);
		hsb->bind = binds[result.uint_32];
		return opt;
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
	hsb->ro = hsb->bind ? hsb->bind[1] == 'o' : jail_ro;
	hsb->timeout = msecs_to_jiffies(hsb->timeout_ms);
	return get_tree_nodev(fc, hostfs_fill_super);
}

static int hostfs_reconfigure(struct fs_context *fc)
{
	struct hostfs_sb *hsb = hostfs_sb(fc->root->d_sb);
	bool ro = fc->sb_flags & SB_RDONLY;

	if (!(fc->sb_flags_mask & SB_RDONLY))
		ro = sb_rdonly(fc->root->d_sb);
	if (hsb->ro && !ro)
		return -EROFS;
	sync_filesystem(fc->root->d_sb);
	HOST((host_hostfs_set_readonly(hsb->host, ro), 0));
	return 0;
}

static void free_sb(struct hostfs_sb *hsb)
{
	if (!hsb)
		return;
	if (hsb->host)
		HOST((host_hostfs_unmount(hsb->host), 0));
	kfree(hsb->path);
	kfree(hsb);
}

static void hostfs_free_context(struct fs_context *fc)
{
	free_sb(fc->s_fs_info);
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
	hsb->timeout_ms = 1000;
	hsb->append = jail_append;
	fc->s_fs_info = hsb;
	fc->ops = &hostfs_context_operations;
	return 0;
}

static void hostfs_kill_sb(struct super_block *sb)
{
	struct hostfs_sb *hsb = sb->s_fs_info;
	struct inode *created = NULL;

	if (hsb) {
		swap(created, hsb->created);
		iput(created);
	}
	kill_anon_super(sb);
	free_sb(hsb);
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
	inode_cache = kmem_cache_create("hostfs_inode",
					sizeof(struct hostfs_inode), 0,
					SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT,
					init_once);
	if (!inode_cache)
		return -ENOMEM;
	if (!jail_none || nbinds)
		HOST((host_hostfs_init(), 0));
	return register_filesystem(&hostfs_type);
}
fs_initcall(hostfs_init);
