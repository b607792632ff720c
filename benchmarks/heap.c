/* Counts what a process holds: every byte asked of malloc and of anonymous mmap, and the most at once. Loaded ahead of
 * glibc (LD_PRELOAD) by benchmarks/memory.py, which reads the counters through ctypes.
 *
 * The peak is looked at before the next allocation and before each free, not while a mapping is trimmed: whoever wants
 * an aligned mapping maps too much and gives the ends back at once, without ever touching them. */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

static _Atomic int64_t live, peak;

static void look(void) {
    int64_t now = live, most = peak;
    while (now > most && !atomic_compare_exchange_weak(&peak, &most, now)) {}
}

int64_t heap_live(void) {
    return live;
}

int64_t heap_peak(void) {
    look();
    return peak;
}

void heap_reset_peak(void) {
    peak = live;
}

static void *counted(void *p) {
    look();
    if (p) live += (int64_t)malloc_usable_size(p);
    return p;
}

void *malloc(size_t bytes) {
    return counted(__libc_malloc(bytes));
}

void *calloc(size_t n, size_t bytes) {
    return counted(__libc_calloc(n, bytes));
}

void free(void *p) {
    if (!p) return;
    look();
    live -= (int64_t)malloc_usable_size(p);
    __libc_free(p);
}

void *realloc(void *p, size_t bytes) {
    int64_t before = p ? (int64_t)malloc_usable_size(p) : 0;
    look();
    void *q = __libc_realloc(p, bytes);
    if (q || !bytes) live -= before;
    if (q) live += (int64_t)malloc_usable_size(q);
    return q;
}

void *memalign(size_t alignment, size_t bytes) {
    return counted(__libc_memalign(alignment, bytes));
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    return memalign(alignment, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes) {
    void *p = memalign(alignment, bytes);
    if (!p) return ENOMEM;
    *out = p;
    return 0;
}

void *mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset) {
    look();
    void *p = (void *)syscall(SYS_mmap, at, bytes, protection, flags, file, offset);
    if (p != MAP_FAILED && flags & MAP_ANONYMOUS && protection & PROT_WRITE) live += (int64_t)bytes;
    return p;
}

void *mmap64(void *at, size_t bytes, int protection, int flags, int file, off_t offset) {
    return mmap(at, bytes, protection, flags, file, offset);
}

/* What is unmapped here was mapped above: nobody takes file mappings back within a training step. */
int munmap(void *p, size_t bytes) {
    int status = (int)syscall(SYS_munmap, p, bytes);
    if (status == 0) live -= (int64_t)bytes;
    return status;
}
