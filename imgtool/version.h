/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IMGTOOL_VERSION_H
#define IMGTOOL_VERSION_H

/*
 * imgtool --version [--json]: print the version, as JSON with those of the
 * libraries that are loaded. argv[0] is --version. Returns an exit status.
 */
int version_print(int argc, char **argv);

#endif
