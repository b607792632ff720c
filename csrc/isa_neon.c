/* The copy for NEON, which every aarch64 processor has: no target to set. */
#include "table.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#undef AG_REFERENCE /* the references are compiled once, in isa_generic.c */
#define ISA neon
#define VBYTES 16
#define ISA_HEADER "vec_neon.h"

#define F32 0
#include "bodies.h"
#undef F32
#define F32 1
#include "bodies.h"
#include "typed.h"
#endif
