/* x^y = exp(y log |x|), with the signs and limits of C's pow. The product y log |x| reaches 104 in float and 745 in
 * double, so the logarithm is carried in two parts.
 *
 * log(x) = n log(2) + log(c) + log(1 + r) for x = 2^n m, 1 <= m < 2, with c from a table by the first four bits of m:
 * 32/c is an integer, so that r = m/c - 1 is exact (Tang 1990, "Table-driven implementation of the logarithm
 * function"). Near 1 on either side log(c) cancels n log(2) to the bit. */

#ifndef AG_VEC_POW_NAMES
#define AG_VEC_POW_NAMES
#define v_pow FN(v_pow)
#define v_power FN(v_power)
#endif

static const T FN(pow_inverse)[16] = {
    32 / 32.0, 29 / 32.0, 28 / 32.0, 26 / 32.0, 25 / 32.0, 24 / 32.0, 23 / 32.0, 22 / 32.0,
    21 / 32.0, 20 / 32.0, 19 / 32.0, 19 / 32.0, 18 / 32.0, 17 / 32.0, 17 / 32.0, 16 / 32.0,
};

/* log(c) in two parts, the first so short that n LN2_HI + log(c) is exact; log(1 + r) = r - r^2 / 2 - r^3 / 2 q(r) for
 * r from -0.0372 to 0.0625. */
#if F32
static const T FN(pow_log_hi)[16] = {
    0x0p+0f,      0x1.933p-4f,  0x1.1178p-3f, 0x1.a94p-3f,  0x1.f99p-3f,  0x1.2698p-2f, 0x1.522cp-2f, 0x1.7fbp-2f,
    0x1.af54p-2f, 0x1.e148p-2f, 0x1.0ae8p-1f, 0x1.0ae8p-1f, 0x1.2696p-1f, 0x1.43dap-1f, 0x1.43dap-1f, 0x1.63p-1f,
};
static const T FN(pow_log_lo)[16] = {
    0x0p+0f,          0x1.797566p-18f,  0x1.d044fcp-20f,  -0x1.2c3752p-19f, 0x1.c6cb3cp-19f,  -0x1.deecb2p-18f,
    -0x1.1f8c76p-18f, -0x1.7109fap-20f, -0x1.6adb74p-18f, 0x1.4344e4p-19f,  -0x1.23a5f6p-18f, -0x1.23a5f6p-18f,
    0x1.089a6ep-20f,  -0x1.a0db88p-26f, -0x1.a0db88p-26f, -0x1.bd0106p-13f,
};
static const T FN(pow_q)[] = {-0x1.555552p-1f, 0x1.000334p-1f, -0x1.99f582p-2f, 0x1.4332aap-2f};
#else
static const T FN(pow_log_hi)[16] = {
    0x0p+0,
    0x1.9335e5d594p-4,
    0x1.1178e8227ep-3,
    0x1.a93ed3c8aep-3,
    0x1.f991c6cb3cp-3,
    0x1.269621134ep-2,
    0x1.522ae0738ap-2,
    0x1.7fafa3bd81p-2,
    0x1.af5295248dp-2,
    0x1.e148a1a272p-2,
    0x1.0ae76e2d058p-1,
    0x1.0ae76e2d058p-1,
    0x1.269621134d8p-1,
    0x1.43d9ff2f92p-1,
    0x1.43d9ff2f92p-1,
    0x1.62e42feep-1,
};
static const T FN(pow_log_lo)[16] = {
    0x0p+0,
    0x1.3115c3abd47dap-45,
    0x1.1ef78ce2d07f2p-45,
    -0x1.8724350562169p-45,
    -0x1.90d04cd7cc834p-44,
    -0x1.1b61f10522625p-44,
    0x1.ebe708164c759p-45,
    0x1.46fb79bf6d4cbp-44,
    -0x1.17cc552774458p-45,
    0x1.b36537e3375b2p-44,
    -0x1.82de51de06076p-44,
    -0x1.82de51de06076p-44,
    0x1.c93c1df5bb3b6p-44,
    0x1.e267b0b7efae1p-44,
    0x1.e267b0b7efae1p-44,
    0x1.a39ef35793c76p-33,
};
static const T FN(pow_q)[] = {
    -0x1.5555555555553p-1, 0x1.fffffffffffb6p-2,  -0x1.99999999a20f7p-2, 0x1.55555555dc30fp-2,  -0x1.249248e6a3c5fp-2,
    0x1.fffff6337e258p-3,  -0x1.c71dbe7217e5bp-3, 0x1.99bcb0725b2cbp-3,  -0x1.73aab647ba1ebp-3, 0x1.2b542cb8dcf25p-3,
};
#endif

/* hi + lo = a + b exactly, for |a| >= |b| */
VECTOR V FN(fast_sum)(V a, V b, V *lo) {
    V hi = a + b;
    *lo = b - (hi - a);
    return hi;
}

/* log(x) = hi + *lo, ten bits better than T, for 0 < x < infinity; lo is at most hi / 500. */
VECTOR V FN(log_two)(V x, V *lo) {
    V n, m = v_parts(x, &n);
    const I sixteenth = (I)((U)m >> (MANTISSA - 4));
    V r = v_product_error(m, v_lookup(FN(pow_inverse), sixteenth), SPLAT(1));
    V log_c = v_fma(n, SPLAT(LN2_HI), v_lookup(FN(pow_log_hi), sixteenth));
    V rest = v_fma(n, SPLAT(LN2_LO), v_lookup(FN(pow_log_lo), sixteenth));

    V half = r * (T)-0.5, square = half * r;
    V a_lo, b_lo, sum = FN(fast_sum)(log_c, r, &a_lo), hi = FN(fast_sum)(sum, square, &b_lo);
    rest += a_lo + b_lo + v_product_error(half, r, square);
    *lo = v_fma(square * r, POLY(r, FN(pow_q)), rest);
    return hi;
}

/* x^y = exp(y log x). The error may be NaN where the product is 0, or so far beyond the limits of exp that it does not
 * matter. */
VECTOR V v_power(V x, V y) {
    V low, log_x = FN(log_two)(x, &low);
    V product = log_x * y, error = v_fma(low, y, v_product_error(log_x, y, product));
    V near = v_greater(SPLAT(1.5 * EXP_LEAST), v_lesser(SPLAT(1.5 * EXP_MOST), product));
    return v_exp_near(near, v_select((near == product) & (product != 0), error, SPLAT(0)));
}

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
