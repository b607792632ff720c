/* What the checks share: a fixed random stream, guarded buffers, comparison in units of the last place. */
#ifndef CHECK_H
#define CHECK_H

#include "../ag.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- failures ---------------------------------------------------------------------------------------------------- */

static int failures;
static long long checks;
static int reports_left; /* of what is being checked: begin() */
static int thorough;     /* --long: more rounds, larger sweeps */
static int verbose;      /* --verbose: the errors measured */

/* Some failures of each thing checked are printed, all are counted. */
static inline void begin(void) {
    reports_left = 3;
}

#define CHECK(condition, ...)                                   \
    do {                                                        \
        checks++;                                               \
        if (!(condition) && ++failures && reports_left-- > 0) { \
            printf("FAIL %s: ", ag_isa_name(ag_get_isa()));     \
            printf(__VA_ARGS__);                                \
            printf("\n");                                       \
        }                                                       \
    } while (0)

/* --- random numbers: splitmix64 ---------------------------------------------------------------------------------- */

static uint64_t random_state = 20240229;

static inline uint64_t random_bits(void) {
    uint64_t z = random_state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* In low .. high, both included. */
static inline int64_t random_int(int64_t low, int64_t high) {
    return low + (int64_t)(random_bits() % (uint64_t)(high - low + 1));
}

static inline double random_real(double low, double high) {
    return low + (high - low) * ((double)(random_bits() >> 11) * 0x1p-53);
}

/* --- buffers --------------------------------------------------------------------------------------------------------
 * buffer(count, itemsize) has a random alignment, as coarse as its elements, and guard bytes on both sides (under
 * AddressSanitizer it ends where its block ends instead). release() checks all guards and frees all buffers. */

enum { GUARD = 64, GUARD_BYTE = 0xA5, MAX_BUFFERS = 64 };

typedef struct {
    unsigned char *block, *start;
    size_t bytes, after;
} guarded;

static guarded buffers[MAX_BUFFERS];
static int buffer_count;

static inline void *buffer(int64_t count, size_t itemsize) {
    guarded *b = &buffers[buffer_count++];
    if (buffer_count > MAX_BUFFERS) abort();
#ifdef __SANITIZE_ADDRESS__
    b->after = 0;
#else
    b->after = GUARD;
#endif
    size_t before = GUARD + itemsize * (size_t)random_int(0, 15);
    b->bytes = (size_t)count * itemsize;
    b->block = malloc(before + b->bytes + b->after);
    if (!b->block) abort();
    b->start = b->block + before;
    memset(b->block, GUARD_BYTE, before);
    memset(b->start, 0x11, b->bytes);
    memset(b->start + b->bytes, GUARD_BYTE, b->after);
    return b->start;
}

static inline void release(const char *what) {
    for (int i = 0; i < buffer_count; i++) {
        guarded *b = &buffers[i];
        int touched = 0;
        for (unsigned char *p = b->block; p < b->start; p++) touched |= *p != GUARD_BYTE;
        for (size_t k = 0; k < b->after; k++) touched |= b->start[b->bytes + k] != GUARD_BYTE;
        CHECK(!touched, "%s wrote outside buffer %d", what, i);
        free(b->block);
    }
    buffer_count = 0;
}

#endif
