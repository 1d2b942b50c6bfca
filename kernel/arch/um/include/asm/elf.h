/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_UM_ELF_H
#define _ASM_UM_ELF_H

#include <linux/thread_info.h>
#include <asm/ptrace.h>
#include <asm/user.h>
#include <asm/processor.h>

typedef unsigned long elf_greg_t;
#define ELF_NGREG (sizeof(struct user_regs_struct) / sizeof(elf_greg_t))
typedef elf_greg_t elf_gregset_t[ELF_NGREG];
typedef struct user_i387_struct elf_fpregset_t;

/* Relocations a module may hold (System V ABI, AMD64 supplement) */
#define R_X86_64_NONE		0
#define R_X86_64_64		1
#define R_X86_64_PC32		2
#define R_X86_64_PLT32		4
#define R_X86_64_32		10
#define R_X86_64_32S		11
#define R_X86_64_PC64		24

#define ELF_CLASS	ELFCLASS64
#define ELF_DATA	ELFDATA2LSB
#define ELF_ARCH	EM_X86_64
#define elf_check_arch(x) ((x)->e_machine == EM_X86_64)

#define CORE_DUMP_USE_REGSET
#define ELF_EXEC_PAGESIZE	4096
#define ELF_ET_DYN_BASE		(TASK_SIZE / 3 * 2)
#define ELF_PLATFORM		"x86_64"

extern unsigned long um_elf_hwcap, um_elf_hwcap2;
#define ELF_HWCAP	um_elf_hwcap
#define ELF_HWCAP2	um_elf_hwcap2

/* There is no sigreturn in a vDSO of ours. */
static inline bool arch_syscall_is_vdso_sigreturn(struct pt_regs *regs)
{
	return false;
}

#define ELF_PLAT_INIT(regs, load_addr) do { } while (0)
#define SET_PERSONALITY(ex) do { } while (0)

extern unsigned long um_sigframe_size;
#define ARCH_DLINFO							\
do {									\
	NEW_AUX_ENT(AT_MINSIGSTKSZ, um_sigframe_size);			\
	NEW_AUX_ENT(AT_SYSINFO_EHDR, current->mm->context.vdso);	\
} while (0)

/* Maps the vDSO (kernel/vdso.c). */
#define ARCH_HAS_SETUP_ADDITIONAL_PAGES 1
struct linux_binprm;
int arch_setup_additional_pages(struct linux_binprm *bprm, int uses_interp);

#endif
