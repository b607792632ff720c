/* The error function and the GELUs.
 *
 * Both come from the tail of the normal distribution, P(N > x) = exp(-x^2 / 2) m(x) for x >= 0, where Mills' ratio m
 * falls gently from 1/2 like 1 / x: m(x) (x + K) is a polynomial in (x - K) / (x + K) (after Shepherd and Laframboise
 * 1981). The exponential takes x^2 in two parts: in the tail its rounding would be magnified by x^2. */

#ifndef AG_VEC_GAUSS_NAMES
#define AG_VEC_GAUSS_NAMES
#define v_erf FN(v_erf)
#define v_erf_slope FN(v_erf_slope)
#define v_gelu FN(v_gelu)
#define v_gelu_slope FN(v_gelu_slope)
#define v_gelu_tanh FN(v_gelu_tanh)
#define v_gelu_tanh_slope FN(v_gelu_tanh_slope)
#define v_exp_square FN(v_exp_square)
#define v_mills FN(v_mills)
#endif

#undef MILLS_K
#undef ERF_SMALL
#undef NORMAL_MOST
#undef ERF_MOST
#if F32
#define MILLS_K 3.9375
#define ERF_SMALL 0.9f
#define NORMAL_MOST 14.6f /* beyond, exp(-x^2 / 2) is 0 */
#define ERF_MOST 10.3f    /* beyond, exp(-x^2) is 0 */
#else
#define MILLS_K 5.5
#define ERF_SMALL 1.0
#define NORMAL_MOST 38.9
#define ERF_MOST 27.4
#endif

static const T FN(mills_p)[] = {
#if F32
    0x1.821ad0p-1f,  -0x1.34d8eep-1f, 0x1.83fb2ap-2f,  -0x1.6c3c56p-3f, 0x1.be2492p-5f,
    -0x1.4a389ep-8f, -0x1.fa0dfap-9f, 0x1.5cb3c2p-10f, 0x1.20cb1ap-12f, -0x1.a594f6p-14f,
#else
    0x1.8c2b8893b5c8dp-1,   -0x1.5ed05c7e41a2ep-1,  0x1.1239b3f8c06dap-1,   -0x1.77dbb5cdda96cp-2,
    0x1.be33e6ee995f1p-3,   -0x1.c15806fa49133p-4,  0x1.71707b5751f1ap-5,   -0x1.c83edf4336947p-7,
    0x1.4034e561d1ebap-9,   0x1.1ab345dda7c6dp-12,  -0x1.544962c19c85ep-12, 0x1.2b891cc789714p-14,
    0x1.11cdc74442907p-16,  -0x1.96a48daad2187p-17, 0x1.df446ee8fcab6p-22,  0x1.8e5279be40c12p-20,
    -0x1.1f857c3abff56p-22, -0x1.7d6219a88f40dp-23, 0x1.afa6d3adc2ea7p-25,  0x1.8a19fc00b4c21p-26,
    -0x1.847395da94551p-28, -0x1.6296012e54b5ep-29,
#endif
};

/* erf(x) = x + x q(x^2) for small x */
static const T FN(erf_q)[] = {
#if F32
    0x1.06eba6p-3f, -0x1.8126ecp-2f, 0x1.ce1b86p-4f, -0x1.b69b96p-6f, 0x1.479cap-8f, -0x1.3ba9e4p-11f,
#else
    0x1.06eba8214db69p-3,  -0x1.812746b0379e6p-2,  0x1.ce2f21a042b20p-4,  -0x1.b82ce3128499dp-6,
    0x1.565bcd0db02f5p-8,  -0x1.c02db3d8ed4c7p-11, 0x1.f9a321a121b01p-14, -0x1.f4d1df398c897p-17,
    0x1.b9def1a0dff52p-20, -0x1.5f1d36d8bde7ep-23, 0x1.f7a4130abc9a7p-27, -0x1.386ac333657f4p-30,
    0x1.0579b0b5dd839p-34,
#endif
};

/* m(x) (x + K) for w = x / (x + K), 0 <= x <= NORMAL_MOST */
VECTOR V v_mills(V w) {
    return POLY(v_fma(w, SPLAT(2), SPLAT(-1)), FN(mills_p));
}

/* exp(scale x^2) = (1 + rise) 2^n for scale = -1 or -1/2. Returns rise. */
VECTOR V v_exp_square(V x, T scale, V *n) {
    V scaled = x * scale, square = x * scaled;
    return v_exp_parts(square, v_product_error(x, scaled, square), n);
}

VECTOR V v_erf(V x) {
    V size = v_lesser(SPLAT(6), v_abs(x)), z = size * size;
    V small = v_fma(size, POLY(z, FN(erf_q)), size);
    V y = size * (T)1.41421356237309504880, inverse = 1 / (y + (T)MILLS_K);
    V large = v_fma(v_exp_near(-z, NOTHING), v_mills(y * inverse) * inverse * -2, SPLAT(1));
    return v_copysign(v_select(size < ERF_SMALL, small, large), x);
}

/* 2 / sqrt(pi) exp(-x^2) */
VECTOR V v_erf_slope(V x) {
    V n, rise = v_exp_square(v_lesser(SPLAT(ERF_MOST), v_abs(x)), -1, &n), c = SPLAT(1.12837916709551257390);
    return v_ldexp(v_fma(rise, c, c), n);
}

/* x P(N <= x) = max(x, 0) - |x| P(N > |x|) */
VECTOR V v_gelu(V x) {
    V size = v_lesser(SPLAT(NORMAL_MOST), v_abs(x));
    V n, rise = v_exp_square(size, (T)-0.5, &n), w = size / (size + (T)MILLS_K), m = v_mills(w) * w;
    return v_greater(SPLAT(0), x) - v_ldexp(v_fma(m, rise, m), n);
}

/* Its derivative, P + x p with the density p = exp(-x^2 / 2) / sqrt(2 pi). */
VECTOR V v_gelu_slope(V x) {
    V size = v_lesser(SPLAT(NORMAL_MOST), v_abs(x));
    V n, rise = v_exp_square(size, (T)-0.5, &n), inverse = 1 / (size + (T)MILLS_K);
    V sum = v_fma(size, SPLAT(-0.39894228040143267794), v_mills(size * inverse) * inverse);
    V tail = v_ldexp(v_fma(sum, rise, sum), n);
    return v_select(x > 0, 1 - tail, tail);
}

/* --- the tanh form --------------------------------------------------------------------------------------------------
 * x (1 + tanh u) / 2 = x sigmoid(2 u), 2 u = x (A + B x^2) */

#undef GELU_A
#undef GELU_A_LOW
#undef GELU_B
#undef GELU_B_LOW
#if F32 /* A = 2 sqrt(2 / pi) and B = 0.044715 A, each in two parts */
#define GELU_A 0x1.988454p+0f
#define GELU_A_LOW -0x1.857936p-25f
#define GELU_B 0x1.2444f2p-4f
#define GELU_B_LOW 0x1.49b16ap-29f
#else
#define GELU_A 0x1.9884533d43651p+0
#define GELU_A_LOW -0x1.cbc0d30ebfd15p-54
#define GELU_B 0x1.2444f2a4d8b4bp-4
#define GELU_B_LOW -0x1.6c843a29d1c70p-61
#endif

/* exp(-2 |u|) = (1 + rise) 2^n for |x| = size, with 2 u in two parts: in the tail its rounding would be magnified.
 * Returns rise. */
VECTOR V FN(gelu_tanh_exp)(V size, V *n) {
    const V a = SPLAT(GELU_A), b = SPLAT(GELU_B);
    V square = size * size, term = b * square, inner = a + term;
    V shed = inner - a, low = (a - (inner - shed)) + (term - shed);
    low += v_product_error(b, square, term);
    low += v_fma(b, v_product_error(size, size, square), v_fma(square, SPLAT(GELU_B_LOW), SPLAT(GELU_A_LOW)));
    V u2 = size * inner, u2_low = v_fma(size, low, v_product_error(size, inner, u2));
    return v_exp_parts(-u2, -u2_low, n);
}

/* Beyond 22 the tail is 0 in double, beyond 12 in float. */
VECTOR V v_gelu_tanh(V x) {
    V size = v_lesser(SPLAT(F32 ? 12 : 22), v_abs(x));
    V n, rise = FN(gelu_tanh_exp)(size, &n);
    return v_greater(SPLAT(0), x) - v_taken(size, rise, n);
}

/* h + 2 x h (1 - h) u' with h = sigmoid(2 u); 0 or 1 beyond 10. */
VECTOR V v_gelu_tanh_slope(V x) {
    V near = v_greater(SPLAT(-11), v_lesser(SPLAT(11), x));
    V n, rise = FN(gelu_tanh_exp)(v_abs(near), &n), e = v_ldexp(rise + 1, n), inverse = 1 / (e + 1),
         other = e * inverse;
    V h = v_select(near > 0, inverse, other), inner = v_fma(near * near, SPLAT(3 * GELU_B), SPLAT(GELU_A));
    V slope = v_fma(near * inner, inverse * other, h);
    return v_select(v_abs(x) > 10, v_select(near > 0, SPLAT(1), SPLAT(0)), slope);
}
