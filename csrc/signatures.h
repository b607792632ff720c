/* The signature classes: each kernel of kernels.def has one of these. ffi_build.py reads this file too, so a class
 * is one line: #define AG_SIG_<CLASS>(f) <prototype of f>.
 *
 * Elementwise kernels take a plan, or NULL and n for contiguous operands of one shape; out may be one of the inputs.
 * p0 and p1 are parameters of the op. In the gradient classes g is the gradient arriving, s the saved x or y. */
/* clang-format off */
#define AG_SIG_FILL(f) int f(const ag_plan *plan, int64_t n, void *out, double p0)
#define AG_SIG_UNARY(f) int f(const ag_plan *plan, int64_t n, void *out, const void *x)
#define AG_SIG_UNARY_P(f) int f(const ag_plan *plan, int64_t n, void *out, const void *x, double p0, double p1)
#define AG_SIG_BINARY(f) int f(const ag_plan *plan, int64_t n, void *out, const void *a, const void *b)
#define AG_SIG_BINARY_P(f) int f(const ag_plan *plan, int64_t n, void *out, const void *a, const void *b, double p0, double p1)
#define AG_SIG_TERNARY(f) int f(const ag_plan *plan, int64_t n, void *out, const void *a, const void *b, const void *c)
/* where: the condition is one byte an element (its strides count bytes, which are its elements) */
#define AG_SIG_WHERE(f) int f(const ag_plan *plan, int64_t n, void *out, const void *condition, const void *a, const void *b)
/* comparisons and tests: out has a byte an element, 0 or 1 */
#define AG_SIG_COMPARE(f) int f(const ag_plan *plan, int64_t n, void *out, const void *a, const void *b)
#define AG_SIG_TEST(f) int f(const ag_plan *plan, int64_t n, void *out, const void *x)
/* cast: from is the dtype of x, one of AG_B8 .. AG_F64; that of out is the kernel's */
#define AG_SIG_CAST(f) int f(const ag_plan *plan, int64_t n, void *out, const void *x, int64_t from)
/* fill and clamp with integers: a double would not hold them all */
#define AG_SIG_FILL_WHOLE(f) int f(const ag_plan *plan, int64_t n, void *out, int64_t p0)
#define AG_SIG_CLAMP_WHOLE(f) int f(const ag_plan *plan, int64_t n, void *out, const void *x, int64_t p0, int64_t p1)

/* Reductions; a test writes a byte, 0 or 1; argreduce writes int64_t positions within the flattened reduced dims, the first of equals, NaN first. */
#define AG_SIG_REDUCE(f) int f(const ag_reduce *plan, void *out, const void *x, double p0)
#define AG_SIG_REDUCE_TEST(f) int f(const ag_reduce *plan, void *out, const void *x)
#define AG_SIG_ARGREDUCE(f) int f(const ag_reduce *plan, int64_t *out, const void *x)

/* Rowwise: contiguous (outer, n, inner), along the middle. */
#define AG_SIG_ROWWISE(f) int f(int64_t outer, int64_t n, int64_t inner, void *out, const void *x)
#define AG_SIG_ROWWISE_GRAD(f) int f(int64_t outer, int64_t n, int64_t inner, void *dx, const void *g, const void *y)

/* Norms over contiguous rows of n elements: y = (x - mean) / sqrt(var + eps) weight + bias; weight and bias (n,) may be NULL.
 * stats (2, rows): the means, 0 for RMS norm, and the factors 1 / sqrt(var + eps). Each of dx, dw, db may be NULL. */
#define AG_SIG_NORM(f) int f(int64_t rows, int64_t n, void *y, void *stats, const void *x, const void *weight, const void *bias, double eps)
#define AG_SIG_NORM_GRAD(f) int f(int64_t rows, int64_t n, void *dx, void *dw, void *db, const void *g, const void *x, const void *stats, const void *weight)

/* Batch norm over contiguous (outer, channels, inner); weight and bias (channels,) may be NULL. In training stats (2, channels) become
 * means and factors 1 / sqrt(var + eps) of the channels, and running_mean and running_var, which may be NULL, follow with the unbiased
 * variance; else they are the statistics. Each of dx, dw, db may be NULL. */
#define AG_SIG_BATCH_NORM(f) int f(int64_t outer, int64_t channels, int64_t inner, void *y, void *stats, void *running_mean, void *running_var, const void *x, const void *weight, const void *bias, int64_t training, double momentum, double eps)
#define AG_SIG_BATCH_NORM_GRAD(f) int f(int64_t outer, int64_t channels, int64_t inner, void *dx, void *dw, void *db, const void *g, const void *x, const void *stats, const void *weight, int64_t training)

/* Losses over n contiguous elements: out[0] = p0 * sum(l(x, t)); dx = p0 * g[0] * l'(x, t). */
#define AG_SIG_LOSS(f) int f(int64_t n, void *out, const void *x, const void *t, double p0)
#define AG_SIG_LOSS_GRAD(f) int f(int64_t n, void *dx, const void *g, const void *x, const void *t, double p0)
/* Cross-entropy with class indices, logits contiguous (outer, classes, inner), target (outer, inner), weight (classes,) or NULL,
 * label smoothing. reduction 0: loss and g have (outer, inner) elements; 1: loss is the sum over the weight of the targets that are
 * not ignored; 2: the sum. lse (outer, inner) is the logsumexp, NaN where it is +infinity; NULL where x are log-probabilities, of
 * which the gradient reads nothing, without smoothing.
 * A target outside 0 .. classes - 1 that is not ignore_index: status 1 + its position, loss unspecified. */
#define AG_SIG_NLL(f) int f(int64_t outer, int64_t classes, int64_t inner, void *loss, void *lse, const void *x, const int64_t *target, const void *weight, int64_t ignore_index, int64_t reduction, double smoothing)
#define AG_SIG_NLL_GRAD(f) int f(int64_t outer, int64_t classes, int64_t inner, void *dx, const void *g, const void *x, const void *lse, const int64_t *target, const void *weight, int64_t ignore_index, int64_t reduction, double smoothing)

/* Products. linear, all contiguous: y (m, n) = act(x (m, k) w (n, k)^T + bias (n,)), bias may be NULL. linear_grad, all contiguous: g (m, n), x (m, k), w (n, k); dx = g w, dw = g^T x, db = sum of g over rows;
 * each of dx, dw, db may be NULL.
 * Where act is given, g is the gradient of act's result y: dz = g * act'(y) is written first (dz may be g), and taken for g. */
#define AG_SIG_GEMM(f) int f(const ag_gemm *spec, void *c, const void *a, const void *b, const void *bias)
#define AG_SIG_LINEAR(f) int f(int64_t m, int64_t n, int64_t k, void *y, const void *x, const void *w, const void *bias, int64_t act)
#define AG_SIG_LINEAR_GRAD(f) int f(int64_t m, int64_t n, int64_t k, void *dx, void *dw, void *db, void *dz, const void *g, const void *x, const void *w, const void *y, int64_t act)

/* Convolutions: out = y from a = x, b = w; out = x (or dx) from a = y (or dy), b = w; out = dw from a = dy, b = x. A bias has
 * an element for each channel of out; it may be NULL, and is for dw. */
#define AG_SIG_CONV(f) int f(const ag_conv *spec, void *out, const void *a, const void *b, const void *bias)

/* Pooling: y and the position of each largest element in its plane, from x, and dx from g and these positions; means, y
 * from x, and dx from g. */
#define AG_SIG_MAX_POOL(f) int f(const ag_pool *spec, void *y, int64_t *index, const void *x)
#define AG_SIG_MAX_POOL_GRAD(f) int f(const ag_pool *spec, void *dx, const void *g, const int64_t *index)
#define AG_SIG_AVG_POOL(f) int f(const ag_pool *spec, void *out, const void *in)

/* Attention: y = softmax(scale q k^T) v; stats, contiguous (batch..., queries, 2), are the largest score of each query and
 * 1 / the sum of exp(score - largest). Each of dq, dk, dv may be NULL. */
#define AG_SIG_ATTENTION(f) int f(const ag_attention *spec, void *y, void *stats, const void *q, const void *k, const void *v)
#define AG_SIG_ATTENTION_GRAD(f) int f(const ag_attention *spec, void *dq, void *dk, void *dv, const void *g, const void *q, const void *k, const void *v, const void *stats)

/* Cells, all contiguous: h, c and their like (rows, n), what has gates (rows, 4 n) for an LSTM and (rows, 3 n) for a GRU. Forward the
 * gates become what sigmoid and tanh make of them. lstm_cell_grad: dc arrives and becomes that of c0; gru_cell_grad: dh arrives and
 * becomes what goes to h0 past the gates. */
#define AG_SIG_LSTM_CELL(f) int f(int64_t rows, int64_t n, void *h, void *c, void *gates, const void *c0)
#define AG_SIG_LSTM_CELL_GRAD(f) int f(int64_t rows, int64_t n, void *dgates, void *dc, const void *dh, const void *gates, const void *c0, const void *c)
#define AG_SIG_GRU_CELL(f) int f(int64_t rows, int64_t n, void *h, void *gates, const void *hidden, const void *h0)
#define AG_SIG_GRU_CELL_GRAD(f) int f(int64_t rows, int64_t n, void *dgates, void *dhidden, void *dh, const void *gates, const void *hidden, const void *h0)

/* Optimizers: one call counts the group's step and updates all its parameters. A table that is const points to tensors
 * that are only read; of another one only each g is. */
#define AG_SIG_OPTIMIZER(f) int f(ag_group *group, int64_t count, ag_param *params)

/* Clipping by the norm, over lists of tensors, the p and n of each entry: out[0] = the sum of all squares; out[0] = the root of the
 * sum of n numbers; factor[0] = most / (norm[0] + 1e-6), at most 1; every element times factor[0]. */
#define AG_SIG_LIST_SQUARES(f) int f(int64_t count, const ag_param *params, double *out)
#define AG_SIG_ROOT_SUM(f) int f(int64_t n, void *out, const double *x)
#define AG_SIG_CLIP_FACTOR(f) int f(double *factor, const void *norm, double most)
#define AG_SIG_LIST_SCALE(f) int f(int64_t count, ag_param *params, const double *factor)

/* By index (ag_index). Of x, y is taken; to x, y is given, in order of its rows. Nothing is written where a position is out of range:
 * status 1 + the place of the first such one in the index, counting along the dims that have strides.
 * fold_index: out[i] = out[i] * n + index[i], so that several positions become one. */
#define AG_SIG_TAKE(f) int f(const ag_index *spec, void *y, const void *x, const int64_t *index)
#define AG_SIG_GIVE(f) int f(const ag_index *spec, void *x, const void *y, const int64_t *index)
#define AG_SIG_FOLD_INDEX(f) int f(int64_t count, int64_t n, int64_t *out, const int64_t *index)

/* Dropout: out = x kept and scaled by 1 / (1 - p), or 0, decided by (key[0], index) alone; its gradient is itself. */
#define AG_SIG_DROPOUT(f) int f(int64_t n, void *out, const void *x, double p, const int64_t *key)

/* Counters: each of n integers grows by 1. */
#define AG_SIG_COUNT(f) int f(int64_t n, int64_t *out)

/* The random streams: uniform in [low, high); normal; without dtype: seeding, permutation, integers in [low, low + range),
 * raw 32-bit words. */
#define AG_SIG_RANDOM(f) int f(ag_mt19937 *mt, int64_t n, void *out, double low, double high)
#define AG_SIG_SEED(f) int f(ag_mt19937 *mt, uint64_t seed)
#define AG_SIG_PERMUTATION(f) int f(ag_mt19937 *mt, int64_t n, int64_t *out)
#define AG_SIG_INTEGERS(f) int f(ag_mt19937 *mt, int64_t n, int64_t *out, int64_t low, uint64_t range)
#define AG_SIG_WORDS(f) int f(ag_mt19937 *mt, int64_t n, uint32_t *out)
