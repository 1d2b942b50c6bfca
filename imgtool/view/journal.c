/* SPDX-License-Identifier: GPL-2.0 */
#include "imgtool/msg.h"
#include "imgtool/view/ext.h"

int ext_replay(struct ext *ext, const char *name)
{
	ext->needs_recovery = true;
	msg_warning(name, "was not unmounted: what is in its journal is not "
			  "shown; e2fsck repairs it");
	return 0;
}
