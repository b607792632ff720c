/* Checks every kernel of every instruction set this machine has against its plain reference.
 *
 *   make -C csrc/tests            build and run; SAN=1 with sanitizers; ARM=1 for aarch64 under qemu
 *   ./checkkernels [--long] [--verbose] [family ...]
 *
 * A family is a file check_<family>.c.inc with a function FN(check_<family>)(void), included for float and double. It
 * takes buffers from buffer(), reports with CHECK(), and calls AG(name) and REF(name). */

#include "check.h"

#define F32 1
#include "families.h"
#undef F32
#define F32 0
#include "families.h"

typedef struct {
    const char *name;
    void (*f32)(void), (*f64)(void);
} family;

/* clang-format off */
static const family families[] = {
#define FAMILY(name) {#name, check_##name##_f32, check_##name##_f64},
    FAMILY(elementwise)
    FAMILY(typed)
    FAMILY(math)
    FAMILY(random)
    FAMILY(reduce)
    FAMILY(rowwise)
    FAMILY(norm)
    FAMILY(batch_norm)
    FAMILY(attention)
    FAMILY(recurrent)
    FAMILY(loss)
    FAMILY(optimizer)
    FAMILY(list)
    FAMILY(index)
    FAMILY(gemm)
    FAMILY(conv)
    FAMILY(pool)
    FAMILY(runtime)
#undef FAMILY
};
/* clang-format on */

int main(int argc, char **argv) {
    int named = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--long") == 0)
            thorough = 1;
        else if (strcmp(argv[i], "--verbose") == 0)
            verbose = 1;
        else
            named = 1;
    }
    for (int isa = 0; isa <= ag_best_isa(); isa++) {
        ag_set_isa(isa);
        for (size_t f = 0; f < sizeof families / sizeof families[0]; f++) {
            int wanted = !named;
            for (int i = 1; i < argc; i++) wanted |= strcmp(argv[i], families[f].name) == 0;
            if (!wanted) continue;
            const int before = failures;
            const long long done = checks;
            begin();
            families[f].f32();
            families[f].f64();
            printf("%-8s %-12s %10lld checks, %d failed\n", ag_isa_name(isa), families[f].name, checks - done,
                   failures - before);
            fflush(stdout);
        }
    }
    return failures != 0;
}
