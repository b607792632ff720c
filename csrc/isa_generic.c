/* The copy that runs anywhere: 16-byte vectors in plain C. The references are compiled here, once. */
#include "table.h"

#define ISA generic
#define VBYTES 16
#define ISA_HEADER "vec_generic.h"

#define F32 0
#include "bodies.h"
#undef F32
#define F32 1
#include "bodies.h"
#include "typed.h"
