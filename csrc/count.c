/* Counters in memory, so that a captured step counts as well. */
#include "ag.h"

/* Overflow wraps around, as in NumPy. */
int ag_count_up(int64_t n, int64_t *out) {
    for (int64_t i = 0; i < n; i++) out[i] = (int64_t)((uint64_t)out[i] + 1);
    return 0;
}
