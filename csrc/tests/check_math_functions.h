/* The exact functions that libm lacks, in long double, as they are written in textbooks. */

static inline long double exact_sigmoid(long double x) {
    return 1 / (1 + expl(-x));
}

static inline long double exact_softplus(long double x) {
    return isnan(x) ? x : fmaxl(x, 0) + log1pl(expl(-fabsl(x)));
}

static inline long double exact_silu(long double x) {
    return x < -11000 ? 0 : x * exact_sigmoid(x);
}

static inline long double exact_gelu(long double x) {
    return x < -100 ? 0 : x * 0.5L * erfcl(-x * sqrtl(0.5L));
}

static inline long double exact_gelu_tanh(long double x) {
    return x < -100 ? 0 : x * exact_sigmoid(2 * sqrtl(2 / acosl(-1)) * (x + 0.044715L * x * x * x));
}
