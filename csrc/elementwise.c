/* Runs the body of an elementwise kernel over contiguous operands or over a plan, on one thread or several.
 *
 * A plan is seen as many matrices: its two innermost dims are rows and columns, the outer ones count matrices. Bodies
 * want contiguous elements, and there are two ways to give them some:
 *   by rows   where rows are long and every operand is contiguous or constant along them: a body call per row;
 *   by tiles  else: a tile of a few hundred elements of each operand is gathered on the stack, computed by one body
 *             call, and scattered. Transposed operands thus move in blocks, and short rows share a call. */

#include "table.h"

#include <stdlib.h>

enum {
    TILE_BYTES = 4096,  /* of one operand */
    LONG_ROW = 64,      /* elements that are worth a body call */
    BLOCK_COLUMNS = 32, /* of a tile with a transposed operand: whole cache lines both ways */
    CHUNK = 1 << 15,    /* elements of a task */
};

typedef struct {
    const ag_job *job;
    const ag_plan *plan;
    int64_t matrices, rows, cols;
    int64_t row_step[AG_MAXOPS], col_step[AG_MAXOPS]; /* elements; operand 0 is out */
    int by_rows;
    int64_t tile_rows, tile_cols;
    int64_t band, segment;   /* the rows and columns of a unit of work */
    int64_t bands, segments; /* units of a matrix each way */
} walk;

/* --- moving tiles ------------------------------------------------------------------------------------------------ */

/* A matrix of elements in memory. Steps count elements. */
typedef struct {
    char *at;
    int64_t row_step, col_step;
} matrix;

typedef uint8_t item1;
typedef uint16_t __attribute__((may_alias, aligned(1))) item2;
typedef uint32_t __attribute__((may_alias, aligned(1))) item4;
typedef uint64_t __attribute__((may_alias, aligned(1))) item8;

#define DEFINE_MOVE(item)                                                                     \
    static void move_##item(matrix to, matrix from, int64_t rows, int64_t cols) {             \
        for (int64_t r = 0; r < rows; r++) {                                                  \
            item *y = (item *)to.at + r * to.row_step;                                        \
            const item *x = (const item *)from.at + r * from.row_step;                        \
            if (to.col_step == 1 && from.col_step == 1)                                       \
                memmove(y, x, (size_t)cols * sizeof(item));                                   \
            else if (to.col_step == 1 && from.col_step == 0)                                  \
                for (int64_t c = 0; c < cols; c++) y[c] = *x;                                 \
            else                                                                              \
                for (int64_t c = 0; c < cols; c++) y[c * to.col_step] = x[c * from.col_step]; \
        }                                                                                     \
    }
DEFINE_MOVE(item1)
DEFINE_MOVE(item2)
DEFINE_MOVE(item4)
DEFINE_MOVE(item8)

/* Transposing blocks of 4 x 4 four-byte elements, or 2 x 2 eight-byte ones, in 16-byte vectors. */
typedef uint32_t four __attribute__((vector_size(16)));
typedef uint64_t two __attribute__((vector_size(16)));
#ifdef __clang__
#define PICK4(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#define PICK2(a, b, i, j) __builtin_shufflevector(a, b, i, j)
#else
#define PICK4(a, b, i, j, k, l) __builtin_shuffle(a, b, (four){i, j, k, l})
#define PICK2(a, b, i, j) __builtin_shuffle(a, b, (two){i, j})
#endif

static inline void transpose_item4(item4 *y, int64_t y_step, const item4 *x, int64_t x_step) {
    four a[4], b[4];
    for (int i = 0; i < 4; i++) memcpy(&a[i], x + i * x_step, sizeof a[i]);
    for (int i = 0; i < 2; i++) {
        b[i] = PICK4(a[2 * i], a[2 * i + 1], 0, 4, 1, 5);
        b[i + 2] = PICK4(a[2 * i], a[2 * i + 1], 2, 6, 3, 7);
    }
    for (int i = 0; i < 2; i++) {
        a[2 * i] = PICK4(b[2 * i], b[2 * i + 1], 0, 1, 4, 5);
        a[2 * i + 1] = PICK4(b[2 * i], b[2 * i + 1], 2, 3, 6, 7);
    }
    for (int i = 0; i < 4; i++) memcpy(y + i * y_step, &a[i], sizeof a[i]);
}

static inline void transpose_item8(item8 *y, int64_t y_step, const item8 *x, int64_t x_step) {
    two a, b;
    memcpy(&a, x, sizeof a);
    memcpy(&b, x + x_step, sizeof b);
    const two first = PICK2(a, b, 0, 2), second = PICK2(a, b, 1, 3);
    memcpy(y, &first, sizeof first);
    memcpy(y + y_step, &second, sizeof second);
}

/* to (rows, cols) with contiguous rows, from with contiguous columns, which the inner loop follows. */
#define DEFINE_TRANSPOSE(item, block)                                                                             \
    static void move_transposed_##item(matrix to, matrix from, int64_t rows, int64_t cols) {                      \
        const int64_t whole_rows = rows - rows % block, whole_cols = cols - cols % block;                         \
        item *y = (item *)to.at;                                                                                  \
        const item *x = (const item *)from.at;                                                                    \
        for (int64_t c = 0; c < whole_cols; c += block)                                                           \
            for (int64_t r = 0; r < whole_rows; r += block)                                                       \
                transpose_##item(y + r * to.row_step + c, to.row_step, x + c * from.col_step + r, from.col_step); \
        for (int64_t c = 0; c < cols; c++)                                                                        \
            for (int64_t r = c < whole_cols ? whole_rows : 0; r < rows; r++)                                      \
                y[r * to.row_step + c] = x[c * from.col_step + r];                                                \
    }
DEFINE_TRANSPOSE(item4, 4)
DEFINE_TRANSPOSE(item8, 2)

/* Whether neighbours in memory are in one column. */
static int is_transposed(matrix m) {
    return m.row_step != 0 && llabs(m.row_step) < llabs(m.col_step);
}

/* Asks for the two lines of each column of the next tile: columns this short are not foreseen by the processor. */
static void foresee(matrix from, int64_t cols, int itemsize) {
    for (int64_t c = 0; c < cols; c++) {
        const char *next = from.at + (c + BLOCK_COLUMNS) * from.col_step * itemsize;
        __builtin_prefetch(next);
        __builtin_prefetch(next + 64);
    }
}

/* Copies a matrix, one of the two being a buffer on the stack. */
static void move(matrix to, matrix from, int64_t rows, int64_t cols, int itemsize) {
    if (is_transposed(to)) {
        to = (matrix){to.at, to.col_step, to.row_step};
        from = (matrix){from.at, from.col_step, from.row_step};
        const int64_t kept = rows;
        rows = cols;
        cols = kept;
    }
    const int transposes = to.col_step == 1 && from.row_step == 1 && from.col_step != 1;
    if (transposes) foresee(from, cols, itemsize);
    if (itemsize == 4)
        (transposes ? move_transposed_item4 : move_item4)(to, from, rows, cols);
    else if (itemsize == 8)
        (transposes ? move_transposed_item8 : move_item8)(to, from, rows, cols);
    else
        (itemsize == 2 ? move_item2 : move_item1)(to, from, rows, cols);
}

/* --- a unit of work: rows x cols at the given pointers ----------------------------------------------------------- */

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static void run_rows(const walk *w, char *const at[AG_MAXOPS], int64_t rows, int64_t cols) {
    const ag_job *job = w->job;
    int64_t step[AG_MAXOPS] = {0};
    const char *in[AG_MAXOPS - 1] = {NULL};
    int splat = 0;
    for (int k = 0; k <= job->inputs; k++) step[k] = w->row_step[k] * w->job->itemsize[k];
    for (int k = 0; k < job->inputs; k++) {
        in[k] = at[k + 1];
        splat |= (w->col_step[k + 1] == 0) << k;
    }
    char *out = at[0];
    for (int64_t r = 0; r < rows; r++) {
        job->body(cols, out, in[0], in[1], in[2], splat, job->p0, job->p1);
        out += step[0];
        for (int k = 0; k < job->inputs; k++) in[k] += step[k + 1];
    }
}

/* Whether operand k lies in a tile of these sizes the way a body wants it: without gaps. */
static int is_dense(const walk *w, int k, int64_t rows, int64_t cols) {
    return (cols == 1 || w->col_step[k] == 1) && (rows == 1 || w->row_step[k] == cols);
}

static int is_constant(const walk *w, int k) {
    return w->col_step[k] == 0 && w->row_step[k] == 0;
}

/* An operand's buffer, and the tile that is in it: rows that repeat are gathered once. */
typedef struct {
    char *buffer, *from;
    int64_t rows, cols;
} gathered;

/* Where the body finds operand k of a tile: in place, or gathered. */
static const char *gather(const walk *w, int k, matrix tile, int64_t rows, int64_t cols, gathered *held) {
    if (is_constant(w, k) || is_dense(w, k, rows, cols)) return tile.at;
    const int there = tile.row_step == 0 && held->from == tile.at && held->rows >= rows && held->cols == cols;
    if (!there) {
        move((matrix){held->buffer, cols, 1}, tile, rows, cols, w->job->itemsize[k]);
        *held = (gathered){held->buffer, tile.at, rows, cols};
    }
    return held->buffer;
}

static void run_tile(const walk *w, const matrix tile[AG_MAXOPS], int64_t rows, int64_t cols,
                     gathered held[AG_MAXOPS]) {
    const ag_job *job = w->job;
    if (job->moves && !is_transposed(tile[0]) && !is_transposed(tile[1])) {
        move(tile[0], tile[1], rows, cols, job->itemsize[0]);
        return;
    }
    const char *in[AG_MAXOPS - 1] = {NULL};
    int splat = 0;
    for (int k = 1; k <= job->inputs; k++) {
        in[k - 1] = gather(w, k, tile[k], rows, cols, &held[k]);
        splat |= is_constant(w, k) << (k - 1);
    }
    const int direct = is_dense(w, 0, rows, cols);
    char *out = direct ? tile[0].at : held[0].buffer;
    job->body(rows * cols, out, in[0], in[1], in[2], splat, job->p0, job->p1);
    if (!direct) move(tile[0], (matrix){out, cols, 1}, rows, cols, job->itemsize[0]);
}

static void run_tiles(const walk *w, char *const at[AG_MAXOPS], int64_t rows, int64_t cols) {
    _Alignas(64) char buffer[AG_MAXOPS][TILE_BYTES];
    gathered held[AG_MAXOPS];
    for (int k = 0; k <= w->job->inputs; k++) held[k] = (gathered){buffer[k], NULL, 0, 0};
    for (int64_t r = 0; r < rows; r += w->tile_rows) {
        for (int64_t c = 0; c < cols; c += w->tile_cols) {
            matrix tile[AG_MAXOPS];
            for (int k = 0; k <= w->job->inputs; k++) {
                const int64_t offset = r * w->row_step[k] + c * w->col_step[k];
                tile[k] = (matrix){at[k] + offset * w->job->itemsize[k], w->row_step[k], w->col_step[k]};
            }
            run_tile(w, tile, least(w->tile_rows, rows - r), least(w->tile_cols, cols - c), held);
        }
    }
}

/* --- dividing the work ------------------------------------------------------------------------------------------- */

/* Where the operands of row r, column c of matrix m are. */
static void locate(const walk *w, int64_t m, int64_t r, int64_t c, char *at[AG_MAXOPS]) {
    int64_t offset[AG_MAXOPS];
    for (int k = 0; k <= w->job->inputs; k++) offset[k] = r * w->row_step[k] + c * w->col_step[k];
    for (int64_t d = w->plan->ndim - 3; d >= 0; d--) {
        const int64_t index = m % w->plan->size[d];
        m /= w->plan->size[d];
        for (int k = 0; k <= w->job->inputs; k++) offset[k] += index * w->plan->stride[k][d];
    }
    for (int k = 0; k <= w->job->inputs; k++) {
        char *base = k == 0 ? w->job->out : (char *)w->job->in[k - 1];
        at[k] = base + offset[k] * w->job->itemsize[k];
    }
}

/* Units first .. first + count - 1, numbered by matrix, band, segment. */
static void run_units(const walk *w, int64_t first, int64_t count) {
    const int64_t per_matrix = w->bands * w->segments;
    for (int64_t u = first; u < first + count; u++) {
        const int64_t r = u % per_matrix / w->segments * w->band, c = u % w->segments * w->segment;
        char *at[AG_MAXOPS];
        locate(w, u / per_matrix, r, c, at);
        (w->by_rows ? run_rows : run_tiles)(w, at, least(w->band, w->rows - r), least(w->segment, w->cols - c));
    }
}

static void lay_out(walk *w, const ag_plan *plan, const ag_job *job) {
    const int64_t last = plan->ndim - 1;
    w->job = job;
    w->plan = plan;
    w->cols = last >= 0 ? plan->size[last] : 1;
    w->rows = last >= 1 ? plan->size[last - 1] : 1;
    w->matrices = plan->n / (w->rows * w->cols);
    int contiguous = 1, transposed = 0, largest = 1;
    for (int k = 0; k <= job->inputs; k++) {
        const int64_t row = last >= 1 ? plan->stride[k][last - 1] : 0, col = last >= 0 ? plan->stride[k][last] : 1;
        w->row_step[k] = row;
        w->col_step[k] = col;
        largest = job->itemsize[k] > largest ? job->itemsize[k] : largest;
        contiguous &= col == 1 || (col == 0 && k > 0);
        transposed |= w->rows > 1 && is_transposed((matrix){NULL, row, col});
    }
    const int64_t elements = TILE_BYTES / largest;
    w->by_rows = contiguous && (w->cols >= LONG_ROW || w->rows == 1);
    w->tile_cols = least(w->cols, transposed ? BLOCK_COLUMNS : elements);
    w->tile_rows = elements / w->tile_cols;
    w->segment = least(w->cols, CHUNK);
    w->band = least(w->rows, CHUNK / w->segment);
    w->bands = (w->rows + w->band - 1) / w->band;
    w->segments = (w->cols + w->segment - 1) / w->segment;
}

typedef struct {
    const walk *w;
    int64_t units, per_task;
} shares;

static void run_share(void *context, int64_t task) {
    const shares *s = context;
    const int64_t first = task * s->per_task;
    run_units(s->w, first, least(s->per_task, s->units - first));
}

static void run_plan(const ag_plan *plan, const ag_job *job) {
    walk w;
    lay_out(&w, plan, job);
    const int64_t units = w.matrices * w.bands * w.segments;
    const int64_t per_task = (CHUNK + w.band * w.segment - 1) / (w.band * w.segment);
    ag_parallel((units + per_task - 1) / per_task, plan->n / 2, run_share, &(shares){&w, units, per_task});
}

/* --- bodies that are plain loops --------------------------------------------------------------------------------- */

enum { BLOCK = 512 }; /* elements */

static void spread(char *block, const char *element, int size, int64_t n) {
    for (int64_t i = 0; i < n; i++) memcpy(block + i * size, element, (size_t)size);
}

void ag_run_loop(ag_loop *loop, int64_t n, void *out, const void *const in[AG_MAXOPS - 1], const int size[AG_MAXOPS],
                 int splat) {
    if (!splat) {
        loop(n, out, in[0], in[1], in[2]);
        return;
    }
    _Alignas(64) char block[AG_MAXOPS - 1][BLOCK * sizeof(int64_t)];
    for (int k = 0; k < AG_MAXOPS - 1; k++)
        if (splat >> k & 1) spread(block[k], in[k], size[k + 1], least(n, BLOCK));
    for (int64_t i = 0; i < n; i += BLOCK) {
        const char *at[AG_MAXOPS - 1];
        for (int k = 0; k < AG_MAXOPS - 1; k++)
            at[k] = splat >> k & 1 ? block[k] : in[k] ? (const char *)in[k] + i * size[k + 1] : NULL;
        loop(least(BLOCK, n - i), (char *)out + i * size[0], at[0], at[1], at[2]);
    }
}

/* --- contiguous operands ----------------------------------------------------------------------------------------- */

typedef struct {
    const ag_job *job;
    int64_t n, chunk;
} flat;

static void run_chunk(void *context, int64_t task) {
    const flat *f = context;
    const ag_job *job = f->job;
    const int64_t first = task * f->chunk;
    const char *in[AG_MAXOPS - 1] = {NULL};
    for (int k = 0; k < job->inputs; k++) in[k] = job->in[k] + (job->splat >> k & 1 ? 0 : first * job->itemsize[k + 1]);
    char *out = job->out + first * job->itemsize[0];
    job->body(least(f->chunk, f->n - first), out, in[0], in[1], in[2], job->splat, job->p0, job->p1);
}

void ag_elementwise_flat(int64_t n, const ag_job *job) {
    if (n <= CHUNK) {
        job->body(n, job->out, job->in[0], job->in[1], job->in[2], job->splat, job->p0, job->p1);
        return;
    }
    const int64_t tasks = (n + CHUNK - 1) / CHUNK, chunk = ((n + tasks - 1) / tasks + 63) / 64 * 64;
    ag_parallel((n + chunk - 1) / chunk, n / 2, run_chunk, &(flat){job, n, chunk});
}

int ag_elementwise(const ag_plan *plan, int64_t n, const ag_job *job) {
    n = plan ? plan->n : n;
    if (n <= 0) return 0;
    void *token = ag_gil_begin(n);
    if (plan)
        run_plan(plan, job);
    else
        ag_elementwise_flat(n, job);
    ag_gil_end(token);
    return 0;
}
