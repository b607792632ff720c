/* What every C file of the engine shares: the structs that describe work, the kernel prototypes, and the
 * services of the runtime (threads, memory, workspaces, the GIL).
 *
 * Conventions
 *   - Kernels write to buffers the caller owns and never allocate; scratch comes from ag_workspace().
 *   - Sizes and strides are int64_t and count elements, never bytes. Any size may be 0.
 *   - A kernel returns 0, or a status: AG_ENOMEM, or 1 + the position of the first bad index.
 *   - Work is split by shape alone and partial results are combined in a fixed order: the bits do not depend on
 *     the number of threads. An element's result does not depend on its position in the array.
 */
#ifndef AG_H
#define AG_H

#include <stddef.h>
#include <stdint.h>

/* The part between the two markers is also read by ffi_build.py: plain declarations only. */
/* [cdef */
#define AG_MAXDIM 16
#define AG_MAXOPS 4
#define AG_LINK_ARGUMENTS 8 /* at most, of an elementwise kernel */
#define AG_ENOMEM -1

/* dtypes, in the order of promotion */
#define AG_B8 0
#define AG_U8 1
#define AG_I8 2
#define AG_I16 3
#define AG_I32 4
#define AG_I64 5
#define AG_F32 6
#define AG_F64 7

/* How an elementwise kernel walks its operands: dims coalesced, outermost first; operand 0 is the output.
 * A stride of 0 broadcasts. */
typedef struct {
    int64_t n;    /* number of output elements, the product of size[] */
    int64_t ndim; /* 0 for a single element */
    int64_t size[AG_MAXDIM];
    int64_t stride[AG_MAXOPS][AG_MAXDIM];
} ag_plan;

/* How a reduction walks x: for every index over the kept dims (the output is contiguous in their order), all
 * indices over the reduced dims, row-major. Both lists are coalesced, outermost first. */
typedef struct {
    int64_t kept, reduced; /* products of the sizes */
    int64_t nk, nr;        /* numbers of dims */
    int64_t ksize[AG_MAXDIM], kstride[AG_MAXDIM];
    int64_t rsize[AG_MAXDIM], rstride[AG_MAXDIM];
} ag_reduce;

/* C = act(alpha A B + beta C + bias): A (m, k), B (k, n), C (m, n), bias (n,) or NULL, for every batch index.
 * Rows of C are rsc apart and its columns contiguous; A and B have any strides, 0 included. */
typedef struct {
    int64_t m, n, k;
    int64_t rsa, csa, rsb, csb, rsc;
    int64_t nbatch; /* number of batch dims; 0 for a single product */
    int64_t bsize[AG_MAXDIM], bsa[AG_MAXDIM], bsb[AG_MAXDIM], bsc[AG_MAXDIM];
    double alpha, beta;
    int64_t act; /* AG_ACT_... */
} ag_gemm;

#define AG_ACT_NONE 0
#define AG_ACT_RELU 1
#define AG_ACT_SIGMOID 2
#define AG_ACT_TANH 3

/* A convolution from x (images, channels, in...) to y (images, filters, out...) by weights (filters, channels / groups,
 * kernel...), all contiguous, in two dims: y at i sees x at i * stride - padding + tap * dilation, and 0 outside. */
typedef struct {
    int64_t images, groups, channels, filters; /* channels and filters are those of all groups */
    int64_t in[2], out[2], kernel[2], stride[2], padding[2], dilation[2];
} ag_conv;

/* Pooling of planes (in...) to (out...), contiguous: y at i sees x from i * stride - padding on, kernel elements in steps
 * of the dilation; adaptive: from i * in / out up to (i + 1) * in / out, rounded outwards. A mean divides by divisor, or
 * where that is 0 by the number of elements seen, those of the padding included or not. */
typedef struct {
    int64_t planes;
    int64_t in[2], out[2], kernel[2], stride[2], padding[2], dilation[2];
    int64_t adaptive, divisor, include_padding;
} ag_pool;

/* Attention over batch dims: queries rows of q and keys rows of k have width columns, v and y have values columns, dq is
 * like q, and so on; columns are contiguous, row and batch say how far apart rows and batch indices of an operand are.
 * There is at least one key. */
typedef struct {
    int64_t queries, keys, width, values;
    int64_t nbatch, causal;
    int64_t size[AG_MAXDIM], row[7], batch[7][AG_MAXDIM];
    double scale;
} ag_attention;

/* its operands */
#define AG_Q 0
#define AG_K 1
#define AG_V 2
#define AG_Y 3 /* backward its gradient */
#define AG_DQ 4
#define AG_DK 5
#define AG_DV 6

/* Positions in x (outer, n, inner), contiguous, for each element of y (outer, count, inner), contiguous: y[o, j, i] belongs to
 * x[o, index[o, j, i], i]. The index has strides, in elements; one of 0 broadcasts. A position below 0, down to low, counts from
 * the end; what is at skip is left out. */
typedef struct {
    int64_t outer, count, n, inner;
    int64_t step[3], low, skip;
} ag_index;

#define AG_NO_SKIP -9223372036854775807

/* One parameter of an optimizer step, and its state, which is NULL where the rule keeps none:
 *              m                 v             vmax
 *   sgd        momentum_buffer
 *   asgd       ax
 *   rprop      prev              step_size
 *   adam       exp_avg           exp_avg_sq    max_exp_avg_sq
 *   adamax     exp_avg           exp_inf
 *   nadam      exp_avg           exp_avg_sq
 *   radam      exp_avg           exp_avg_sq
 *   adagrad                      sum
 *   adadelta   acc_delta         square_avg
 *   rmsprop    momentum_buffer   square_avg    grad_avg */
typedef struct {
    void *p;
    const void *g;
    void *m, *v, *vmax;
    int64_t n;
} ag_param;

/* The options of one parameter group by PyTorch's names, refreshed before each step, and what the kernels count: step,
 * from 1, and numbers of nadam (mu_product) and asgd (eta and mu of the step to come), which have float's precision. */
typedef struct {
    double lr, weight_decay, eps, beta1, beta2, momentum, dampening, alpha, rho, lr_decay, momentum_decay, lambd, t0;
    double eta_minus, eta_plus, step_size_min, step_size_max;
    double mu_product, eta, mu;
    int64_t step, nesterov, maximize, amsgrad, centered, decoupled_weight_decay;
} ag_group;

/* The generator: MT19937 as PyTorch's CPU generator uses it. */
typedef struct {
    uint32_t state[624];
    int32_t left, next; /* PyTorch's counters: one more than the words left before the next refill, index of the next */
    uint64_t seed;
    int32_t has_normal, pad; /* a second Box-Muller sample waits in normal */
    double normal;
} ag_mt19937;

/* A captured program: instructions, each a kernel and its arguments, which stand one after another in slots; an address
 * says which slot points into which buffer, for buffers that move between runs (program.c.inc). */
typedef union {
    void *p;
    int64_t i;
    uint64_t u;
    double d;
} ag_slot;

/* An elementwise instruction in a chain: where its operands, out first, lie for row r of a tile that starts at row first. */
typedef struct {
    int64_t arguments, operands;
    int64_t step[AG_MAXOPS]; /* in bytes: operand k is at its slot's pointer + first * step[k] */
    int64_t lane[AG_MAXOPS]; /* or, where this is not negative, so many bytes into the thread's scratch memory */
    const ag_plan *plan;     /* of a whole tile, then of the last one; NULL where all is contiguous */
} ag_link;

/* count instructions in a row over the same rows x columns elements; tile: the rows that are run at a time. */
typedef struct {
    int64_t count, rows, columns, tile, scratch;
    const ag_link *links;
} ag_chain;

typedef struct {
    int64_t kernel, first; /* ag_kernel_index, its first slot */
    const ag_chain *chain; /* that begins with it; NULL */
} ag_instruction;

typedef struct {
    int64_t slot, buffer, offset; /* in bytes */
} ag_address;

/* Rows to bring to a program's input, results to take from its output, or values by a schedule; bytes are those of one. */
typedef struct {
    const char *from;
    char *to;
    int64_t bytes;
} ag_copy;

typedef struct {
    int64_t count, addresses, scheduled;
    const ag_instruction *code;
    ag_slot *slots;
    const ag_address *moving;
    void **buffers;
    const ag_copy *schedule; /* what to bring before each step: the t-th of its values before step t */
    int64_t step, failed;    /* the last step of a run, from 0, and the instruction in it that returned a status */
} ag_program;

/* Memory: a pool of reused blocks, 64-byte aligned (memory.c). stats: live bytes, peak live bytes, cached bytes,
 * number of blocks handed out, of those how many came from the cache. */
char *ag_alloc(int64_t bytes);
void ag_free(void *block);
void ag_memory_stats(int64_t stats[5]);
void ag_reset_peak(void);
void ag_empty_cache(void);

/* Threads (threads.c). */
void ag_set_num_threads(int n);
int ag_get_num_threads(void);
int ag_set_flush_denormal(int on); /* for the calling thread's kernels; whether the machine can */
int ag_default_num_threads(void);  /* affinity and cgroup quota, rounded down, at least 1 */

/* Instruction sets (dispatch.c): 0 generic, then upwards. ag_set_isa masks downwards; it returns what is used. */
int ag_best_isa(void);
int ag_set_isa(int isa);
int ag_get_isa(void);
const char *ag_isa_name(int isa); /* NULL past the last one this build knows */
const char *ag_compiler(void);    /* compiler and version */
/* cdef] */

#include "signatures.h"

/* Exported kernels, one prototype per line of kernels.def and dtype. */
#define SYMBOL(CLASS, symbol) AG_SIG_##CLASS(ag_##symbol);
#include "kernels.def"

/* Runs fn(context, task) for task = 0 .. tasks - 1 on the pool and the caller; where there is little work, the pool is
 * busy, or it has one thread, the caller runs them all in order. work is that of all tasks, weighed as elements of a
 * softmax: 0.2 ns each with AVX-512, 1 ns without vectors. */
void ag_parallel(int64_t tasks, int64_t work, void (*fn)(void *context, int64_t task), void *context);

/* A scratch buffer of this thread, 64-byte aligned, valid until the next call with the same slot (0 to 2);
 * NULL where memory is out. */
void *ag_workspace(int slot, int64_t bytes);

/* Set by the Python binding, NULL elsewhere: dispatch.c lets go of the GIL around work worth more than ~20 us. */
extern void *(*ag_gil_release)(void);
extern void (*ag_gil_acquire)(void *token);

#endif
