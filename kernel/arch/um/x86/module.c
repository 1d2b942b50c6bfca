// SPDX-License-Identifier: GPL-2.0
/* Relocation of modules (System V ABI, AMD64 supplement, "Relocation"). */
#include <linux/moduleloader.h>
#include <linux/elf.h>
#include <linux/kernel.h>
#include <linux/string.h>

static int relocate_one(void *loc, unsigned int type, u64 val)
{
	s64 rel = val - (u64)loc;

	switch (type) {
	case R_X86_64_NONE:
		return 0;
	case R_X86_64_64:
		memcpy(loc, &val, 8);
		return 0;
	case R_X86_64_32:
		if (val != (u32)val)
			return -EOVERFLOW;
		memcpy(loc, &val, 4);
		return 0;
	case R_X86_64_32S:
		if ((s64)val != (s32)val)
			return -EOVERFLOW;
		memcpy(loc, &val, 4);
		return 0;
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		if (rel != (s32)rel)
			return -EOVERFLOW;
		memcpy(loc, &rel, 4);
		return 0;
	case R_X86_64_PC64:
		memcpy(loc, &rel, 8);
		return 0;
	default:
		return -ENOEXEC;
	}
}

int apply_relocate_add(Elf64_Shdr *sechdrs, const char *strtab,
		       unsigned int symindex, unsigned int relsec,
		       struct module *me)
{
	Elf64_Rela *rel = (void *)sechdrs[relsec].sh_addr;
	Elf64_Shdr *target = &sechdrs[sechdrs[relsec].sh_info];
	Elf64_Sym *syms = (void *)sechdrs[symindex].sh_addr;
	unsigned int i, n = sechdrs[relsec].sh_size / sizeof(*rel);

	for (i = 0; i < n; i++) {
		unsigned int type = ELF64_R_TYPE(rel[i].r_info);
		Elf64_Sym *sym = syms + ELF64_R_SYM(rel[i].r_info);
		void *loc = (void *)target->sh_addr + rel[i].r_offset;
		int err = relocate_one(loc, type, sym->st_value + rel[i].r_addend);

		if (err == -ENOEXEC)
			pr_err("%s: relocation: unknown type %u\n", me->name, type);
		else if (err)
			pr_err("%s: relocation: type %u does not reach its target\n",
			       me->name, type);
		if (err)
			return -ENOEXEC;
	}
	return 0;
}
