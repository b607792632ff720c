/* Sine and cosine: x = n pi/2 + r with |r| <= pi/4, then a polynomial in r. pi/2 is split so that the products with n
 * are exact without fused arithmetic; angles beyond FAR go to libm, lane by lane. */

#ifndef AG_VEC_TRIG_NAMES
#define AG_VEC_TRIG_NAMES
#define v_sincos FN(v_sincos)
#define v_sin FN(v_sin)
#define v_cos FN(v_cos)
#define v_reduce FN(v_reduce)
#define FAR (F32 ? 2e5 : 1e6)
#endif

/* sin(r) = r + r^3 s(r^2), cos(r) = 1 - r^2 / 2 + r^4 c(r^2) */
static const T FN(sin_s)[] = {
#if F32
    -0x1.555546p-3f,
    0x1.11077cp-7f,
    -0x1.9955aep-13f,
#else
    -0x1.5555555555549p-3, 0x1.111111110f89cp-7,   -0x1.a01a019c141abp-13,
    0x1.71de3578ec7f7p-19, -0x1.ae5e66a316c42p-26, 0x1.5d9300af45508p-33,
#endif
};

static const T FN(cos_c)[] = {
#if F32
    0x1.55554ap-5f,
    -0x1.6c0c1ap-10f,
    0x1.99e0eep-16f,
#else
    0x1.555555555554cp-5,   -0x1.6c16c16c15217p-10, 0x1.a01a019cbe0a3p-16,
    -0x1.27e4f8116c525p-22, 0x1.1ee9f044d8ac5p-29,  -0x1.8fb0915d05287p-37,
#endif
};

/* The three parts of pi/2, 33 bits each but for the last. */
#define PIO2_1 0x1.921fb544p0
#define PIO2_2 0x1.0b4611a6p-34
#define PIO2_3 0x1.3198a2e037073p-69

#if F32
/* In double, where one correction is enough. */
VECTOR D FN(reduce_half)(D x, D n) {
    return WIDE(v_fma)(n, (D){0} - PIO2_2, WIDE(v_fma)(n, (D){0} - PIO2_1, x));
}

VECTOR V v_reduce(V x, V *n, V *low) {
    *n = v_round(x * 0x1.45f306p-1f);
    *low = SPLAT(0);
    D lo = FN(reduce_half)(v_widen_lo(x), v_widen_lo(*n)), hi = FN(reduce_half)(v_widen_hi(x), v_widen_hi(*n));
    return v_narrow(lo, hi);
}
#else
/* r + low, so that r keeps all its bits when x is close to a multiple of pi/2. */
VECTOR V v_reduce(V x, V *n, V *low) {
    *n = v_round(x * 0x1.45f306dc9c883p-1);
    V a = x - *n * PIO2_1, b = *n * PIO2_2; /* both exact */
    V r = a - b, shed = a - r;
    V lost = (a - (r + shed)) + (shed - b) - *n * PIO2_3;
    V sum = r + lost;
    *low = (r - sum) + lost;
    return sum;
}
#endif

/* sin(x + quarter pi/2) */
VECTOR V v_sincos(V x, LANE_UINT quarter) {
    V n, low, r = v_reduce(x, &n, &low), z = r * r, half = z * (T)0.5, w = 1 - half;
    V sine = r + v_fma(r * z, POLY(z, FN(sin_s)), low);
    V cosine = w + (((1 - w) - half) + v_fma(z * z, POLY(z, FN(cos_c)), -r * low));
    U k = (U)(n + ROUNDER) + quarter;
    V y = v_select(-(I)(k & 1), cosine, sine);
    return (V)((U)y ^ (k & 2) << (F32 ? 30 : 62));
}

VECTOR V v_sin(V x) {
    V y = v_select(x == 0, x, v_sincos(x, 0));
    I far = ~(v_abs(x) < (T)FAR);
    if (v_any(far))
        for (int i = 0; i < W; i++)
            if (far[i]) y[i] = F32 ? sinf((float)x[i]) : (T)sin(x[i]);
    return y;
}

VECTOR V v_cos(V x) {
    V y = v_sincos(x, 1);
    I far = ~(v_abs(x) < (T)FAR);
    if (v_any(far))
        for (int i = 0; i < W; i++)
            if (far[i]) y[i] = F32 ? cosf((float)x[i]) : (T)cos(x[i]);
    return y;
}
