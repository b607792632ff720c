/* Every kernel of kernels.def for one instruction set and one dtype, and the table that names them.
 * An isa_*.c file includes this with F32 0 and then 1; the float kernels may use the double vectors (WIDE). */
#include "vec.h"

#define KERNEL(CLASS, name) AG_ENTRY_##CLASS(FN(name));
#include "kernels.def"

#include "elementwise.c.inc"
#include "reduce.c.inc"
#include "rowwise.c.inc"
#include "loss.c.inc"
#include "gemm.c.inc"
#include "conv.c.inc"
#include "pool.c.inc"
#include "norm.c.inc"
#include "batch_norm.c.inc"
#include "attention.c.inc"
#include "recurrent.c.inc"
#include "optimizer.c.inc"
#include "optimizer_adam.c.inc"
#include "optimizer_rms.c.inc"
#include "list.c.inc"
#include "random.c.inc"

#define KERNEL(CLASS, name) .name = FN(name),
const ag_table FN(table) = {
#include "kernels.def"
};
