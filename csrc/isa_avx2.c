/* The copy for AVX2 with FMA. */
#include "table.h"

#if defined(__x86_64__)
#include <immintrin.h>

#undef AG_REFERENCE /* the references are compiled once, in isa_generic.c */
#define ISA avx2
#define VBYTES 32
#define ISA_HEADER "vec_avx2.h"

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#define F32 0
#include "bodies.h"
#undef F32
#define F32 1
#include "bodies.h"
#include "typed.h"

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
