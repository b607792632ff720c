/* The table of kernels of one instruction set and one dtype, a pointer per line of kernels.def; what isa_*.c fill,
 * dispatch.c chooses from and elementwise.c runs. */
#ifndef AG_TABLE_H
#define AG_TABLE_H

#include "ag.h"

#include <math.h>
#include <string.h>

/* The body of an elementwise kernel: n contiguous elements of each operand. Bit i of splat says that input i is one
 * element, to be used for all; inputs that the kernel does not have are NULL. */
#define AG_BODY(f) \
    void f(int64_t n, void *out, const void *a, const void *b, const void *c, int splat, double p0, double p1)
typedef AG_BODY(ag_body);

/* What a table holds for each signature class. */
#define AG_ENTRY_FILL AG_BODY
#define AG_ENTRY_UNARY AG_BODY
#define AG_ENTRY_UNARY_P AG_BODY
#define AG_ENTRY_BINARY AG_BODY
#define AG_ENTRY_BINARY_P AG_BODY
#define AG_ENTRY_TERNARY AG_BODY
#define AG_ENTRY_WHERE AG_BODY
#define AG_ENTRY_COMPARE AG_BODY
#define AG_ENTRY_TEST AG_BODY
#define AG_ENTRY_FILL_WHOLE AG_BODY
#define AG_ENTRY_CLAMP_WHOLE AG_BODY
#define AG_ENTRY_CAST(f) ag_body *const f[8] /* by the dtype of x */
#define AG_ENTRY_REDUCE AG_SIG_REDUCE
#define AG_ENTRY_REDUCE_TEST AG_SIG_REDUCE_TEST
#define AG_ENTRY_ARGREDUCE AG_SIG_ARGREDUCE
#define AG_ENTRY_ROWWISE AG_SIG_ROWWISE
#define AG_ENTRY_ROWWISE_GRAD AG_SIG_ROWWISE_GRAD
#define AG_ENTRY_NORM AG_SIG_NORM
#define AG_ENTRY_NORM_GRAD AG_SIG_NORM_GRAD
#define AG_ENTRY_BATCH_NORM AG_SIG_BATCH_NORM
#define AG_ENTRY_BATCH_NORM_GRAD AG_SIG_BATCH_NORM_GRAD
#define AG_ENTRY_LOSS AG_SIG_LOSS
#define AG_ENTRY_LOSS_GRAD AG_SIG_LOSS_GRAD
#define AG_ENTRY_NLL AG_SIG_NLL
#define AG_ENTRY_NLL_GRAD AG_SIG_NLL_GRAD
#define AG_ENTRY_GEMM AG_SIG_GEMM
#define AG_ENTRY_LINEAR AG_SIG_LINEAR
#define AG_ENTRY_LINEAR_GRAD AG_SIG_LINEAR_GRAD
#define AG_ENTRY_CONV AG_SIG_CONV
#define AG_ENTRY_MAX_POOL AG_SIG_MAX_POOL
#define AG_ENTRY_MAX_POOL_GRAD AG_SIG_MAX_POOL_GRAD
#define AG_ENTRY_AVG_POOL AG_SIG_AVG_POOL
#define AG_ENTRY_ATTENTION AG_SIG_ATTENTION
#define AG_ENTRY_ATTENTION_GRAD AG_SIG_ATTENTION_GRAD
#define AG_ENTRY_LSTM_CELL AG_SIG_LSTM_CELL
#define AG_ENTRY_LSTM_CELL_GRAD AG_SIG_LSTM_CELL_GRAD
#define AG_ENTRY_GRU_CELL AG_SIG_GRU_CELL
#define AG_ENTRY_GRU_CELL_GRAD AG_SIG_GRU_CELL_GRAD
#define AG_ENTRY_OPTIMIZER AG_SIG_OPTIMIZER
#define AG_ENTRY_LIST_SQUARES AG_SIG_LIST_SQUARES
#define AG_ENTRY_ROOT_SUM AG_SIG_ROOT_SUM
#define AG_ENTRY_CLIP_FACTOR AG_SIG_CLIP_FACTOR
#define AG_ENTRY_LIST_SCALE AG_SIG_LIST_SCALE
#define AG_ENTRY_TAKE AG_SIG_TAKE
#define AG_ENTRY_GIVE AG_SIG_GIVE
#define AG_ENTRY_DROPOUT AG_SIG_DROPOUT
#define AG_ENTRY_RANDOM AG_SIG_RANDOM

typedef struct {
#define KERNEL(CLASS, name) AG_ENTRY_##CLASS((*name));
#include "kernels.def"
} ag_table;

/* The plain loops of one instruction set: a pointer per line and dtype. */
typedef struct {
#define TYPED(CLASS, name, suffix) AG_ENTRY_##CLASS((*name##suffix));
#include "kernels.def"
} ag_typed_table;

extern const ag_typed_table ag_generic_typed, ag_avx2_typed, ag_avx512_typed, ag_neon_typed;
extern const ag_table ag_generic_table_f32, ag_generic_table_f64;
extern const ag_table ag_avx2_table_f32, ag_avx2_table_f64;
extern const ag_table ag_avx512_table_f32, ag_avx512_table_f64;
extern const ag_table ag_neon_table_f32, ag_neon_table_f64;

/* --- running an elementwise body (elementwise.c) ----------------------------------------------------------------- */

typedef struct {
    ag_body *body;
    int inputs, splat;       /* how many, and which are a single element where there is no plan */
    int itemsize[AG_MAXOPS]; /* bytes of an element of out and of the inputs */
    int moves;               /* out is input 0, nothing to compute */
    double p0, p1;
    char *out;
    const char *in[AG_MAXOPS - 1];
} ag_job;

int ag_elementwise(const ag_plan *plan, int64_t n, const ag_job *job);

/* The same for contiguous operands, within a kernel: the GIL is left as it is. */
void ag_elementwise_flat(int64_t n, const ag_job *job);

/* A loop over n contiguous elements of each operand, left to the compiler to make vectors of, and the body that runs it:
 * inputs that are one element are spread over a block first. size: bytes of an element of out and of the inputs. */
typedef void ag_loop(int64_t n, void *out, const void *a, const void *b, const void *c);
void ag_run_loop(ag_loop *loop, int64_t n, void *out, const void *const in[AG_MAXOPS - 1], const int size[AG_MAXOPS],
                 int splat);

/* Before a loop: out is apart from the inputs or is one of them, element by element. */
#ifdef __clang__
#define EACH_ALONE _Pragma("clang loop vectorize(assume_safety)")
#else
#define EACH_ALONE _Pragma("GCC ivdep")
#endif

/* --- the GIL (dispatch.c) ---------------------------------------------------------------------------------------- */

#define LONG_WORK 50000 /* elements, about a nanosecond each */

extern _Thread_local int ag_runs_without_gil; /* the caller has let go of it already */
void *ag_gil_let_go(void);

/* Lets go of the GIL around work that is worth it; the token goes to ag_gil_end. */
static inline void *ag_gil_begin(int64_t work) {
    return work > LONG_WORK ? ag_gil_let_go() : NULL;
}

static inline void ag_gil_end(void *token) {
    if (token) ag_gil_acquire(token);
}

#endif
