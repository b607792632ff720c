/* Chooses the instruction set once, and exports the plain functions: ag_name_f32 and ag_name_f64 look up the kernel of
 * the active set, and let go of the GIL around long work. */

#include "table.h"

#include <stdatomic.h>

/* --- instruction sets, from generic upwards ---------------------------------------------------------------------- */

typedef struct {
    const char *name;
    const ag_table *f32, *f64;
    const ag_typed_table *typed;
} isa_entry;

static const isa_entry isas[] = {
    {"generic", &ag_generic_table_f32, &ag_generic_table_f64, &ag_generic_typed},
#if defined(__x86_64__)
    {"avx2", &ag_avx2_table_f32, &ag_avx2_table_f64, &ag_avx2_typed},
    {"avx512", &ag_avx512_table_f32, &ag_avx512_table_f64, &ag_avx512_typed},
#elif defined(__aarch64__)
    {"neon", &ag_neon_table_f32, &ag_neon_table_f64, &ag_neon_typed},
#endif
};

#define ISAS ((int)(sizeof isas / sizeof isas[0]))

#if defined(__x86_64__)
#include <cpuid.h>

/* The register file parts that the operating system saves: without it a processor's AVX is not ours to use. */
static uint32_t saved_by_os(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static int has_all(uint32_t word, uint32_t bits) {
    return (word & bits) == bits;
}

static int detect(void) {
    enum { YMM = 0x6, ZMM = 0xe6 };
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has_all(c, bit_OSXSAVE | bit_AVX | bit_FMA)) return 0;
    const uint32_t saved = saved_by_os();
    if (!has_all(saved, YMM) || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !has_all(b, bit_AVX2)) return 0;
    return has_all(saved, ZMM) && has_all(b, bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL) ? 2 : 1;
}
#else
static int detect(void) {
    return ISAS - 1;
}
#endif

static int best;
static atomic_int active;
static _Atomic(const ag_table *) table_f32 = &ag_generic_table_f32, table_f64 = &ag_generic_table_f64;
static _Atomic(const ag_typed_table *) typed = &ag_generic_typed;

__attribute__((constructor)) static void start(void) {
    best = detect();
    ag_set_isa(best);
}

int ag_best_isa(void) {
    return best;
}

int ag_get_isa(void) {
    return atomic_load(&active);
}

int ag_set_isa(int isa) {
    isa = isa < 0 ? 0 : isa > best ? best : isa;
    atomic_store(&active, isa);
    atomic_store(&table_f32, isas[isa].f32);
    atomic_store(&table_f64, isas[isa].f64);
    atomic_store(&typed, isas[isa].typed);
    return isa;
}

const char *ag_isa_name(int isa) {
    return 0 <= isa && isa < ISAS ? isas[isa].name : NULL;
}

const char *ag_compiler(void) {
#ifdef __clang__
    return "clang " __clang_version__;
#else
    return "gcc " __VERSION__;
#endif
}

/* --- the GIL ----------------------------------------------------------------------------------------------------- */

void *(*ag_gil_release)(void) = NULL;
void (*ag_gil_acquire)(void *token) = NULL;

_Thread_local int ag_runs_without_gil;

void *ag_gil_let_go(void) {
    return ag_gil_release && !ag_runs_without_gil ? ag_gil_release() : NULL;
}

/* --- exported functions, by class -------------------------------------------------------------------------------- */

#define LOOKUP(name, suffix) (atomic_load_explicit(&table##suffix, memory_order_relaxed)->name)

/* Elementwise: a small contiguous call goes straight to the body. sizes: of the elements of out and of the inputs. */
#define SMALL 4096
#define SIZES(...) __VA_ARGS__
#define RUN(run, moves, inputs, splat, sizes, p0, p1, a, b, c)                            \
    {                                                                                     \
        ag_body *body = run;                                                              \
        if (!plan && n <= SMALL) {                                                        \
            if (n > 0) body(n, out, a, b, c, splat, p0, p1);                              \
            return 0;                                                                     \
        }                                                                                 \
        const ag_job job = {body, inputs, splat, {sizes}, moves, p0, p1, out, {a, b, c}}; \
        return ag_elementwise(plan, n, &job);                                             \
    }
#define TYPE_b8 uint8_t
#define TYPE_u8 uint8_t
#define TYPE_i8 int8_t
#define TYPE_i16 int16_t
#define TYPE_i32 int32_t
#define TYPE_i64 int64_t
#define TYPE_f32 float
#define TYPE_f64 double
#define SIZE(suffix) sizeof(TYPE##suffix)
#define SAME(suffix) SIZES(SIZE(suffix), SIZE(suffix), SIZE(suffix), SIZE(suffix))
#define FROM_BYTES(suffix) SIZES(SIZE(suffix), 1, SIZE(suffix), SIZE(suffix))
#define TO_BYTES(suffix) SIZES(1, SIZE(suffix), SIZE(suffix), SIZE(suffix))

#define DEFINE_FILL(name, suffix) RUN(LOOKUP(name, suffix), 0, 0, 0, SAME(suffix), p0, 0, NULL, NULL, NULL)
#define DEFINE_UNARY(name, suffix) \
    RUN(LOOKUP(name, suffix), strcmp(#name, "copy") == 0, 1, 0, SAME(suffix), 0, 0, x, NULL, NULL)
#define DEFINE_UNARY_P(name, suffix) RUN(LOOKUP(name, suffix), 0, 1, 0, SAME(suffix), p0, p1, x, NULL, NULL)
#define DEFINE_BINARY(name, suffix) RUN(LOOKUP(name, suffix), 0, 2, 0, SAME(suffix), 0, 0, a, b, NULL)
#define DEFINE_BINARY_P(name, suffix) RUN(LOOKUP(name, suffix), 0, 2, 0, SAME(suffix), p0, p1, a, b, NULL)
#define DEFINE_TERNARY(name, suffix) RUN(LOOKUP(name, suffix), 0, 3, 0, SAME(suffix), 0, 0, a, b, c)
#define DEFINE_WHERE(name, suffix) RUN(LOOKUP(name, suffix), 0, 3, 0, FROM_BYTES(suffix), 0, 0, condition, a, b)
#define DEFINE_COMPARE(name, suffix) RUN(LOOKUP(name, suffix), 0, 2, 0, TO_BYTES(suffix), 0, 0, a, b, NULL)
#define DEFINE_TEST(name, suffix) RUN(LOOKUP(name, suffix), 0, 1, 0, TO_BYTES(suffix), 0, 0, x, NULL, NULL)

/* Integer parameters are inputs of one element. */
#define DEFINE_FILL_WHOLE(name, suffix)                                                          \
    {                                                                                            \
        const TYPE##suffix value = (TYPE##suffix)p0;                                             \
        RUN(LOOKUP(name, suffix), 0, 1, 1, SAME(suffix), 0, 0, (const void *)&value, NULL, NULL) \
    }
#define DEFINE_CLAMP_WHOLE(name, suffix)                                                                   \
    {                                                                                                      \
        const TYPE##suffix low = (TYPE##suffix)p0, high = (TYPE##suffix)p1;                                \
        RUN(LOOKUP(name, suffix), 0, 3, 6, SAME(suffix), 0, 0, x, (const void *)&low, (const void *)&high) \
    }
#define DEFINE_CAST(name, suffix)                                                                               \
    {                                                                                                           \
        static const int size[] = {1, 1, 1, 2, 4, 8, 4, 8};                                                     \
        RUN((*LOOKUP(name, suffix))[from], 0, 1, 0, SIZES(SIZE(suffix), size[from], 0, 0), 0, 0, x, NULL, NULL) \
    }

/* The rest: work is counted in elements, weighed roughly by what one costs. */
#define CALL(name, suffix, work, ...)                         \
    {                                                         \
        void *token = ag_gil_begin(work);                     \
        const int status = LOOKUP(name, suffix)(__VA_ARGS__); \
        ag_gil_end(token);                                    \
        return status;                                        \
    }
/* clang-format would take m * n for a declaration. */
/* clang-format off */
#define DEFINE_REDUCE(name, suffix) CALL(name, suffix, plan->kept * plan->reduced / 4, plan, out, x, p0)
#define DEFINE_REDUCE_TEST(name, suffix) CALL(name, suffix, plan->kept * plan->reduced / 4, plan, out, x)
#define DEFINE_ARGREDUCE(name, suffix) CALL(name, suffix, plan->kept * plan->reduced / 4, plan, out, x)
#define DEFINE_ROWWISE(name, suffix) CALL(name, suffix, outer * n *inner, outer, n, inner, out, x)
#define DEFINE_ROWWISE_GRAD(name, suffix) CALL(name, suffix, outer * n *inner, outer, n, inner, dx, g, y)
#define DEFINE_NORM(name, suffix) CALL(name, suffix, rows * n, rows, n, y, stats, x, weight, bias, eps)
#define DEFINE_NORM_GRAD(name, suffix) CALL(name, suffix, rows * n, rows, n, dx, dw, db, g, x, stats, weight)
#define DEFINE_BATCH_NORM(name, suffix)                                                                         \
    CALL(name, suffix, outer * channels * inner, outer, channels, inner, y, stats, running_mean, running_var, x, \
         weight, bias, training, momentum, eps)
#define DEFINE_BATCH_NORM_GRAD(name, suffix) \
    CALL(name, suffix, outer * channels * inner, outer, channels, inner, dx, dw, db, g, x, stats, weight, training)
#define DEFINE_LOSS(name, suffix) CALL(name, suffix, n, n, out, x, t, p0)
#define DEFINE_LOSS_GRAD(name, suffix) CALL(name, suffix, n, n, dx, g, x, t, p0)
#define DEFINE_NLL(name, suffix) \
    CALL(name, suffix, outer * classes * inner, outer, classes, inner, loss, lse, x, target, weight, ignore_index, reduction, \
         smoothing)
#define DEFINE_NLL_GRAD(name, suffix) \
    CALL(name, suffix, outer * classes * inner, outer, classes, inner, dx, g, x, lse, target, weight, ignore_index, reduction, \
         smoothing)
#define DEFINE_GEMM(name, suffix) CALL(name, suffix, products(spec), spec, c, a, b, bias)
#define DEFINE_LINEAR(name, suffix) CALL(name, suffix, m * n *k / 32, m, n, k, y, x, w, bias, act)
#define DEFINE_LINEAR_GRAD(name, suffix) CALL(name, suffix, m * n *k / 32, m, n, k, dx, dw, db, dz, g, x, w, y, act)
#define DEFINE_CONV(name, suffix) CALL(name, suffix, taps(spec), spec, out, a, b, bias)
#define DEFINE_MAX_POOL(name, suffix) CALL(name, suffix, seen(spec), spec, y, index, x)
#define DEFINE_MAX_POOL_GRAD(name, suffix) CALL(name, suffix, seen(spec), spec, dx, g, index)
#define DEFINE_AVG_POOL(name, suffix) CALL(name, suffix, seen(spec), spec, out, in)
#define DEFINE_ATTENTION(name, suffix) CALL(name, suffix, scores(spec), spec, y, stats, q, k, v)
#define DEFINE_ATTENTION_GRAD(name, suffix) \
    CALL(name, suffix, 3 * scores(spec), spec, dq, dk, dv, g, q, k, v, stats)
#define DEFINE_LSTM_CELL(name, suffix) CALL(name, suffix, 6 * rows * n, rows, n, h, c, gates, c0)
#define DEFINE_LSTM_CELL_GRAD(name, suffix) CALL(name, suffix, 4 * rows * n, rows, n, dgates, dc, dh, gates, c0, c)
#define DEFINE_GRU_CELL(name, suffix) CALL(name, suffix, 4 * rows * n, rows, n, h, gates, hidden, h0)
#define DEFINE_GRU_CELL_GRAD(name, suffix) CALL(name, suffix, 3 * rows * n, rows, n, dgates, dhidden, dh, gates, hidden, h0)
#define DEFINE_OPTIMIZER(name, suffix) CALL(name, suffix, elements(count, params), group, count, params)
#define DEFINE_LIST_SQUARES(name, suffix) CALL(name, suffix, elements(count, params) / 4, count, params, out)
#define DEFINE_ROOT_SUM(name, suffix) CALL(name, suffix, n, n, out, x)
#define DEFINE_CLIP_FACTOR(name, suffix) CALL(name, suffix, 1, factor, norm, most)
#define DEFINE_LIST_SCALE(name, suffix) CALL(name, suffix, elements(count, params) / 4, count, params, factor)
#define DEFINE_TAKE(name, suffix) CALL(name, suffix, spec->outer * spec->count * spec->inner, spec, y, x, index)
#define DEFINE_GIVE(name, suffix) CALL(name, suffix, spec->outer * spec->count * spec->inner, spec, x, y, index)
#define DEFINE_DROPOUT(name, suffix) CALL(name, suffix, n, n, out, x, p, key)
#define DEFINE_RANDOM(name, suffix) CALL(name, suffix, 4 * n, mt, n, out, low, high)
/* clang-format on */

static int64_t products(const ag_gemm *spec) {
    int64_t work = spec->m * spec->n * spec->k / 32;
    for (int64_t d = 0; d < spec->nbatch; d++) work *= spec->bsize[d];
    return work;
}

static int64_t taps(const ag_conv *spec) {
    const int64_t weights = spec->filters * (spec->channels / spec->groups) * spec->kernel[0] * spec->kernel[1];
    return spec->images * spec->out[0] * spec->out[1] * weights / 16;
}

static int64_t scores(const ag_attention *spec) {
    int64_t work = spec->queries * spec->keys * (1 + (spec->width + spec->values) / 32);
    for (int64_t d = 0; d < spec->nbatch; d++) work *= spec->size[d];
    return work;
}

static int64_t seen(const ag_pool *spec) {
    return spec->planes * (spec->in[0] * spec->in[1] + spec->out[0] * spec->out[1]);
}

static int64_t elements(int64_t count, const ag_param *params) {
    int64_t work = 0;
    for (int64_t i = 0; i < count; i++) work += params[i].n;
    return work;
}

#define KERNEL(CLASS, name)                                                                    \
    AG_SIG_##CLASS(ag_##name##_f32) DEFINE_##CLASS(name, _f32) AG_SIG_##CLASS(ag_##name##_f64) \
        DEFINE_##CLASS(name, _f64)
#include "kernels.def"

#undef LOOKUP
#define LOOKUP(name, suffix) (atomic_load_explicit(&typed, memory_order_relaxed)->name##suffix)
#define TYPED(CLASS, name, suffix) AG_SIG_##CLASS(ag_##name##suffix) DEFINE_##CLASS(name, suffix)
#include "kernels.def"
