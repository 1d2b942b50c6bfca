/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_CPUFEATURES_H
#define _ASM_UM_CPUFEATURES_H

/* The start-up probe asks for FSGSBASE; every CPU that has it has these. */
#define X86_FEATURE_CX8		0
#define X86_FEATURE_CX16	1
#define boot_cpu_has(feature)	1

#endif
