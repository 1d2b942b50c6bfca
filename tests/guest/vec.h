/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All vector, mask and x87 registers at once: vec_run loads them, does one
 * thing (system calls, a busy wait, a trap), and stores them, without any C
 * code between.
 */
#ifndef GUEST_VEC_H
#define GUEST_VEC_H

#include "tap.h"
#include <cpuid.h>

struct vec {
	unsigned char r[32][64]; /* xmm, ymm or zmm */
	unsigned long k[8];
	unsigned char st[8][16]; /* 10 bytes each */
	unsigned int mxcsr, fcw;
};

enum { SSE, AVX, AVX512 };

/*
 * count times: system call nr(a, b, c, d); then wait until *wait is not 0
 * (unless NULL); then ud2 if trap (a handler must step over it). Result: the
 * last system call's. For a fork, both processes come back.
 */
struct vec_op {
	long nr, a, b, c, d, count;
	volatile int *wait;
	long trap;
	long level;
	const struct vec *in;
	struct vec *out;
};
long vec_run(struct vec_op *op);

#define V16(op)                                                            \
	op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) \
		op(11) op(12) op(13) op(14) op(15)
#define V32(op)                                                               \
	op(16) op(17) op(18) op(19) op(20) op(21) op(22) op(23) op(24) op(25) \
		op(26) op(27) op(28) op(29) op(30) op(31)
#define V8(op)	op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7)
#define V8R(op) op(7) op(6) op(5) op(4) op(3) op(2) op(1) op(0)
#define LDX(n)	"	movups 64*" #n "(%rax), %xmm" #n "\n"
#define STX(n)	"	movups %xmm" #n ", 64*" #n "(%rax)\n"
#define LDY(n)	"	vmovdqu 64*" #n "(%rax), %ymm" #n "\n"
#define STY(n)	"	vmovdqu %ymm" #n ", 64*" #n "(%rax)\n"
#define LDZ(n)	"	vmovdqu64 64*" #n "(%rax), %zmm" #n "\n"
#define STZ(n)	"	vmovdqu64 %zmm" #n ", 64*" #n "(%rax)\n"
#define LDK(n)	"	kmovq 2048+8*" #n "(%rax), %k" #n "\n"
#define STK(n)	"	kmovq %k" #n ", 2048+8*" #n "(%rax)\n"
#define LDF(n)	"	fldt 2112+16*" #n "(%rax)\n"
#define STF(n)	"	fstpt 2112+16*" #n "(%rax)\n"

_Static_assert(offsetof(struct vec, k) == 2048 &&
		       offsetof(struct vec, st) == 2112 &&
		       offsetof(struct vec, mxcsr) == 2240,
	       "layout known to the assembly");

__asm__(".text\n"
	".type vec_run,@function\n"
	"vec_run:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14\n"
	"	sub $16, %rsp\n"
	"	stmxcsr (%rsp)\n"
	"	fnstcw 4(%rsp)\n"
	"	mov %rdi, %rbx\n"
	"	mov 72(%rbx), %rax\n" /* in */
	"	fninit\n"
	"	fldcw 2244(%rax)\n" V8R(
		LDF) "	ldmxcsr 2240(%rax)\n"
		     "	cmpq $1, 64(%rbx)\n"
		     "	jb 1f\n"
		     "	je 2f\n" V16(LDZ) V32(LDZ) V8(
			     LDK) "	jmp 3f\n"
				  "2:\n" V16(
					  LDY) "	jmp 3f\n"
					       "1:\n" V16(
						       LDX) "3:	mov 40(%rbx), %r12\n"
							    "	xor %eax, %eax\n"
							    "4:	test %r12, %r12\n"
							    "	jle 5f\n"
							    "	mov (%rbx), %rax\n"
							    "	mov 8(%rbx), %rdi\n"
							    "	mov 16(%rbx), %rsi\n"
							    "	mov 24(%rbx), %rdx\n"
							    "	mov 32(%rbx), %r10\n"
							    "	syscall\n"
							    "	dec %r12\n"
							    "	jmp 4b\n"
							    "5:	mov %rax, %r13\n"
							    "	mov 48(%rbx), %rcx\n"
							    "	test %rcx, %rcx\n"
							    "	jz 7f\n"
							    "6:	cmpl $0, (%rcx)\n"
							    "	je 6b\n"
							    "7:	cmpq $0, 56(%rbx)\n"
							    "	je 8f\n"
							    "	ud2\n"
							    "8:	mov 80(%rbx), %rax\n" /* out */
							    "	cmpq $1, 64(%rbx)\n"
							    "	jb 1f\n"
							    "	je 2f\n" V16(STZ) V32(STZ) V8(
								    STK) "	jmp 3f\n"
									 "2:\n" V16(
										 STY) "	jmp 3f\n"
										      "1:\n" V16(
											      STX) "3:	stmxcsr 2240(%rax)\n"
												   "	movl $0, 2244(%rax)\n"
												   "	fnstcw 2244(%rax)\n" V8(
													   STF) "	fninit\n"
														"	ldmxcsr (%rsp)\n"
														"	fldcw 4(%rsp)\n"
														"	cmpq $1, 64(%rbx)\n"
														"	jb 9f\n"
														"	vzeroupper\n"
														"9:	mov %r13, %rax\n"
														"	add $16, %rsp\n"
														"	pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
														"	ret\n");

static inline unsigned long xcr0(void)
{
	unsigned a, d, b, c;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return 3;
	__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	return a | (unsigned long)d << 32;
}

static inline int vec_level(void)
{
	unsigned a, b, c, d;

	if ((xcr0() & 0xe6) == 0xe6 &&
	    __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX512F) &&
	    (b & bit_AVX512BW))
		return AVX512;
	return (xcr0() & 6) == 6 ? AVX : SSE;
}

static inline const char *vec_name(int level)
{
	return level == AVX512 ? "AVX-512" : level == AVX ? "AVX" : "SSE";
}

/* Distinct values everywhere, from a seed. */
static inline void vec_fill(struct vec *v, unsigned seed)
{
	unsigned char *p = (unsigned char *)v;
	unsigned long s = seed * 0x9e3779b97f4a7c15UL + 1;

	for (size_t i = 0; i < sizeof *v; i++) {
		s ^= s << 13;
		s ^= s >> 7;
		s ^= s << 17;
		p[i] = (unsigned char)(s >> 32);
	}
	for (int i = 0; i < 8; i++) {
		v->st[i][7] |= 0x80; /* normal numbers: the integer bit set */
		v->st[i][8] = (unsigned char)(seed + (unsigned)i);
		v->st[i][9] = 0x3f;
	}
	v->mxcsr = 0x1f80 | (seed & 3) << 13;
	v->fcw = 0x037f & ~((seed & 3) << 10);
}

static inline int vec_width(int level)
{
	return level == AVX512 ? 64 : level == AVX ? 32 : 16;
}

/* 0, or what differs first. */
static inline const char *vec_differs(const struct vec *a, const struct vec *b,
				      int level)
{
	static __thread char what[32];

	for (int i = 0; i < (level == AVX512 ? 32 : 16); i++)
		if (memcmp(a->r[i], b->r[i], (size_t)vec_width(level))) {
			snprintf(what, sizeof what, "vector register %d", i);
			return what;
		}
	for (int i = 0; level == AVX512 && i < 8; i++)
		if (a->k[i] != b->k[i]) {
			snprintf(what, sizeof what, "k%d", i);
			return what;
		}
	for (int i = 0; i < 8; i++)
		if (memcmp(a->st[i], b->st[i], 10)) {
			snprintf(what, sizeof what, "st(%d)", i);
			return what;
		}
	if ((a->mxcsr ^ b->mxcsr) & 0xffc0)
		return "mxcsr";
	if ((a->fcw ^ b->fcw) & 0xf3f)
		return "x87 control word";
	return NULL;
}

static inline void vec_same(const struct vec *a, const struct vec *b, int level,
			    const char *what)
{
	const char *d = vec_differs(a, b, level);

	if (!ok(!d, "%s: %s registers keep their values", vec_name(level),
		what))
		tap_note("differs: %s", d);
}

#endif
