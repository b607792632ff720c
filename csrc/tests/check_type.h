/* The part of check.h that depends on the dtype: included for float and for double, with F32 set. */
#undef T
#undef FN
#undef AG
#undef REF
#undef EPSILON
#undef SMALLEST
#if F32
#define T float
#define FN(name) name##_f32
#define AG(name) ag_##name##_f32
#define REF(name) ag_ref_##name##_f32
#define EPSILON FLT_EPSILON
#define SMALLEST 0x1p-149
#else
#define T double
#define FN(name) name##_f64
#define AG(name) ag_##name##_f64
#define REF(name) ag_ref_##name##_f64
#define EPSILON DBL_EPSILON
#define SMALLEST 0x1p-1074
#endif

#define KERNEL(CLASS, name) AG_SIG_##CLASS(REF(name));
#include "../kernels.def"

/* The distance of got from want in units of the last place of the larger of |want| and scale; 0 for the same infinity
 * or two NaNs, infinite where only one of them is such. */
static inline double FN(ulps)(T got, long double want, double scale) {
    T rounded = (T)want;
    if (isnan(rounded) || isnan(got)) return isnan(rounded) && isnan(got) ? 0 : INFINITY;
    if (isinf(rounded) || isinf(got)) return rounded == got ? 0 : INFINITY;
    long double size = fabsl(want) > scale ? fabsl(want) : scale;
    int exponent;
    frexpl(size, &exponent);
    long double ulp = fmaxl(ldexpl(EPSILON, exponent - 1), SMALLEST);
    return (double)(fabsl((long double)got - want) / ulp);
}

/* The same bits; any NaN is as good as another, as its sign and payload may follow the order of the operands. */
static inline int FN(identical)(int64_t n, const T *a, const T *b) {
    for (int64_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof(T)) != 0 && !(isnan(a[i]) && isnan(b[i]))) return 0;
    return 1;
}

/* Mostly ordinary numbers, with every kind of edge among them. */
static inline T FN(any_value)(void) {
    static const double edges[] = {0.0, -0.0,     1,         -1,    2,         -2,         0.5,  -0.5,
                                   NAN, INFINITY, -INFINITY, 88,    -104,      709,        -746, 20,
                                   3.0, -3.0,     1e-3,      -1e-3, 4194304.0, -4194305.0, 1e30, -1e30};
    uint64_t kind = random_bits() % 16;
    if (kind == 0) return (T)edges[random_bits() % (sizeof edges / sizeof edges[0])];
    if (kind == 1) return (T)(SMALLEST * (double)random_int(-1000, 1000)); /* subnormal */
    if (kind == 2) return (T)ldexp(random_real(-1, 1), F32 ? (int)random_int(-148, 128) : (int)random_int(-1070, 1024));
    if (kind == 3) return (T)random_int(-20, 20);
    return (T)random_real(-10, 10);
}

static inline T *FN(any_values)(int64_t n) {
    T *x = buffer(n, sizeof(T));
    for (int64_t i = 0; i < n; i++) x[i] = FN(any_value)();
    return x;
}

/* n ordinary numbers between low and high. */
static inline T *FN(reals)(int64_t n, double low, double high) {
    T *x = buffer(n, sizeof(T));
    for (int64_t i = 0; i < n; i++) x[i] = (T)random_real(low, high);
    return x;
}
