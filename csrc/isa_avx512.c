/* The copy for AVX-512, the part every server processor since 2017 has. */
#include "table.h"

#if defined(__x86_64__)
#include <immintrin.h>

#undef AG_REFERENCE /* the references are compiled once, in isa_generic.c */
#define ISA avx512
#define VBYTES 64
#define ISA_HEADER "vec_avx512.h"

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), \
                             apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")
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
