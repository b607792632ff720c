/* The plain loops of kernels.def for one instruction set, and the table that names them. typed.c.inc is included for each
 * dtype, with
 *   SUFFIX    of its kernels' names
 *   T         an element; bool is a byte, true where it is not 0
 *   UNSIGNED  the type in which T is added and multiplied, so that it wraps around
 *   KIND      IS_BOOL, IS_WHOLE or IS_REAL */
#define IS_BOOL 0
#define IS_WHOLE 1
#define IS_REAL 2

/* One line serves types with a sign and without. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtype-limits"

#undef T
#undef SUFFIX
#define SUFFIX _b8
#define T uint8_t
#define UNSIGNED uint32_t
#define KIND IS_BOOL
#include "typed.c.inc"

#undef KIND
#define KIND IS_WHOLE
#define SUFFIX _u8
#define T uint8_t
#include "typed.c.inc"
#define SUFFIX _i8
#define T int8_t
#include "typed.c.inc"
#define SUFFIX _i16
#define T int16_t
#include "typed.c.inc"
#define SUFFIX _i32
#define T int32_t
#include "typed.c.inc"
#undef UNSIGNED
#define UNSIGNED uint64_t
#define SUFFIX _i64
#define T int64_t
#include "typed.c.inc"

#undef KIND
#define KIND IS_REAL
#define SUFFIX _f32
#define T float
#include "typed.c.inc"
#define SUFFIX _f64
#define T double
#include "typed.c.inc"

#pragma GCC diagnostic pop

#define TYPED(CLASS, name, suffix) .name##suffix = &AG_GLUE(ISA, _##name, suffix),
const ag_typed_table AG_GLUE(ISA, _typed, ) = {
#include "kernels.def"
};
