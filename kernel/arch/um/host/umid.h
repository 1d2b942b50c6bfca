/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The folder of this instance, <uml_dir>/<umid>/, with its file `pid`. It is
 * made when somebody needs it and removed at the end, with a socket `mconsole`
 * that others may have left in it.
 */
#ifndef UM_HOST_UMID_H
#define UM_HOST_UMID_H

#include "../abi/types.h"

struct host_options;

/* Chooses the name and works out the paths; makes nothing. */
void umid_init(const struct host_options *o);

/* pid file, mconsole socket, folder, NULL. Empty list: no home folder. */
const char *const *umid_files(void);

/* Makes the folder and the pid file, once. 0 or -errno, with a message. */
int umid_make(void);

#endif
