// SPDX-License-Identifier: GPL-2.0
/*
 * Gives each program the vDSO (vdso/): data pages, and behind them the code.
 * Both lie in physmem, for guest processes to map. A program in a time
 * namespace finds the namespace's offsets in the first data page, and the
 * clock data in the second.
 */
#include <linux/binfmts.h>
#include <linux/cpumask.h>
#include <linux/elf.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/time_namespace.h>
#include <asm/elf.h>
#include <asm/um.h>
#include <asm/vdso.h>
#include <vdso/datapage.h>
#include <abi/host.h>
#include <asm/vdso/vsyscall.h>

extern const char um_vdso_image[], um_vdso_image_end[];

struct vdso_data *um_vdso_data __ro_after_init;
static unsigned long code_bytes __ro_after_init;

void __init um_vdso_alloc_data(void)
{
	BUILD_BUG_ON(sizeof(*um_vdso_data) * CS_BASES > VDSO_RNG_OFFSET);
	BUILD_BUG_ON(VDSO_RNG_OFFSET + sizeof(struct vdso_rng_data) > PAGE_SIZE);
	um_vdso_data = memblock_alloc(PAGE_SIZE, PAGE_SIZE);
	if (!um_vdso_data)
		panic("mem: no memory for the vDSO's data\n");
	um_vdso_data->arch_data.one_cpu = num_possible_cpus() == 1;
}

/* ---- data ---- */

#ifdef CONFIG_TIME_NS
struct vdso_data *arch_get_vdso_data(void *page)
{
	return page;
}
#endif

static unsigned long clock_pfn(void)
{
	return virt_to_pfn(um_vdso_data);
}

static vm_fault_t data_fault(const struct vm_special_mapping *sm,
			     struct vm_area_struct *vma, struct vm_fault *vmf)
{
	struct page *namespace = find_timens_vvar_page(vma);

	switch (vmf->pgoff) {
	case 0:
		return vmf_insert_pfn(vma, vmf->address,
				      namespace ? page_to_pfn(namespace) :
				      clock_pfn());
	case 1:
		if (namespace)
			return vmf_insert_pfn(vma, vmf->address, clock_pfn());
		return VM_FAULT_SIGBUS;
	default:
		return VM_FAULT_SIGBUS;
	}
}

static const struct vm_special_mapping data_mapping = {
	.name = "[vvar]",
	.fault = data_fault,
};

/* ---- code ---- */

static int code_mremap(const struct vm_special_mapping *sm,
		       struct vm_area_struct *vma)
{
	current->mm->context.vdso = vma->vm_start;
	return 0;
}

static struct vm_special_mapping code_mapping __ro_after_init = {
	.name = "[vdso]",
	.mremap = code_mremap,
};

static int __init init_code(void)
{
	unsigned long size = um_vdso_image_end - um_vdso_image;
	unsigned long i, n = PFN_UP(size);
	struct page **pages = kcalloc(n + 1, sizeof(*pages), GFP_KERNEL | __GFP_NOFAIL);

	for (i = 0; i < n; i++) {
		pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO | __GFP_NOFAIL);
		memcpy(page_address(pages[i]), um_vdso_image + i * PAGE_SIZE,
		       min(size - i * PAGE_SIZE, PAGE_SIZE));
	}
	code_mapping.pages = pages;
	code_bytes = n * PAGE_SIZE;
	return 0;
}
arch_initcall(init_code);

#ifdef CONFIG_TIME_NS
/* The task's first data page is another one from now on. */
int vdso_join_timens(struct task_struct *task, struct time_namespace *ns)
{
	struct mm_struct *mm = task->mm;
	struct vm_area_struct *vma;
	VMA_ITERATOR(vmi, mm, 0);

	mmap_read_lock(mm);
	for_each_vma(vmi, vma)
		if (vma_is_special_mapping(vma, &data_mapping))
			zap_vma_pages(vma);
	mmap_read_unlock(mm);
	return 0;
}
#endif

/* ---- the vsyscall page ---- */

/*
 * The host gives each of its processes, guest programs too, the page with the calls
 * of old programs; its calls come as notifications like all others. All that is left
 * to do is to tell of it, in /proc/PID/maps.
 */
#define VSYSCALL_START 0xffffffffff600000ul

static const char *vsyscall_name(struct vm_area_struct *vma)
{
	return "[vsyscall]";
}

static const struct vm_operations_struct vsyscall_ops = {
	.name = vsyscall_name,
};

static struct vm_area_struct vsyscall_vma __ro_after_init = {
	.vm_start = VSYSCALL_START,
	.vm_end = VSYSCALL_START + PAGE_SIZE,
	.vm_ops = &vsyscall_ops,
};

static int __init init_vsyscall(void)
{
	if (um_boot->vsyscall_prot & HOST_PROT_READ)
		vm_flags_init(&vsyscall_vma, VM_READ | VM_EXEC);
	else
		vm_flags_init(&vsyscall_vma, VM_EXEC);
	return 0;
}
arch_initcall(init_vsyscall);

struct vm_area_struct *get_gate_vma(struct mm_struct *mm)
{
	return um_boot->vsyscall_prot ? &vsyscall_vma : NULL;
}

int in_gate_area_no_mm(unsigned long addr)
{
	return um_boot->vsyscall_prot && (addr & PAGE_MASK) == VSYSCALL_START;
}

int in_gate_area(struct mm_struct *mm, unsigned long addr)
{
	return in_gate_area_no_mm(addr);
}

/* ---- a new program ---- */

static int install(unsigned long addr, unsigned long data_bytes)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;

	vma = _install_special_mapping(mm, addr, data_bytes,
			VM_READ | VM_MAYREAD | VM_IO | VM_DONTDUMP | VM_PFNMAP,
			&data_mapping);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	vma = _install_special_mapping(mm, addr + data_bytes, code_bytes,
			VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC,
			&code_mapping);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	mm->context.vdso = addr + data_bytes;
	return 0;
}

int arch_setup_additional_pages(struct linux_binprm *bprm, int uses_interp)
{
	const unsigned long data_bytes = VDSO_DATA_PAGES * PAGE_SIZE;
	struct mm_struct *mm = current->mm;
	unsigned long addr;
	int err;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	addr = get_unmapped_area(NULL, 0, data_bytes + code_bytes, 0, 0);
	err = IS_ERR_VALUE(addr) ? (int)addr : install(addr, data_bytes);
	mmap_write_unlock(mm);
	return err;
}
