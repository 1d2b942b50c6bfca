// SPDX-License-Identifier: GPL-2.0
/*
 * A piece of "guest kernel text" that spins with known registers, and a
 * guest_irq_entry that notes what it finds, makes the loop's return address
 * the way out, and goes back with all registers as they were.
 */
#include "host-tests.h"

struct irq_frame irq_before, irq_found;

#define GPRS(op) \
	op(r15, 0) op(r14, 8) op(r13, 16) op(r12, 24) op(rbp, 32) op(rbx, 40) \
	op(r11, 48) op(r10, 56) op(r9, 64) op(r8, 72) op(rcx, 88) \
	op(rdx, 96) op(rsi, 104) op(rdi, 112)
#define LOAD(reg, off)	"movq irq_before+" #off "(%rip), %" #reg "\n"
#define STORE(reg, off)	"movq %" #reg ", irq_found+" #off "(%rip)\n"

__asm__(
	".pushsection .text\n"
	".globl irq_loop, irq_loop_start, irq_loop_end, guest_irq_entry\n"
	"irq_loop:\n"
	"	push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n"
	"	pushfq\n"
	"	movq %rsp, irq_before+136(%rip)\n"
	"	pushq irq_before+128(%rip)\n"
	GPRS(LOAD)
	"	movq irq_before+80(%rip), %rax\n"
	"	popfq\n"
	"irq_loop_start:\n"
	"	pause\n"
	"	jmp irq_loop_start\n"
	"irq_loop_end:\n"
	"irq_loop_out:\n"
	"	popfq\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp\n"
	"	ret\n"
	"guest_irq_entry:\n"
	GPRS(STORE)
	"	movq %rax, irq_found+80(%rip)\n"
	"	movq %rsp, irq_found+136(%rip)\n"
	"	pushfq\n"
	"	popq irq_found+128(%rip)\n"
	"	popq irq_found+120(%rip)\n"
	"	leaq irq_loop_out(%rip), %rax\n"
	"	jmp *%rax\n"
	".popsection\n");
