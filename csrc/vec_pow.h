/* x^y = exp(y log |x|), with the signs and limits of C's pow. The product y log |x| reaches 104 in float and 745 in
 * double, so the logarithm needs more digits: float goes through double, double carries the logarithm in two parts. */

#ifndef AG_VEC_POW_NAMES
#define AG_VEC_POW_NAMES
#define v_pow FN(v_pow)
#define v_power FN(v_power)
#endif

#if F32
/* log2((1 + s) / (1 - s)) = s p(s^2), to float's accuracy in double; 2^r = q(r) on |r| <= 1/2 */
static const double FN(log2_p)[] = {
    0x1.71547652d859fp+1, 0x1.ec709b53bfb9ap-1, 0x1.2778a84bdad2cp-1, 0x1.a512525ccdf35p-2, 0x1.64cf37d1ace76p-2,
};
static const T FN(exp2_q)[] = {
    0x1p+0f, 0x1.62e43p-1f, 0x1.ebfbdap-3f, 0x1.c6aed4p-5f, 0x1.3b2dbcp-7f, 0x1.5f4598p-10f, 0x1.41d31cp-13f,
};

/* y log2(2^n (1 + f)) as an integer, which it returns, and the rest. */
VECTOR D FN(power_half)(D n, D f, D y, D *rest) {
    const D most = (D){0} + 1000;
    D s = f / (f + 2), product = y * WIDE(v_fma)(s, WIDE(v_poly)(s * s, FN(log2_p), 5), n);
    product = WIDE(v_greater)(-most, WIDE(v_lesser)(most, product));
    D whole = WIDE(v_round)(product);
    *rest = product - whole;
    return whole;
}

/* x^y = 2^(y log2 x) */
VECTOR V v_power(V x, V y) {
    V n, f = v_log_parts(x, &n) - 1;
    D low, high, lo = FN(power_half)(v_widen_lo(n), v_widen_lo(f), v_widen_lo(y), &low);
    D hi = FN(power_half)(v_widen_hi(n), v_widen_hi(f), v_widen_hi(y), &high);
    V r = v_narrow(low, high), whole = v_greater(SPLAT(-240), v_lesser(SPLAT(240), v_narrow(lo, hi)));
    return v_ldexp(POLY(r, FN(exp2_q)), whole);
}
#else
/* log((1 + s) / (1 - s)) = 2 s + s^3 (2/3 + z q(z)), z = s^2 */
static const T FN(pow_q)[] = {
    0x1.9999999999967p-2, 0x1.2492492498f0bp-2, 0x1.c71c71bc4fd2fp-3, 0x1.745d1bd100189p-3,
    0x1.3b12964c9228ep-3, 0x1.113a53bd34837p-3, 0x1.dac976ac4c8d6p-4, 0x1.0192e544381a2p-3,
};

/* hi + lo = a + b exactly, for |a| >= |b| */
VECTOR V FN(fast_sum)(V a, V b, V *lo) {
    V hi = a + b;
    *lo = b - (hi - a);
    return hi;
}

/* log(x) = hi + *lo to some 68 bits, for 0 < x < infinity */
VECTOR V FN(log_two)(V x, V *lo) {
    V n, m = v_log_parts(x, &n), f = m - 1;

    /* s = f / (2 + f) in two parts */
    V d_lo, d = FN(fast_sum)(SPLAT(2), f, &d_lo);
    V inverse = 1 / d, s = f * inverse;
    V s_lo = -(v_product_error(s, d, f) + s * d_lo) * inverse;

    /* z = s^2, cube = s^3, c = 2/3 + z q(z), each in two parts */
    V z = s * s, z_lo = v_fma(s + s, s_lo, v_product_error(s, s, z));
    V cube = s * z, cube_lo = v_fma(s, z_lo, v_fma(s_lo, z, v_product_error(s, z, cube)));
    V rest = z * POLY(z, FN(pow_q));
    V c_lo, c = FN(fast_sum)(SPLAT(0x1.5555555555555p-1), rest, &c_lo);
    c_lo += (T)0x1.5555555555555p-55;
    V t = cube * c, t_lo = v_fma(cube, c_lo, v_fma(cube_lo, c, v_product_error(cube, c, t)));

    /* n ln 2 + 2 s + t, large to small; n LN2_HI is exact */
    V a_lo, b_lo, a = n * LN2_HI;
    V sum = FN(fast_sum)(v_select(n == 0, s + s, a), v_select(n == 0, SPLAT(0), s + s), &a_lo);
    V hi = FN(fast_sum)(sum, t, &b_lo);
    V low = v_fma(n, SPLAT(LN2_LO), (s_lo + s_lo) + t_lo) + (a_lo + b_lo);
    return FN(fast_sum)(hi, low, lo);
}

/* x^y = exp(y log x) */
VECTOR V v_power(V x, V y) {
    V low, log_x = FN(log_two)(x, &low);
    V product = log_x * y, error = v_fma(low, y, v_product_error(log_x, y, product));
    V near = v_greater(SPLAT(EXP_LEAST), v_lesser(SPLAT(EXP_MOST), product));
    return v_exp_near(near, v_select((near == product) & (product != 0), error, SPLAT(0)));
}
#endif

/* The limits and signs: z is |x|^y wherever 0 < |x| < infinity and y is finite. */
VECTOR V FN(pow_limits)(V x, V y, V z) {
    const T integers = F32 ? (T)0x1p23 : (T)0x1p52; /* numbers from here on are integers, from twice that even ones */
    V size = v_abs(x), y_size = v_abs(y), half = y_size * (T)0.5;
    I edge = (size == 0) | (size == INF) | (y_size == INF);
    z = v_select(edge, v_select((size > 1) ^ (y > 0), SPLAT(0), SPLAT(INF)), z);
    z = v_select((x != x) | (y != y), x + y, z);
    z = v_select((y == 0) | (x == 1) | ((size == 1) & (y_size == INF)), SPLAT(1), z);

    I whole = (y_size >= integers) | ((y_size + integers) - integers == y_size);
    I even = (y_size >= 2 * integers) | ((half + integers) - integers == half);
    z = (V)((I)z | (((I)x < 0) & whole & ~even & SIGN_BIT));
    return v_select((x < 0) & (size < INF) & ~whole & (y == y), SPLAT(NAN), z);
}

VECTOR V v_pow(V x, V y) {
    V z = v_power(v_abs(x), y);
    I usual = (x > 0) & (x < INF) & (v_abs(y) < INF);
    return v_any(~usual) ? FN(pow_limits)(x, y, z) : z;
}
