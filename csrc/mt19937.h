/* The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), in whole runs of words: the loops vectorise. */
#ifndef MT19937_H
#define MT19937_H

#include "ag.h"

#define MT_N 624
#define MT_M 397

/* One standard normal of a Box-Muller pair of float64 uniforms; the pair's second waits in mt (random.c). */
double ag_mt_normal(ag_mt19937 *mt);

static inline uint32_t mt_twist(uint32_t u, uint32_t v) {
    return (((u & 0x80000000u) | (v & 0x7fffffffu)) >> 1) ^ (-(v & 1u) & 0x9908b0dfu);
}

static inline uint32_t mt_temper(uint32_t y) {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

/* The next 624 words of state. left counts one more than there are: PyTorch counts down before it draws. */
static inline void mt_refill(ag_mt19937 *mt) {
    uint32_t *s = mt->state;
    for (int i = 0; i < MT_N - MT_M; i++) s[i] = s[i + MT_M] ^ mt_twist(s[i], s[i + 1]);
    for (int i = MT_N - MT_M; i < MT_N - 1; i++) s[i] = s[i + MT_M - MT_N] ^ mt_twist(s[i], s[i + 1]);
    s[MT_N - 1] = s[MT_M - 1] ^ mt_twist(s[MT_N - 1], s[0]);
    mt->left = MT_N + 1;
    mt->next = 0;
}

/* words (n): the next n words of the stream. */
static inline void mt_draw(ag_mt19937 *mt, int64_t n, uint32_t *words) {
    while (n > 0) {
        if (mt->left == 1) mt_refill(mt);
        int64_t ready = mt->left - 1, k = n < ready ? n : ready;
        const uint32_t *s = mt->state + mt->next;
        for (int64_t i = 0; i < k; i++) words[i] = mt_temper(s[i]);
        mt->next += (int32_t)k;
        mt->left -= (int32_t)k;
        words += k;
        n -= k;
    }
}

/* The first of two words is the high one. */
static inline uint64_t mt_join(const uint32_t *pair) {
    return (uint64_t)pair[0] << 32 | pair[1];
}

#endif
