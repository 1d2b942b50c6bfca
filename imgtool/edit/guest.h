/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IMGTOOL_EDIT_GUEST_H
#define IMGTOOL_EDIT_GUEST_H

#include "imgtool/edit/edit.h"

/* For a file system in an engine. */
extern const struct edit_ops guest_ops;

#endif
