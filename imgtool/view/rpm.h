/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IMGTOOL_VIEW_RPM_H
#define IMGTOOL_VIEW_RPM_H

#include <stddef.h>
#include <stdint.h>

/* What is wanted of a package's header; strings are inside of it, or NULL. */
struct rpm_header {
	const char *name, *version, *release, *arch;
	uint32_t epoch;
};

/* 0, or -EBADMSG. A header without a name is damaged. */
int rpm_parse(const uint8_t *data, size_t size, struct rpm_header *header);

#endif
