// SPDX-License-Identifier: GPL-2.0
/*
 * Owners: uidmap= and gidmap=, ranges GUEST:HOST:COUNT. Without any, owners
 * are the same on both sides.
 */
#include <linux/fs.h>
#include <linux/highuid.h>
#include <linux/kstrtox.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "hostfs.h"

/* Neither end reaches the id that means none. */
static bool fits(u32 first, u32 count)
{
	return count && first <= U32_MAX - count;
}

static bool overlap(u32 a, u32 a_count, u32 b, u32 b_count)
{
	return a - b < b_count || b - a < a_count;
}

static int add_ids(struct hostfs_idmap *map, char *text)
{
	const char *guest = strsep(&text, ":"), *host = strsep(&text, ":");
	struct hostfs_idrange r;
	unsigned int i;

	if (!host || !text || kstrtou32(guest, 10, &r.guest) ||
	    kstrtou32(host, 10, &r.host) || kstrtou32(text, 10, &r.count))
		return -EINVAL;
	if (map->n == HOSTFS_IDRANGES || !fits(r.guest, r.count) ||
	    !fits(r.host, r.count))
		return -EINVAL;
	for (i = 0; i < map->n; i++) {
		const struct hostfs_idrange *o = &map->range[i];

		if (overlap(o->guest, o->count, r.guest, r.count) ||
		    overlap(o->host, o->count, r.host, r.count))
			return -EINVAL;
	}
	map->range[map->n++] = r;
	return 0;
}

int hostfs_idmap_parse(struct hostfs_idmap *map, char *text)
{
	char *range;
	int err = -EINVAL;

	while ((range = strsep(&text, ","))) {
		err = add_ids(map, range);
		if (err)
			break;
	}
	return err;
}

u32 hostfs_id_in(const struct hostfs_idmap *map, u32 host)
{
	unsigned int i;

	if (!map->n)
		return host;
	for (i = 0; i < map->n; i++) {
		const struct hostfs_idrange *r = &map->range[i];

		if (host - r->host < r->count)
			return r->guest + (host - r->host);
	}
	return DEFAULT_OVERFLOWUID;
}

bool hostfs_id_out(const struct hostfs_idmap *map, u32 guest, u32 *host)
{
	unsigned int i;

	*host = guest;
	if (!map->n)
		return true;
	for (i = 0; i < map->n; i++) {
		const struct hostfs_idrange *r = &map->range[i];

		if (guest - r->guest < r->count) {
			*host = r->host + (guest - r->guest);
			return true;
		}
	}
	return false;
}

/* As options, each range for itself: commas separate options. */
void hostfs_idmap_show(struct seq_file *m, const char *name,
		       const struct hostfs_idmap *map)
{
	unsigned int i;

	for (i = 0; i < map->n; i++)
		seq_printf(m, ",%s=%u:%u:%u", name, map->range[i].guest,
			   map->range[i].host, map->range[i].count);
}
