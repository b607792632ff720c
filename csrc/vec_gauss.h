/* The error function, the normal distribution, and the GELUs.
 *
 * All come from erfcx(x) = exp(x^2) erfc(x), x >= 0, which falls gently from 1 like 1 / x: erfcx(x) (x + K) is a
 * polynomial in (x - K) / (x + K) (after Shepherd and Laframboise 1981). The exponential takes x^2 in two parts: in the
 * tail a rounding of x^2 would be magnified by x^2. */

#ifndef AG_VEC_GAUSS_NAMES
#define AG_VEC_GAUSS_NAMES
#define v_erf FN(v_erf)
#define v_erf_slope FN(v_erf_slope)
#define v_normal FN(v_normal)
#define v_gelu FN(v_gelu)
#define v_gelu_slope FN(v_gelu_slope)
#define v_gelu_tanh FN(v_gelu_tanh)
#define v_gelu_tanh_slope FN(v_gelu_tanh_slope)
#define v_exp_square FN(v_exp_square)
#define v_tail FN(v_tail)
#endif

#undef ERFCX_K
#undef ERF_SMALL
#undef NORMAL_LEAST
#if F32
#define ERFCX_K 3.0
#define ERF_SMALL 0.9f
#define NORMAL_LEAST -14.6f /* below, the normal distribution is 0 */
#else
#define ERFCX_K 4.0
#define ERF_SMALL 1.0
#define NORMAL_LEAST -38.9
#endif

static const T FN(erfcx_p)[] = {
#if F32
    0x1.12f21ep+0f, -0x1.c44c4ap-1f, 0x1.2e3254p-1f, -0x1.3dea76p-2f, 0x1.e99f38p-4f,
    -0x1.b7db74p-6f, -0x1.49c81ap-10f, 0x1.940656p-9f, -0x1.ccd50ap-12f, -0x1.3d7ebep-12f,
#else
    0x1.18932bf08e154p+0, -0x1.f3fe31ecb49c3p-1, 0x1.8be202d26c726p-1, -0x1.14eacb1ad0185p-1, 0x1.52cac2370f252p-2,
    -0x1.645fd8a4ca1f0p-3, 0x1.38dbd2c93491dp-4, -0x1.b00c05257558ap-6, 0x1.908f46ecaacd0p-8, -0x1.269b60c0b8afep-12,
    -0x1.dd28304351bd4p-12, 0x1.72ce43554fb59p-13, -0x1.e80e500ef8ec4p-19, -0x1.3c7f5a6fcbde4p-16, 0x1.3b303d3481350p-18,
    0x1.808e6b95ee077p-20, -0x1.c779eb52372e2p-21, -0x1.755cb7ccbb15cp-24, 0x1.0abd992efe02dp-23, 0x1.4a016b6bf75a4p-27,
    -0x1.d98fe474cefe4p-27, -0x1.793db2838434ep-29,
#endif
};

/* erf(x) = x + x q(x^2) for small x */
static const T FN(erf_q)[] = {
#if F32
    0x1.06eba6p-3f, -0x1.8126ecp-2f, 0x1.ce1b86p-4f, -0x1.b69b96p-6f, 0x1.479cap-8f, -0x1.3ba9e4p-11f,
#else
    0x1.06eba8214db69p-3, -0x1.812746b0379e6p-2, 0x1.ce2f21a042b20p-4, -0x1.b82ce3128499dp-6, 0x1.565bcd0db02f5p-8,
    -0x1.c02db3d8ed4c7p-11, 0x1.f9a321a121b01p-14, -0x1.f4d1df398c897p-17, 0x1.b9def1a0dff52p-20, -0x1.5f1d36d8bde7ep-23,
    0x1.f7a4130abc9a7p-27, -0x1.386ac333657f4p-30, 0x1.0579b0b5dd839p-34,
#endif
};

/* erfcx(x / scale) for 0 <= x <= 40 */
VECTOR V v_tail(V x, T scale) {
    V inverse = 1 / (x + (T)ERFCX_K * scale);
    V q = (x - (T)ERFCX_K * scale) * inverse;
    return POLY(q, FN(erfcx_p)) * (inverse * scale);
}

/* exp(scale x^2) */
VECTOR V v_exp_square(V x, T scale) {
    V square = x * x;
    return v_exp_sum(square * scale, v_product_error(x, x, square) * scale);
}

VECTOR V v_erf(V x) {
    V size = v_lesser(SPLAT(6), v_abs(x)), z = size * size;
    V small = v_fma(size, POLY(z, FN(erf_q)), size);
    V large = 1 - v_exp(-z) * v_tail(size, 1);
    return v_copysign(v_select(size < ERF_SMALL, small, large), x);
}

/* 2 / sqrt(pi) exp(-x^2) */
VECTOR V v_erf_slope(V x) {
    V size = v_lesser(SPLAT(30), v_abs(x));
    return v_exp_square(size, -1) * (T)1.12837916709551257390;
}

/* P(N(0, 1) <= x) */
VECTOR V v_normal(V x) {
    V size = v_lesser(SPLAT(-NORMAL_LEAST), v_abs(x));
    V tail = v_exp_square(size, (T)-0.5) * (v_tail(size, (T)1.41421356237309504880) * (T)0.5);
    return v_select(x > 0, 1 - tail, tail);
}

/* x P(N(0, 1) <= x); the exponential comes last, for subnormal results. */
VECTOR V v_gelu(V x) {
    x = v_greater(SPLAT(NORMAL_LEAST), x);
    V size = v_lesser(SPLAT(-NORMAL_LEAST), v_abs(x));
    V rest = v_tail(size, (T)1.41421356237309504880) * (T)0.5, e = v_exp_square(size, (T)-0.5);
    return v_select(x > 0, x * (1 - rest * e), x * rest * e);
}

/* Its derivative, P + x p with the density p = exp(-x^2 / 2) / sqrt(2 pi). */
VECTOR V v_gelu_slope(V x) {
    V size = v_lesser(SPLAT(-NORMAL_LEAST), v_abs(x));
    V tail = v_tail(size, (T)1.41421356237309504880) * (T)0.5 - size * (T)0.39894228040143267794;
    V y = v_exp_square(size, (T)-0.5) * tail;
    return v_select(x > 0, 1 - y, y);
}

/* --- the tanh form ----------------------------------------------------------------------------------------------------
 * x (1 + tanh u) / 2 = x sigmoid(2 u), 2 u = x (A + B x^2) */

#define GELU_A 1.59576912160573071176 /* 2 sqrt(2 / pi) */
#define GELU_B 0.07135481627159864713 /* and that times 0.044715 */

/* exp(-2 |u|), 2 u in two parts: in the tail its rounding would be magnified. */
VECTOR V FN(gelu_tanh_exp)(V x) {
    const V a = SPLAT(GELU_A), b = SPLAT(GELU_B), a_low = SPLAT(GELU_A - (T)GELU_A), b_low = SPLAT(GELU_B - (T)GELU_B);
    V size = v_lesser(SPLAT(40), v_abs(x)), z = size * size;
    V term = b * z, slope = a + term;
    V low = (a - slope) + term; /* fine while a >= term; beyond, exact enough */
    low += v_fma(b, v_product_error(size, size, z), v_fma(b_low, z, a_low)) + v_product_error(b, z, term);
    V product = size * slope;
    return v_exp_sum(-product, -v_fma(size, low, v_product_error(size, slope, product)));
}

VECTOR V v_gelu_tanh(V x) {
    x = v_greater(SPLAT(-40), x);
    V e = FN(gelu_tanh_exp)(x);
    return v_select(x > 0, x, x * e) / (e + 1);
}

/* h + 2 x h (1 - h) u' with h = sigmoid(2 u); 0 or 1 beyond 10. */
VECTOR V v_gelu_tanh_slope(V x0) {
    V x = v_greater(SPLAT(-11), v_lesser(SPLAT(11), x0));
    V e = FN(gelu_tanh_exp)(x), inverse = 1 / (e + 1), other = e * inverse;
    V h = v_select(x > 0, inverse, other), inner = v_fma(x * x, SPLAT(3 * GELU_B), SPLAT(GELU_A));
    V slope = v_fma(x * inner, inverse * other, h);
    return v_select(v_abs(x0) > 10, v_select(x > 0, SPLAT(1), SPLAT(0)), slope);
}
