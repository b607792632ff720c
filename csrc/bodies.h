/* Every kernel of kernels.def for one instruction set and one dtype, and the table that names them.
 * An isa_*.c file includes this with F32 0 and then 1; the float kernels may use the double vectors (WIDE). */
#include "vec.h"

#define KERNEL(CLASS, name) __attribute__((weak)) AG_ENTRY_##CLASS(FN(name)); /* TEMPORARY weak */
#define PLAIN(CLASS, name)
#include "kernels.def"
#undef KERNEL

#include "elementwise.c.inc"
/* TEMPORARY while the families are being written: a missing one leaves its entries NULL. */
#if __has_include("reduce.c.inc")
#include "reduce.c.inc"
#endif
#if __has_include("rowwise.c.inc")
#include "rowwise.c.inc"
#endif
#if __has_include("loss.c.inc")
#include "loss.c.inc"
#endif
#if __has_include("gemm.c.inc")
#include "gemm.c.inc"
#endif
#if __has_include("optimizer.c.inc")
#include "optimizer.c.inc"
#endif
#if __has_include("index.c.inc")
#include "index.c.inc"
#endif
#if __has_include("random.c.inc")
#include "random.c.inc"
#endif

#define KERNEL(CLASS, name) .name = FN(name),
const ag_table FN(table) = {
#include "kernels.def"
};
#undef KERNEL
#undef PLAIN
