/* Primitives for NEON on aarch64. */

#undef V_SCALES
#define V_SCALES 0
#undef V_PICKS
#define V_PICKS 0

#undef NEON
#if F32
#define NEON(op) op##_f32
#define NEON_V float32x4_t
#else
#define NEON(op) op##_f64
#define NEON_V float64x2_t
#endif

VECTOR V v_load_part(const T *p, int64_t n, T fill) {
    V v = v_set1(fill);
    for (int64_t i = 0; i < W; i++)
        if (i < n) v[i] = p[i];
    return v;
}

VECTOR void v_store_part(T *p, V v, int64_t n) {
    for (int64_t i = 0; i < W; i++)
        if (i < n) p[i] = v[i];
}

VECTOR V v_fma(V a, V b, V c) {
    return (V)NEON(vfmaq)((NEON_V)c, (NEON_V)a, (NEON_V)b);
}

VECTOR V v_product_error(V a, V b, V product) {
    return v_fma(a, b, -product);
}

/* NaN in either operand comes out. */
VECTOR V v_greater(V a, V b) {
    return (V)NEON(vmaxq)((NEON_V)a, (NEON_V)b);
}

VECTOR V v_lesser(V a, V b) {
    return (V)NEON(vminq)((NEON_V)a, (NEON_V)b);
}

VECTOR V v_sqrt(V v) {
    return (V)NEON(vsqrtq)((NEON_V)v);
}

VECTOR V v_lookup(const T *table, I index) {
    V v;
    for (int i = 0; i < W; i++) v[i] = table[index[i] & 15];
    return v;
}

VECTOR int v_any(I mask) {
    return vmaxvq_u32((uint32x4_t)mask) != 0;
}

VECTOR T v_hsum(V v) {
#if F32
    return (v[0] + v[2]) + (v[1] + v[3]);
#else
    return v[0] + v[1];
#endif
}

VECTOR T v_hmax(V v) {
    return NEON(vmaxvq)((NEON_V)v);
}

VECTOR T v_hmin(V v) {
    return NEON(vminvq)((NEON_V)v);
}

#if F32
VECTOR D v_widen_lo(V v) {
    return (D)vcvt_f64_f32(vget_low_f32((float32x4_t)v));
}

VECTOR D v_widen_hi(V v) {
    return (D)vcvt_high_f64_f32((float32x4_t)v);
}

VECTOR V v_narrow(D lo, D hi) {
    return (V)vcvt_high_f32_f64(vcvt_f32_f64((float64x2_t)lo), (float64x2_t)hi);
}
#endif
#undef NEON_V
