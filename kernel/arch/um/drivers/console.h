/* SPDX-License-Identifier: GPL-2.0 */
/* What the rest of the port wants of the console driver. */
#ifndef UM_DRIVERS_CONSOLE_H
#define UM_DRIVERS_CONSOLE_H

/* From setup_arch(): a panic before the first console prints the log on the
 * host's stderr. */
void um_console_early(void);

/* Hard interrupt context: VCPU_PENDING_WINCH, the host's window changed. */
void um_console_winch(void);

#endif
