/* SPDX-License-Identifier: GPL-2.0 */
/* Actions of imgtool cow: each takes its operands and returns a status. */
#ifndef IMGTOOL_COW_COW_H
#define IMGTOOL_COW_COW_H

int cow_upgrade_file(char **operand);

#endif
