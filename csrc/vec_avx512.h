/* Primitives for AVX-512 (F, DQ, BW, VL). */

#undef X86
#if F32
#define X86(op) _mm512_##op##_ps
#else
#define X86(op) _mm512_##op##_pd
#endif

/* Lanes 0 .. n - 1, as bits. */
#define PART(n) (F32 ? (__mmask16)((1u << (n)) - 1) : (__mmask16)(__mmask8)((1u << (n)) - 1))

VECTOR V v_load_part(const T *p, int64_t n, T fill) {
    return X86(mask_loadu)(v_set1(fill), PART(n), p);
}

VECTOR void v_store_part(T *p, V v, int64_t n) {
    X86(mask_storeu)(p, PART(n), v);
}

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

/* Scaling by powers of two and taking numbers apart: one instruction each. */
#undef V_SCALES
#define V_SCALES 1

VECTOR V v_ldexp(V x, V n) {
    return X86(scalef)(x, n);
}

/* x = 2^n m with m from 3/4 to 3/2, for 0 < x < infinity */
VECTOR V v_log_parts(V x, V *n) {
    V m = X86(getmant)(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_src);
    *n = X86(getexp)(x) - X86(getexp)(m);
    return m;
}

/* x = 2^n m with m from 1 to 2, for 0 < x < infinity */
VECTOR V v_parts(V x, V *n) {
    *n = X86(getexp)(x);
    return X86(getmant)(x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src);
}

VECTOR V v_lookup(const T *table, I index) {
#if F32
    return _mm512_permutexvar_ps((__m512i)index, v_load(table));
#else
    return _mm512_permutex2var_pd(v_load(table), (__m512i)index, v_load(table + 8));
#endif
}

#undef V_PICKS
#define V_PICKS 1

VECTOR V v_pick(V v, I lane) {
    return X86(permutexvar)((__m512i)lane, v);
}

VECTOR int v_any(I mask) {
#if F32
    return _mm512_movepi32_mask((__m512i)mask) != 0;
#else
    return _mm512_movepi64_mask((__m512i)mask) != 0;
#endif
}

VECTOR T v_hsum(V v) {
    return X86(reduce_add)(v);
}

VECTOR T v_hmax(V v) {
    return v_any(v != v) ? (T)NAN : X86(reduce_max)(v);
}

VECTOR T v_hmin(V v) {
    return v_any(v != v) ? (T)NAN : X86(reduce_min)(v);
}

#if F32
VECTOR D v_widen_lo(V v) {
    return _mm512_cvtps_pd(_mm512_castps512_ps256(v));
}

VECTOR D v_widen_hi(V v) {
    return _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1));
}

VECTOR V v_narrow(D lo, D hi) {
    return _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(lo)), _mm512_cvtpd_ps(hi), 1);
}
#endif
