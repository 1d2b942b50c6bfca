/* SPDX-License-Identifier: GPL-2.0 */
/*
 * putjournal IMG KIND START SEQUENCE WORD...: write transactions into the
 * journal of an ext4 image that was unmounted, and make it one that was not.
 *
 * KIND: letters of a (asynchronous commit), 2, 3 (checksums), s (their first
 * kind), 6 (64 bits), f (fast commits), or "-". START: the block of the log
 * where they begin. WORDs:
 *
 *	FILE		all blocks in which FILE, an image of the same size,
 *			differs from IMG or the last FILE
 *	junk=N		block N, full of 'j'
 *	revoke=N	block N is revoked
 *	bad		a byte of the last block is wrong
 *	commit=TIME	the end of the transaction
 *	badcommit=TIME	the same, with a wrong checksum
 *	raw=KIND	a block of a kind with nothing more in it
 *	fast=N		a fast commit that follows transaction N
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>

#define MAGIC 0xc03b3998u

static ext2_filsys fs;
static size_t bs;
static char *old;	       /* all of the image so far */
static uint64_t old_bytes;
static unsigned char jsb[1024];
static bool csum2, csum3, sums, wide, fast, async_commit;
static unsigned first, last, at, sequence, seed, sum;
static unsigned char descriptor[65536];
static size_t fill;	       /* of the descriptor; 0: there is none */
static unsigned descriptor_at, data_at;

static void die(const char *what)
{
	fprintf(stderr, "putjournal: %s\n", what);
	exit(1);
}

static void put32(void *p, unsigned v)
{
	v = ext2fs_cpu_to_be32(v);
	memcpy(p, &v, 4);
}

static unsigned get32(const void *p)
{
	unsigned v;

	memcpy(&v, p, 4);
	return ext2fs_be32_to_cpu(v);
}

static void write_block(unsigned where, const void *data)
{
	blk64_t block;

	if (ext2fs_bmap2(fs, fs->super->s_journal_inum, NULL, NULL, 0, where,
			 NULL, &block) || !block ||
	    io_channel_write_blk64(fs->io, block, 1, data))
		die("journal block");
}

static unsigned take(void)
{
	unsigned n = at++;

	if (at == last)
		at = first;
	return n;
}

static void head(void *p, unsigned kind)
{
	memset(p, 0, bs);
	put32(p, MAGIC);
	put32((char *)p + 4, kind);
	put32((char *)p + 8, sequence);
}

static size_t tail(void)
{
	return csum2 || csum3 ? 4 : 0;
}

static void set_sum(unsigned char *p, size_t where)
{
	if (tail())
		put32(p + where, ext2fs_crc32c_le(seed, p, bs));
}

static size_t tag_bytes(void)
{
	if (csum3)
		return 16;
	return (wide ? 12 : 8) + (csum2 ? 2 : 0);
}

/* The data of blocks is summed after their descriptor: keep it. */
static unsigned char *kept;
static size_t kept_count;

static void end_descriptor(void)
{
	size_t i;

	if (!fill)
		return;
	set_sum(descriptor, bs - tail());
	write_block(descriptor_at, descriptor);
	sum = ext2fs_crc32_be(sum, descriptor, bs);
	for (i = 0; i < kept_count; i++)
		sum = ext2fs_crc32_be(sum, kept + i * bs, bs);
	kept_count = fill = 0;
}

static unsigned char *last_tag;

static void add(uint64_t number, const void *contents)
{
	unsigned flags = 2 | 8, s, be;
	unsigned char *data;

	if (fill && fill + tag_bytes() > bs - tail())
		end_descriptor();
	if (!fill) {
		head(descriptor, 1);
		descriptor_at = take();
		fill = 12;
		flags &= ~2u;	/* the first has the uuid */
	} else {
		last_tag[7] &= ~8;
	}
	kept = realloc(kept, (kept_count + 1) * bs);
	data = memcpy(kept + kept_count++ * bs, contents, bs);
	if (get32(data) == MAGIC) {
		put32(data, 0);
		flags |= 1;
	}
	be = ext2fs_cpu_to_be32(sequence);
	s = ext2fs_crc32c_le(seed, (void *)&be, 4);
	s = ext2fs_crc32c_le(s, data, bs);
	last_tag = descriptor + fill;
	put32(last_tag, number);
	put32(last_tag + 4, csum3 ? flags :
	      (csum2 ? (s & 0xffff) << 16 : 0) | flags);
	if (wide || csum3)
		put32(last_tag + 8, number >> 32);
	if (csum3)
		put32(last_tag + 12, s);
	fill += tag_bytes();
	if (!(flags & 2)) {
		memset(descriptor + fill, 0x55, 16);
		fill += 16;
	}
	data_at = take();
	write_block(data_at, data);
}

static char *load(const char *file, uint64_t *bytes)
{
	FILE *f = fopen(file, "rb");
	char *p;

	if (!f || fseek(f, 0, SEEK_END))
		die(file);
	*bytes = ftell(f);
	rewind(f);
	p = malloc(*bytes);
	if (!p || fread(p, 1, *bytes, f) != *bytes)
		die(file);
	fclose(f);
	return p;
}

static void add_image(const char *file)
{
	uint64_t bytes, i;
	char *new = load(file, &bytes);

	if (bytes != old_bytes)
		die("images differ in size");
	for (i = 0; i < bytes / bs; i++)
		if (memcmp(old + i * bs, new + i * bs, bs))
			add(i, new + i * bs);
	free(old);
	old = new;
}

static void add_revoke(uint64_t number)
{
	unsigned char p[65536];
	size_t end = 16;

	end_descriptor();
	head(p, 5);
	put32(p + end, wide ? number >> 32 : number);
	if (wide)
		put32(p + end + 4, number);
	put32(p + 12, end + (wide ? 8 : 4));
	set_sum(p, bs - tail());
	write_block(take(), p);
}

static void spoil(void)
{
	unsigned char *p = kept + (kept_count - 1) * bs;

	p[bs / 2] ^= 1;
	write_block(data_at, p);
	p[bs / 2] ^= 1;
}

static void commit(unsigned time, bool bad)
{
	unsigned char p[65536];

	end_descriptor();
	head(p, 2);
	put32(p + 52, time);
	if (sums) {
		p[12] = 1;
		p[13] = 4;
		put32(p + 16, sum);
	}
	set_sum(p, 16);
	p[17] ^= bad;
	write_block(take(), p);
	sequence++;
	sum = ~0U;
}

static void add_raw(unsigned kind)
{
	unsigned char p[65536];

	end_descriptor();
	head(p, kind);
	write_block(take(), p);
}

/* tags: head (9: features, transaction), tail (8: transaction, sum) */
static void add_fast(unsigned after)
{
	unsigned char p[65536] = { 9, 0, 8, 0, 0, 0, 0, 0 };
	unsigned le = ext2fs_cpu_to_le32(after);

	memcpy(p + 8, &le, 4);
	p[12] = 8;
	p[14] = bs - 16;
	p[15] = (bs - 16) >> 8;
	memcpy(p + 16, &le, 4);
	le = ext2fs_cpu_to_le32(ext2fs_crc32c_le(0, p, 20));
	memcpy(p + 20, &le, 4);
	write_block(last, p);
}

static void do_word(const char *word)
{
	const char *value = strchr(word, '=');
	unsigned long n = value ? strtoul(value + 1, NULL, 0) : 0;
	char junk[65536];

	memset(junk, 'j', sizeof(junk));
	if (!strncmp(word, "junk=", 5))
		add(n, junk);
	else if (!strncmp(word, "revoke=", 7))
		add_revoke(n);
	else if (!strncmp(word, "commit=", 7))
		commit(n, false);
	else if (!strncmp(word, "badcommit=", 10))
		commit(n, true);
	else if (!strncmp(word, "raw=", 4))
		add_raw(n);
	else if (!strncmp(word, "fast=", 5))
		add_fast(n);
	else if (!strcmp(word, "bad"))
		spoil();
	else
		add_image(word);
}

static void put_super(unsigned start, unsigned number)
{
	unsigned char p[65536];
	blk64_t block;

	if (ext2fs_bmap2(fs, fs->super->s_journal_inum, NULL, NULL, 0, 0, NULL,
			 &block) || io_channel_read_blk64(fs->io, block, 1, p))
		die("no journal");
	put32(p + 0x24, sums);
	put32(p + 0x28, 1 | (wide ? 2 : 0) | (async_commit ? 4 : 0) |
	      (csum2 ? 8 : 0) | (csum3 ? 16 : 0) | (fast ? 32 : 0));
	p[0x50] = csum2 || csum3 ? 4 : 0;
	if (fast)
		put32(p + 0x54, 16);
	put32(p + 0x18, number);
	put32(p + 0x1c, start);
	put32(p + 0xfc, 0);
	if (tail())
		put32(p + 0xfc, ext2fs_crc32c_le(~0U, p, 1024));
	write_block(0, p);
	memcpy(jsb, p, sizeof(jsb));
	first = get32(jsb + 0x14);
	last = get32(jsb + 0x10) - (fast ? 16 : 0);
	seed = ext2fs_crc32c_le(~0U, jsb + 0x30, 16);
}

int main(int argc, char **argv)
{
	int i;

	if (argc < 5)
		die("usage");
	csum2 = strchr(argv[2], '2');
	csum3 = strchr(argv[2], '3');
	sums = strchr(argv[2], 's');
	wide = strchr(argv[2], '6');
	fast = strchr(argv[2], 'f');
	async_commit = strchr(argv[2], 'a');
	initialize_ext2_error_table();
	old = load(argv[1], &old_bytes);
	if (ext2fs_open(argv[1], EXT2_FLAG_RW | EXT2_FLAG_64BITS, 0, 0,
			unix_io_manager, &fs))
		die(argv[1]);
	bs = fs->blocksize;
	at = strtoul(argv[3], NULL, 0);
	sequence = strtoul(argv[4], NULL, 0);
	sum = ~0U;
	put_super(at, sequence);
	for (i = 5; i < argc; i++)
		do_word(argv[i]);
	end_descriptor();
	ext2fs_set_feature_journal_needs_recovery(fs->super);
	if (fast)
		ext2fs_set_feature_fast_commit(fs->super);
	ext2fs_mark_super_dirty(fs);
	return ext2fs_close(fs) ? 1 : 0;
}
