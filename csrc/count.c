/* Integers that a captured step must work out as well: counters, and positions. */
#include "ag.h"

/* Overflow wraps around, as in NumPy. */
int ag_count_up(int64_t n, int64_t *out) {
    for (int64_t i = 0; i < n; i++) out[i] = (int64_t)((uint64_t)out[i] + 1);
    return 0;
}

int ag_fold_index(int64_t count, int64_t n, int64_t *out, const int64_t *index) {
    for (int64_t i = 0; i < count; i++)
        if (index[i] < -n || index[i] >= n) return i < INT32_MAX ? (int)i + 1 : INT32_MAX;
    for (int64_t i = 0; i < count; i++) out[i] = out[i] * n + index[i] + (index[i] < 0 ? n : 0);
    return 0;
}
