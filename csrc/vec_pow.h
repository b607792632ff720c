/* x^y = exp(y log |x|), with the signs and limits of C's pow. The product y log |x| reaches 104 in float and 745 in double,
 * so the logarithm needs that many more digits: float goes through double, double carries the logarithm in two parts. */

#ifndef AG_VEC_POW_NAMES
#define AG_VEC_POW_NAMES
#define v_pow FN(v_pow)
#define v_power FN(v_power)
#endif

#if F32
/* |x|^y */
VECTOR V v_power(V x, V y) {
    D lo = WIDE(v_exp)(WIDE(v_log)(v_widen_lo(x)) * v_widen_lo(y));
    D hi = WIDE(v_exp)(WIDE(v_log)(v_widen_hi(x)) * v_widen_hi(y));
    return v_narrow(lo, hi);
}
#else
/* log((1 + s) / (1 - s)) = 2 s + s^3 (2/3 + z q(z)), z = s^2 */
static const T FN(pow_q)[] = {
    0x1.9999999999996p-2, 0x1.2492492492f56p-2, 0x1.c71c71c595950p-3, 0x1.745d1829ef853p-3,
    0x1.3b13649a13756p-3, 0x1.11207703a4910p-3, 0x1.de3c1ad33ac23p-4, 0x1.ead17c60661ddp-4,
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
    V s = f / d, back = s * d;
    V s_lo = (((f - back) - v_product_error(s, d, back)) - s * d_lo) / d;

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

/* |x|^y */
VECTOR V v_power(V x, V y) {
    I usual = (x > 0) & (x < INF);
    V low, log_x = FN(log_two)(v_select(usual, x, SPLAT(1)), &low);
    log_x = v_select(usual, log_x, v_select(x == 0, SPLAT(-INF), x));
    V product = log_x * y, error = v_fma(low, y, v_product_error(log_x, y, product));
    return v_exp_sum(product, v_select(v_abs(product) < 1000, error, SPLAT(0)));
}
#endif

VECTOR V v_pow(V x, V y) {
    const T integers = F32 ? (T)0x1p23 : (T)0x1p52; /* from here on all numbers are integers, and from twice that even */
    V size = v_abs(x), z = v_power(size, y), y_size = v_abs(y);
    z = v_select((y == 0) | (x == 1), SPLAT(1), v_select((size == 1) & (y == y), SPLAT(1), z));

    I negative = (I)x < 0;
    if (v_any(negative)) {
        V half = y * (T)0.5;
        I whole = (y_size >= integers) | (v_round(y) == y);
        I even = (y_size >= 2 * integers) | ((v_round(half) == half) & (y_size < 2 * integers));
        V sign = v_select(whole & ~even, SPLAT(-0.0), SPLAT(0));
        I no_value = negative & ~whole & (x < 0) & (size < INF);
        z = v_select(no_value, SPLAT(NAN), v_select(negative, (V)((I)z | (I)sign), z));
    }
    return z;
}
