/* Primitives for AVX2 with FMA. */

#undef V_SCALES
#define V_SCALES 0

#undef X86
#if F32
#define X86(op) _mm256_##op##_ps
#else
#define X86(op) _mm256_##op##_pd
#endif

/* All ones in lanes 0 .. n - 1. */
VECTOR __m256i FN(part_mask)(int64_t n) {
#if F32
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
#else
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
#endif
}

VECTOR V v_load_part(const T *p, int64_t n, T fill) {
    __m256i mask = FN(part_mask)(n);
    return v_select((I)mask, X86(maskload)(p, mask), v_set1(fill));
}

VECTOR void v_store_part(T *p, V v, int64_t n) {
    X86(maskstore)(p, FN(part_mask)(n), v);
}

#undef V_PICKS
#define V_PICKS F32
#if V_PICKS
VECTOR V v_pick(V v, I lane) {
    return _mm256_permutevar8x32_ps(v, (__m256i)lane);
}
#endif

VECTOR V v_fma(V a, V b, V c) {
    return X86(fmadd)(a, b, c);
}

VECTOR V v_product_error(V a, V b, V product) {
    return X86(fmsub)(a, b, product);
}

VECTOR V v_greater(V a, V b) {
    return X86(max)(a, b);
}

VECTOR V v_lesser(V a, V b) {
    return X86(min)(a, b);
}

VECTOR V v_sqrt(V v) {
    return X86(sqrt)(v);
}

VECTOR V v_lookup(const T *table, I index) {
#if F32
    const V low = _mm256_permutevar8x32_ps(v_load(table), (__m256i)index);
    const V high = _mm256_permutevar8x32_ps(v_load(table + 8), (__m256i)index);
    return _mm256_blendv_ps(low, high, (V)(index << 28));
#else
    return _mm256_i64gather_pd(table, (__m256i)(index & 15), 8);
#endif
}

VECTOR int v_any(I mask) {
    return X86(movemask)((V)mask) != 0;
}

/* The lanes folded by halves with OP, an SSE operation on two __m128 or __m128d. */
#undef FOLD
#if F32
#define FOLD(OP, v)                                                        \
    __m128 q = OP(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1)); \
    q = OP(q, _mm_movehl_ps(q, q));                                        \
    return _mm_cvtss_f32(OP(q, _mm_movehdup_ps(q)))
#define SSE(op) _mm_##op##_ps
#else
#define FOLD(OP, v)                                                         \
    __m128d q = OP(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1)); \
    return _mm_cvtsd_f64(OP(q, _mm_unpackhi_pd(q, q)))
#define SSE(op) _mm_##op##_pd
#endif

VECTOR T v_hsum(V v) {
    FOLD(SSE(add), v);
}

VECTOR T v_hmax(V v) {
    if (v_any(v != v)) return (T)NAN;
    FOLD(SSE(max), v);
}

VECTOR T v_hmin(V v) {
    if (v_any(v != v)) return (T)NAN;
    FOLD(SSE(min), v);
}

#undef SSE

#if F32
VECTOR D v_widen_lo(V v) {
    return _mm256_cvtps_pd(_mm256_castps256_ps128(v));
}

VECTOR D v_widen_hi(V v) {
    return _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1));
}

VECTOR V v_narrow(D lo, D hi) {
    return _mm256_set_m128(_mm256_cvtpd_ps(hi), _mm256_cvtpd_ps(lo));
}
#endif
