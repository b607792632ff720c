/* The random streams that have no dtype: seeding, raw words, integers, permutations. Uniforms and normals, which do,
 * are in random.c.inc. Every function draws from the generator exactly what PyTorch's CPU generator would. */
#include <math.h>

#include "mt19937.h"

#define BLOCK 512

/* The words depend on the low 32 bits of the seed; all 64 are kept for whoever asks. */
int ag_mt_seed(ag_mt19937 *mt, uint64_t seed) {
    uint32_t *s = mt->state;
    s[0] = (uint32_t)seed;
    for (uint32_t i = 1; i < MT_N; i++) s[i] = 1812433253u * (s[i - 1] ^ (s[i - 1] >> 30)) + i;
    mt->left = 1;
    mt->next = 0;
    mt->seed = seed;
    mt->has_normal = mt->pad = 0;
    mt->normal = 0;
    return 0;
}

int ag_mt_words(ag_mt19937 *mt, int64_t n, uint32_t *out) {
    mt_draw(mt, n, out);
    return 0;
}

/* The remainder of a 32-bit word without a division: inverse is 2^64 / range rounded up (Lemire, Kaser and Kurz 2019,
 * "Faster remainder by direct computation"). */
static inline uint32_t remainder_of(uint32_t word, uint64_t inverse, uint64_t range) {
    return (uint32_t)((unsigned __int128)(inverse * word) * range >> 64);
}

/* One word an element where the range is below 2^28, two above; range 0 stands for 2^64. */
int ag_mt_integers(ag_mt19937 *mt, int64_t n, int64_t *out, int64_t low, uint64_t range) {
    uint32_t words[2 * BLOCK];
    int is_short = range > 0 && range < 1u << 28;
    uint64_t inverse = is_short ? UINT64_MAX / range + 1 : 0; /* range 1: 0, and every remainder is 0 */
    for (int64_t start = 0; start < n; start += BLOCK) {
        int64_t k = n - start < BLOCK ? n - start : BLOCK;
        mt_draw(mt, is_short ? k : 2 * k, words);
        for (int64_t i = 0; i < k; i++) {
            uint64_t x;
            if (is_short) {
                x = remainder_of(words[i], inverse, range);
            } else {
                x = mt_join(words + 2 * i);
                x = range ? x % range : x;
            }
            out[start + i] = (int64_t)(x + (uint64_t)low);
        }
    }
    return 0;
}

/* Fisher and Yates's shuffle. PyTorch has two forms of it: below 2^32 / 20 elements one word a swap, each element with
 * one of those from it on; above, where the remainder of a word would be visibly uneven, two words, each element with
 * one of those up to it. */
int ag_mt_permutation(ag_mt19937 *mt, int64_t n, int64_t *out) {
    uint32_t words[2 * BLOCK];
    int is_short = n < UINT32_MAX / 20;
    int64_t swaps = is_short ? n - 1 : n;
    for (int64_t i = 0; i < n; i++) out[i] = i;
    for (int64_t start = 0; start < swaps; start += BLOCK) {
        int64_t k = swaps - start < BLOCK ? swaps - start : BLOCK;
        mt_draw(mt, is_short ? k : 2 * k, words);
        for (int64_t i = start; i < start + k; i++) {
            int64_t other = is_short ? i + words[i - start] % (uint32_t)(n - i)
                                     : (int64_t)(mt_join(words + 2 * (i - start)) % (uint64_t)(i + 1));
            int64_t swapped = out[i];
            out[i] = out[other];
            out[other] = swapped;
        }
    }
    return 0;
}

/* Uniform in [0, 1), 53 bits. */
static double unit(ag_mt19937 *mt) {
    uint32_t pair[2];
    mt_draw(mt, 2, pair);
    return (double)(mt_join(pair) & ((1ull << 53) - 1)) * 0x1p-53;
}

double ag_mt_normal(ag_mt19937 *mt) {
    if (mt->has_normal) {
        mt->has_normal = 0;
        double waiting = mt->normal;
        mt->normal = 0;
        return waiting;
    }
    double angle = 6.283185307179586 * unit(mt);
    double radius = sqrt(-2 * log1p(-unit(mt)));
    mt->has_normal = 1;
    mt->normal = radius * sin(angle);
    return radius * cos(angle);
}
