/* The families of checks, for one dtype. A new one is a line here and one in checkkernels.c. */
#include "check_type.h"

#include "check_elementwise.c.inc"
#include "check_math.c.inc"
#include "check_random.c.inc"
#include "check_reduce.c.inc"
#include "check_rowwise.c.inc"
#include "check_norm.c.inc"
#include "check_loss.c.inc"
#include "check_optimizer.c.inc"
#include "check_index.c.inc"
#include "check_gemm.c.inc"
#include "check_runtime.c.inc"
