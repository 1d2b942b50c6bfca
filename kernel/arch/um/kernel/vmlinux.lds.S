/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The executable: guest kernel and, in sections of its own, the host side
 * with its libc (host/Makefile links those into one object). Only guest
 * kernel text lies between _stext and _etext: a signal handler tells the two
 * apart by that (abi/guest.h).
 */
#include <abi/layout.h>
#include <asm/page.h>
#include <asm/thread_info.h>
#include <asm/cache.h>
#define RO_EXCEPTION_TABLE_ALIGN 16
#define RUNTIME_DISCARD_EXIT
#include <asm-generic/vmlinux.lds.h>

OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)
ENTRY(_start)
jiffies = jiffies_64;

PHDRS
{
	headers PT_LOAD FLAGS(4) FILEHDR PHDRS;
	text PT_LOAD FLAGS(5);
	data PT_LOAD FLAGS(6);
	tls PT_TLS FLAGS(4);
	stack PT_GNU_STACK FLAGS(6);
}

SECTIONS
{
	. = UM_TEXT_START;
	PROVIDE_HIDDEN(__executable_start = .);
	PROVIDE_HIDDEN(__ehdr_start = .);
	_text = .;
	. = . + SIZEOF_HEADERS;

	.rela.iplt : {
		PROVIDE_HIDDEN(__rela_iplt_start = .);
		*(.rela.iplt .rela.plt .rela.ifunc)
		PROVIDE_HIDDEN(__rela_iplt_end = .);
	} :headers

	. = ALIGN(PAGE_SIZE);
	/* libc and host side; their .text was renamed by host/Makefile */
	.text.host : {
		KEEP(*(.init))
		*(.plt .iplt)
		*(.host.text .host.text.*)
		*(__libc_freeres_fn)
		KEEP(*(.fini))
	} :text

	. = ALIGN(PAGE_SIZE);
	_stext = .;
	HEAD_TEXT_SECTION
	.text : {
		TEXT_TEXT
		SCHED_TEXT
		LOCK_TEXT
		KPROBES_TEXT
		IRQENTRY_TEXT
		SOFTIRQENTRY_TEXT
		*(.fixup)
		*(.gnu.warning)
	} :text
	INIT_TEXT_SECTION(PAGE_SIZE)
	.exit.text : { EXIT_TEXT }
	_etext = .;

	. = ALIGN(PAGE_SIZE);
	/* chooses the segment for all that follows; never empty */
	.data.head : { QUAD(0) } :data
	RO_DATA(PAGE_SIZE)
	/* libc's; a kernel with KASAN would discard it below */
	.eh_frame : { KEEP(*(.eh_frame)) }
	.got : { *(.got) *(.igot) }
	.got.plt : { *(.got.plt) *(.igot.plt) }
	_sdata = .;
	RW_DATA(L1_CACHE_BYTES, PAGE_SIZE, THREAD_SIZE)
	_edata = .;

	. = ALIGN(PAGE_SIZE);
	__init_begin = .;
	INIT_DATA_SECTION(16)
	.exit.data : { EXIT_DATA }
	PERCPU_SECTION(L1_CACHE_BYTES)
	. = ALIGN(PAGE_SIZE);
	__init_end = .;

	/* libc's. The guest kernel's .init_array is its own (INIT_DATA). */
	.tdata : { *(.tdata .tdata.* .gnu.linkonce.td.*) } :data :tls
	.tbss : { *(.tbss .tbss.* .gnu.linkonce.tb.*) *(.tcommon) } :data :tls
	.preinit_array : {
		PROVIDE_HIDDEN(__preinit_array_start = .);
		KEEP(*(.preinit_array))
		PROVIDE_HIDDEN(__preinit_array_end = .);
	} :data
	.host_init_array : {
		PROVIDE_HIDDEN(__init_array_start = .);
		KEEP(*(.host.init_array))
		PROVIDE_HIDDEN(__init_array_end = .);
	}
	.host_fini_array : {
		PROVIDE_HIDDEN(__fini_array_start = .);
		KEEP(*(.host.fini_array))
		PROVIDE_HIDDEN(__fini_array_end = .);
	}
	__libc_subfreeres : { KEEP(*(__libc_subfreeres)) }
	__libc_atexit : { KEEP(*(__libc_atexit)) }
	__libc_IO_vtables : { KEEP(*(__libc_IO_vtables)) }

	BSS_SECTION(0, PAGE_SIZE, PAGE_SIZE)
	__libc_freeres_ptrs : { *(__libc_freeres_ptrs) }
	_end = .;
	end = .;

	STABS_DEBUG
	DWARF_DEBUG
	ELF_DETAILS
	DISCARDS
}
