/* exp, log and what is made of them, for the vector type of vec.h: at most 2 ulp in float and 4 ulp in double (gelu 4
 * in both; a quarter more where v_fma rounds twice), right for NaN, infinities and subnormals. Every lane is computed
 * alone: branches on v_any only skip work that no lane needs.
 *
 * The polynomials are minimax (Remez), the coefficients lowest first; the reductions are those of Cody and Waite (1980)
 * and of fdlibm (Sun Microsystems 1993). */

#ifndef AG_VEC_MATH_NAMES
#define AG_VEC_MATH_NAMES
#define v_poly FN(v_poly)
#define v_pow2 FN(v_pow2)
#define v_exp_parts FN(v_exp_parts)
#define v_exp_near FN(v_exp_near)
#define v_taken FN(v_taken)
#define v_exp FN(v_exp)
#define v_exp_fall FN(v_exp_fall)
#define v_log_sum FN(v_log_sum)
#define v_log FN(v_log)
#define v_sigmoid FN(v_sigmoid)
#define v_tanh FN(v_tanh)
#define v_softplus FN(v_softplus)
#define v_silu FN(v_silu)
#define v_silu_slope FN(v_silu_slope)

#define POLY(x, c) v_poly(x, c, (int)(sizeof(c) / sizeof((c)[0])))
#define SPLAT(s) v_set1((T)(s))
#define INF ((T)INFINITY)
#define LOG2_E 1.44269504088896340736
#define LN_2 0.69314718055994530942
#endif

#undef MANTISSA
#undef BIAS
#undef ROUNDER
#undef TINY
#undef LN2_HI
#undef LN2_LO
#undef EXP_MOST
#undef EXP_LEAST
#if F32
#define MANTISSA 23
#define BIAS 127
#define ROUNDER 0x1.8p23f /* added and subtracted, rounds to an integer; added, puts it into the lowest bits */
#define TINY 0x1p-126f    /* the least normal number */
#define LN2_HI 0x1.63p-1f /* so short that its product with an exponent is exact */
#define LN2_LO -0x1.bd0106p-13f
#define EXP_MOST 89.0f /* beyond these exp overflows, or is 0 */
#define EXP_LEAST -104.0f
#else
#define MANTISSA 52
#define BIAS 1023
#define ROUNDER 0x1.8p52
#define TINY 0x1p-1022
#define LN2_HI 0x1.62e42feep-1
#define LN2_LO 0x1.a39ef35793c76p-33
#define EXP_MOST 710.0
#define EXP_LEAST -746.0
#endif

/* c[0] + c[1] x + ... + c[n - 1] x^(n - 1), by Horner's rule; a long one by its even and odd powers, side by side. */
VECTOR V v_poly(V x, const T *c, int n) {
    V y = v_set1(c[n - 1]);
    if (n < 9) {
        for (int i = n - 2; i >= 0; i--) y = v_fma(y, x, v_set1(c[i]));
        return y;
    }
    V square = x * x, z = v_set1(c[n - 2]);
    for (int i = n - 3; i >= 1; i -= 2) {
        y = v_fma(y, square, v_set1(c[i]));
        z = v_fma(z, square, v_set1(c[i - 1]));
    }
    return n % 2 ? v_fma(z, x, v_fma(y, square, v_set1(c[0]))) : v_fma(y, x, z);
}

/* The nearest integer, ties to even, for |x| below 2^22 (2^51). */
VECTOR V v_round(V x) {
    return (x + ROUNDER) - ROUNDER;
}

/* 2^(n + more) for integers in the range of exponents. */
VECTOR V v_pow2(V n, int more) {
    return (V)((U)(n + (ROUNDER + BIAS + (T)more)) << MANTISSA);
}

#if !V_SCALES
/* x 2^n, in two steps so that only the last one rounds when the result is subnormal. */
VECTOR V v_ldexp(V x, V n) {
    V half = v_round(n * (T)0.5);
    return x * v_pow2(half, 0) * v_pow2(n - half, 0);
}

/* x = 2^n m with m from least to 2 least, for 0 < x < infinity; subnormal x are scaled first. */
VECTOR V FN(parts_from)(U least, V x, V *n) {
    const U fraction = ((LANE_UINT)1 << MANTISSA) - 1 - (U){0};
    I subnormal = x < TINY;
    x = v_select(subnormal, x * (T)0x1p60, x);
    U bits = (U)x - least;
    *n = (V)((U)((I)bits >> MANTISSA) + (U)SPLAT(ROUNDER)) - ROUNDER;
    *n = v_select(subnormal, *n - 60, *n);
    return (V)((bits & fraction) + least);
}

VECTOR V v_log_parts(V x, V *n) {
    return FN(parts_from)((U)SPLAT(0.75), x, n);
}

VECTOR V v_parts(V x, V *n) {
    return FN(parts_from)((U)SPLAT(1), x, n);
}
#endif

/* --- exp --------------------------------------------------------------------------------------------------------- */

/* exp(r) = 1 + r + r^2 q(r) on |r| <= ln(2) / 2 */
static const T FN(exp_q)[] = {
#if F32
    0x1.fffffcp-2f, 0x1.55548ap-3f, 0x1.55584ep-5f, 0x1.123f3p-7f, 0x1.6ad14ap-10f,
#else
    0x1p-1,
    0x1.555555555555bp-3,
    0x1.5555555555501p-5,
    0x1.111111110ebcep-7,
    0x1.6c16c16c30ab8p-10,
    0x1.a01a01b3b6e36p-13,
    0x1.a01a01355e99bp-16,
    0x1.71ddef906b374p-19,
    0x1.27e5b5a7a079fp-22,
    0x1.af6ce8032eff6p-26,
    0x1.1e3c89e817763p-29,
#endif
};

/* exp(x + low) = (1 + rise) 2^n, for a low that only corrects x: x + low = n ln 2 + r, rise = exp(r) - 1.
 * Returns rise. */
VECTOR V v_exp_parts(V x, V low, V *n) {
    *n = v_fma(x + low, SPLAT(LOG2_E), SPLAT(ROUNDER)) - ROUNDER;
    V r = v_fma(*n, SPLAT(-LN2_LO), v_fma(*n, SPLAT(-LN2_HI), x)) + low;
    return v_fma(r * r, POLY(r, FN(exp_q)), r);
}

#define NOTHING SPLAT(-0.0) /* adding it changes nothing, and costs nothing */

/* exp(x + low) for x from EXP_LEAST to EXP_MOST */
VECTOR V v_exp_near(V x, V low) {
    V n, rise = v_exp_parts(x, low, &n);
    return v_ldexp(rise + 1, n);
}

VECTOR V v_exp(V x) {
    return v_exp_near(v_greater(SPLAT(EXP_LEAST), v_lesser(SPLAT(EXP_MOST), x)), NOTHING);
}

/* exp(-|x|) */
VECTOR V v_exp_fall(V x) {
    return v_exp_near(v_greater(SPLAT(EXP_LEAST), -v_abs(x)), NOTHING);
}

/* --- log --------------------------------------------------------------------------------------------------------- */

static const T FN(log_q)[] = {
#if F32 /* log(1 + f) = f - f^2 / 2 + f^3 q(f) */
    0x1.5555a4p-2f, -0x1.fffdacp-3f, 0x1.996462p-3f, -0x1.555912p-3f,
    0x1.299964p-3f, -0x1.0a7296p-3f, 0x1.933bf8p-4f, -0x1.45f1e6p-5f,
#else /* log((1 + s) / (1 - s)) = 2 s + s^3 q(s^2) */
    0x1.5555555555780p-1, 0x1.99999998ee2c0p-2, 0x1.249249b3f1a3ap-2, 0x1.c71c003d5ad47p-3,
    0x1.747511d54b594p-3, 0x1.384f2a4365e19p-3, 0x1.3adab0bc93377p-3,
#endif
};

/* log(2^n (1 + f)) for f from -1/4 to 1/2 */
VECTOR V v_log_sum(V n, V f) {
    V square = f * f * (T)0.5;
#if F32
    V tail = v_fma(f * f * f, POLY(f, FN(log_q)), v_fma(n, SPLAT(LN2_LO), -square));
#else
    V s = f / (f + 2), z = s * s;
    V tail = v_fma(s, v_fma(z, POLY(z, FN(log_q)), square), v_fma(n, SPLAT(LN2_LO), -square));
#endif
    return v_fma(n, SPLAT(LN2_HI), f + tail);
}

/* y where 0 < x < infinity; else the logarithm's limits. */
VECTOR V FN(log_limits)(V x, V y) {
    I usual = (x > 0) & (x < INF);
    if (!v_any(~usual)) return y;
    V limit = v_select(x == 0, SPLAT(-INF), v_select(x < 0, SPLAT(NAN), x));
    return v_select(usual, y, limit);
}

VECTOR V v_log(V x) {
    V n, m = v_log_parts(x, &n);
    return FN(log_limits)(x, v_log_sum(n, m - 1));
}

/* --- sigmoid, tanh, softplus ------------------------------------------------------------------------------------- */

/* 1 / (1 + exp(-x)) = top / (1 + e) = top - e top / (1 + e) with e = exp(-|x|), so that nothing overflows; the second
 * form keeps the rounding of 1 + e out of the result. */
VECTOR V v_sigmoid(V x) {
    V e = v_exp_fall(x), top = v_select(x >= 0, SPLAT(1), e);
    return v_fma(-e, top / (e + 1), top);
}

/* size e / (1 + e) with e = (1 + rise) 2^n: what a sigmoid takes from max(x, 0). As above; it is scaled last, since e may
 * be so small that it has few bits. */
VECTOR V v_taken(V size, V rise, V n) {
    V e = v_ldexp(rise + 1, n), whole = v_fma(size, rise, size);
    return v_ldexp(v_fma(-e, whole / (e + 1), whole), n);
}

/* x sigmoid(x) */
VECTOR V v_silu(V x) {
    V size = v_lesser(SPLAT(-EXP_LEAST * 1.5), v_abs(x));
    V n, rise = v_exp_parts(-size, NOTHING, &n);
    return v_greater(SPLAT(0), x) - v_taken(size, rise, n);
}

/* The derivative: s (1 + x (1 - s)). */
VECTOR V v_silu_slope(V x) {
    V e = v_exp_fall(x), inverse = 1 / (e + 1), other = e * inverse;
    I positive = x >= 0;
    x = v_greater(SPLAT(2 * EXP_LEAST), v_lesser(SPLAT(-2 * EXP_LEAST), x));
    return v_select(positive, inverse, other) * v_fma(x, v_select(positive, other, inverse), SPLAT(1));
}

/* exp(2 r) = 1 + 2 r + 2 r^2 q(2 r) with the coefficients of exp_q */
static const T FN(tanh_q)[] = {
#if F32
    0x1.fffffcp-1f, 0x1.55548ap-1f, 0x1.55584ep-2f, 0x1.123f3p-3f, 0x1.6ad14ap-5f,
#else
    0x1p+0,
    0x1.555555555555bp-1,
    0x1.5555555555501p-2,
    0x1.111111110ebcep-3,
    0x1.6c16c16c30ab8p-5,
    0x1.a01a01b3b6e36p-7,
    0x1.a01a01355e99bp-9,
    0x1.71ddef906b374p-11,
    0x1.27e5b5a7a079fp-13,
    0x1.af6ce8032eff6p-16,
    0x1.1e3c89e817763p-18,
#endif
};

/* With h = (exp(-2 |x|) - 1) / 2 = 2^n (exp(2 r) - 1) / 2 + (2^n - 1) / 2 and |x| = -(n ln(2) / 2 + r): tanh |x| = y =
 * -h / (h + 1), and y = -(h + h y) halves what the quotient rounded. The lowest bits of exponent are those of 2^n. */
VECTOR V v_tanh(V x) {
    V minus = v_greater(SPLAT(-20), (V)((I)x | SIGN_BIT));
    V exponent = v_fma(minus, SPLAT(2 * LOG2_E), SPLAT(ROUNDER + BIAS)), n = exponent - (T)(ROUNDER + BIAS);
    V r = v_fma(n, SPLAT(-LN_2 / 2), minus), s = (V)((U)exponent << MANTISSA);
    V h = v_fma(s, v_fma(r * r, POLY(r, FN(tanh_q)), r), v_fma(s, SPLAT(0.5), SPLAT(-0.5)));
    return v_copysign(v_fma(-h, h / (h + 1), h), x);
}

/* log(1 + u) = 2 s + s^3 q(s^2) = u - s u + s^3 q(s^2) with s = u / (2 + u), 0 <= u <= 1 */
static const T FN(softplus_q)[] = {
#if F32
    0x1.555558p-1f, 0x1.9996d8p-2f, 0x1.25051p-2f, 0x1.b72bb6p-3f, 0x1.f08b0cp-3f,
#else
    0x1.5555555555555p-1, 0x1.9999999999afep-2, 0x1.249249248217cp-2, 0x1.c71c71d2e0dd1p-3,
    0x1.745d14ca6c353p-3, 0x1.3b1405855b57bp-3, 0x1.1109b6e640889p-3, 0x1.e2be40d67c703p-4,
    0x1.a68025236099ep-4, 0x1.bf2151c47e0c2p-4, 0x1.f416789068601p-6, 0x1.9aa67f3b3e995p-3,
#endif
};

/* log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)) */
VECTOR V v_softplus(V x) {
    V u = v_exp_fall(x), s = u / (u + 2), z = s * s;
    return v_greater(SPLAT(0), x) + v_fma(s, v_fma(z, POLY(z, FN(softplus_q)), -u), u);
}

#include "vec_trig.h"
#include "vec_gauss.h"
#include "vec_pow.h"
