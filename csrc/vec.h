/* The vector type of one instruction set and one dtype, over the compilers' vector extensions.
 *
 * An isa_*.c file sets ISA, VBYTES, ISA_HEADER and, in turn, F32 to 0 and 1, and includes this each time. Kernels see
 *   T scalar, W lanes, V vector of W T, I integer vector of the same lanes (comparisons give all ones or 0), U the
 *   same unsigned, for arithmetic on bits, D vector of double of the same bytes (half the lanes when T is float), and
 *   FN(name), the name of this copy.
 * Plain operators work on V and I. Multiplication and addition fuse only in v_fma.
 * No include guard: each inclusion makes another copy. */

#undef T
#undef W
#undef SUFFIX
#undef LANE_INT
#undef LANE_UINT
#if F32
#define T float
#define W (VBYTES / 4)
#define SUFFIX _f32
#define LANE_INT int32_t
#define LANE_UINT uint32_t
#else
#define T double
#define W (VBYTES / 8)
#define SUFFIX _f64
#define LANE_INT int64_t
#define LANE_UINT uint64_t
#endif

#ifndef AG_VEC_NAMES
#define AG_VEC_NAMES
#define AG_GLUE_(isa, name, suffix) ag_##isa##name##suffix
#define AG_GLUE(isa, name, suffix) AG_GLUE_(isa, name, suffix)
#define FN(name) AG_GLUE(ISA, _##name, SUFFIX)
#define WIDE(name) AG_GLUE(ISA, _##name, _f64) /* the double copy, seen from the float one */
#define REF(name) AG_GLUE(ref, _##name, SUFFIX)
#define V FN(vec)
#define I FN(ivec)
#define U FN(uvec)
#define D WIDE(vec)
#define VECTOR static inline __attribute__((always_inline, unused))

#define v_load FN(v_load)
#define v_store FN(v_store)
#define v_set1 FN(v_set1)
#define v_load_part FN(v_load_part)
#define v_store_part FN(v_store_part)
#define v_pick FN(v_pick)
#define v_fma FN(v_fma)
#define v_product_error FN(v_product_error)
#define v_select FN(v_select)
#define v_max FN(v_max)
#define v_min FN(v_min)
#define v_greater FN(v_greater)
#define v_lesser FN(v_lesser)
#define v_abs FN(v_abs)
#define v_sqrt FN(v_sqrt)
#define v_copysign FN(v_copysign)
#define v_any FN(v_any)
#define v_hsum FN(v_hsum)
#define v_hmax FN(v_hmax)
#define v_hmin FN(v_hmin)
#define v_round FN(v_round)
#define v_ldexp FN(v_ldexp)
#define v_log_parts FN(v_log_parts)
#define v_parts FN(v_parts)
#define v_lookup FN(v_lookup)
#define v_widen_lo FN(v_widen_lo)
#define v_widen_hi FN(v_widen_hi)
#define v_narrow FN(v_narrow)
#endif

typedef T V __attribute__((vector_size(VBYTES)));
typedef LANE_INT I __attribute__((vector_size(VBYTES)));
typedef LANE_UINT U __attribute__((vector_size(VBYTES)));
typedef T FN(unaligned) __attribute__((vector_size(VBYTES), aligned(1), may_alias));

/* --- loads, stores, constants ------------------------------------------------------------------------------------ */

VECTOR V v_load(const T *p) {
    return *(const FN(unaligned) *)p;
}

VECTOR void v_store(T *p, V v) {
    *(FN(unaligned) *)p = v;
}

VECTOR V v_set1(T s) {
    return s - (V){0}; /* subtracting +0 keeps -0 */
}

/* --- bits -------------------------------------------------------------------------------------------------------- */

#define SIGN_BIT ((I)v_set1((T)-0.0))

/* a where the mask is set, else b. In this form compilers see a blend. */
VECTOR V v_select(I mask, V a, V b) {
    const I set = mask < 0;
    return (V)((set & (I)a) | (~set & (I)b));
}

VECTOR V v_abs(V v) {
    return (V)((I)v & ~SIGN_BIT);
}

/* The magnitude of v with the sign of s. */
VECTOR V v_copysign(V v, V s) {
    return (V)(((I)v & ~SIGN_BIT) | ((I)s & SIGN_BIT));
}

/* --- what differs between instruction sets ----------------------------------------------------------------------- */

/* v_load_part(p, n, fill): lanes 0 .. n - 1 from p, the rest fill; v_store_part(p, v, n): the first n < W lanes.
 * v_greater(a, b), v_lesser(a, b): a > b ? a : b and a < b ? a : b, so NaN in b comes out.
 * v_any(mask): is any lane set. v_fma, v_sqrt.
 * v_pick(v, lane): lane[i] of v in lane i, where V_PICKS.
 * v_product_error(a, b, product): a b - product, where product is a b rounded.
 * v_lookup(table, index): of 16 numbers, that which the last four bits of index say.
 * v_hsum, v_hmax, v_hmin: lanes folded by halves, in a fixed order.
 * v_widen_lo, v_widen_hi, v_narrow: float to double and back by halves. */
#include ISA_HEADER

/* The larger and the smaller, NaN where either is NaN. */
VECTOR V v_max(V a, V b) {
    return v_select(a != a, a, v_greater(a, b));
}

VECTOR V v_min(V a, V b) {
    return v_select(a != a, a, v_lesser(a, b));
}

#include "vec_math.h"
