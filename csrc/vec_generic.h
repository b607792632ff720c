/* Primitives in plain C: for the generic copy, on any machine. v_fma rounds twice here; whatever needs an exact product
 * uses v_product_error. */

#undef V_SCALES
#define V_SCALES 0
#undef V_PICKS
#define V_PICKS 0

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
    return a * b + c;
}

/* a in two halves of at most 12 (26) bits (Veltkamp), and what a product lost to rounding (Dekker 1971). */
VECTOR V FN(upper_half)(V a) {
    V scaled = a * (T)(F32 ? 4097 : 134217729);
    return scaled - (scaled - a);
}

VECTOR V v_product_error(V a, V b, V product) {
    V a1 = FN(upper_half)(a), a2 = a - a1, b1 = FN(upper_half)(b), b2 = b - b1;
    return a2 * b2 - (((product - a1 * b1) - a2 * b1) - a1 * b2);
}

VECTOR V v_greater(V a, V b) {
    return v_select(a > b, a, b);
}

VECTOR V v_lesser(V a, V b) {
    return v_select(a < b, a, b);
}

VECTOR V v_sqrt(V v) {
    for (int i = 0; i < W; i++) v[i] = F32 ? __builtin_sqrtf(v[i]) : __builtin_sqrt(v[i]);
    return v;
}

VECTOR V v_lookup(const T *table, I index) {
    V v;
    for (int i = 0; i < W; i++) v[i] = table[index[i] & 15];
    return v;
}

VECTOR int v_any(I mask) {
    typedef int64_t words __attribute__((vector_size(VBYTES)));
    words w = (words)mask;
    int64_t any = 0;
    for (int i = 0; i < VBYTES / 8; i++) any |= w[i];
    return any != 0;
}

VECTOR T v_hsum(V v) {
#if F32
    return (v[0] + v[2]) + (v[1] + v[3]);
#else
    return v[0] + v[1];
#endif
}

/* NaN in any lane comes out: x is kept unless y beats it or is NaN. */
#define BEST(op, x, y) ((x)op(y) || (x) != (x) ? (x) : (y))

VECTOR T v_hmax(V v) {
    T best = v[0];
    for (int i = 1; i < W; i++) best = BEST(>, best, v[i]);
    return best;
}

VECTOR T v_hmin(V v) {
    T best = v[0];
    for (int i = 1; i < W; i++) best = BEST(<, best, v[i]);
    return best;
}

#undef BEST

#if F32
VECTOR D v_widen_lo(V v) {
    return (D){v[0], v[1]};
}

VECTOR D v_widen_hi(V v) {
    return (D){v[2], v[3]};
}

VECTOR V v_narrow(D lo, D hi) {
    return (V){(float)lo[0], (float)lo[1], (float)hi[0], (float)hi[1]};
}
#endif
