/* Memory: a pool of reused blocks, and the scratch buffers of each thread.
 *
 * Fresh megabytes cost page faults, so a freed block waits on the free list of its size class for the next one of
 * that class. Classes lie at 32nds of powers of two: at most 3 % of a large block is unused. Whenever more is cached
 * than was ever live at once, the cache no longer fits what the program does and is given back as a whole; filling it
 * again costs no more than the allocations that led there. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "ag.h"

#include <stdlib.h>
#include <sys/mman.h>
#if !defined(AG_NO_THREADS)
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define AG_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define AG_ASAN
#endif
#if defined(AG_ASAN)
#include <sanitizer/asan_interface.h>
#define FORBID(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define PERMIT(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define FORBID(p, n) ((void)(p))
#define PERMIT(p, n) ((void)(p))
#endif

/* --- blocks from the system ------------------------------------------------------------------------------------ */

#define ALIGN 64
#define HUGE_PAGE ((size_t)2 << 20)
#define CACHE_AT_LEAST ((int64_t)64 << 20)
#define CLASSES 1792

/* What stands before a block's bytes. */
typedef struct block {
    _Alignas(ALIGN) struct block *next; /* in its free list */
    int64_t capacity;                   /* usable bytes, those of its class */
    int32_t size_class;
} block;

/* Large blocks are mapped where a huge page begins: one page fault for 2 MB instead of 512. */
static block *map_huge(size_t bytes) {
    char *p = mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return NULL;
    size_t head = (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE;
    if (head) munmap(p, head);
    munmap(p + head + bytes, HUGE_PAGE - head);
#if defined(MADV_HUGEPAGE)
    madvise(p + head, bytes, MADV_HUGEPAGE);
#endif
    return (block *)(p + head);
}

/* Bytes to ask of the system: header and contents, in whole pages where they are mapped. */
static size_t footprint(int64_t capacity) {
    size_t bytes = sizeof(block) + (size_t)capacity;
    return bytes < HUGE_PAGE ? bytes : (bytes + 65535) & ~(size_t)65535;
}

static block *system_alloc(int64_t capacity) {
    size_t bytes = footprint(capacity);
    if (bytes >= HUGE_PAGE) return map_huge(bytes);
    void *p;
    return posix_memalign(&p, ALIGN, bytes) == 0 ? p : NULL;
}

static void system_free(block *b) {
    size_t bytes = footprint(b->capacity);
    PERMIT(b + 1, b->capacity);
    if (bytes >= HUGE_PAGE)
        munmap(b, bytes);
    else
        free(b);
}

/* --- the pool -------------------------------------------------------------------------------------------------- */

static struct {
    block *free[CLASSES];
    int64_t live, peak, cached, handed_out, reused;
} pool;

#if defined(AG_NO_THREADS)

static void lock(void) {}
static void unlock(void) {}

#else

/* A spin lock: it is held for some ten instructions. */
static atomic_flag pool_lock = ATOMIC_FLAG_INIT;

static void lock(void) {
    while (atomic_flag_test_and_set_explicit(&pool_lock, memory_order_acquire)) sched_yield();
}

static void unlock(void) {
    atomic_flag_clear_explicit(&pool_lock, memory_order_release);
}

/* A fork waits until the pool is in order, so the child finds it in order and unlocked. */
__attribute__((constructor)) static void watch_forks(void) {
    pthread_atfork(lock, unlock, unlock);
}

#endif

/* The class of a size and the size of the class: steps of 64 bytes up to 4 KB, then 32nds of powers of two. */
static int size_class(int64_t bytes, int64_t *capacity) {
    uint64_t units = bytes > ALIGN ? ((uint64_t)bytes - 1) / ALIGN : 0; /* size - 1, in steps of 64 bytes */
    int shift = units < 32 ? 0 : 58 - __builtin_clzll(units);           /* units >> shift has at most six bits */
    *capacity = (int64_t)(((units >> shift) + 1) << shift) * ALIGN;
    return shift * 32 + (int)(units >> shift);
}

/* Takes a block of the class from the cache; NULL where there is none. Counts what is handed out. */
static block *take(int which, int64_t capacity, block *fresh) {
    lock();
    block *b = fresh;
    if (!b && (b = pool.free[which])) {
        pool.free[which] = b->next;
        pool.cached -= capacity;
        pool.reused++;
    }
    if (b) {
        pool.handed_out++;
        pool.live += capacity;
        if (pool.live > pool.peak) pool.peak = pool.live;
    }
    unlock();
    return b;
}

char *ag_alloc(int64_t bytes) {
    if (bytes < 0 || bytes > PTRDIFF_MAX / 2) return NULL;
    int64_t capacity;
    int which = size_class(bytes, &capacity);
    block *b = take(which, capacity, NULL);
    if (!b) {
        b = system_alloc(capacity);
        if (!b) { /* what is cached may be what is missing */
            ag_empty_cache();
            b = system_alloc(capacity);
        }
        if (!b) return NULL;
        b->capacity = capacity;
        b->size_class = which;
        take(which, capacity, b);
    }
    FORBID(b + 1, capacity);
    PERMIT(b + 1, bytes);
    return (char *)(b + 1);
}

void ag_free(void *p) {
    if (!p) return;
    block *b = (block *)p - 1;
    FORBID(p, b->capacity);
    lock();
    b->next = pool.free[b->size_class];
    pool.free[b->size_class] = b;
    pool.live -= b->capacity;
    pool.cached += b->capacity;
    int too_much = pool.cached > CACHE_AT_LEAST && pool.cached > pool.peak;
    unlock();
    if (too_much) ag_empty_cache();
}

void ag_empty_cache(void) {
    for (int which = 0; which < CLASSES; which++) {
        lock();
        block *b = pool.free[which];
        pool.free[which] = NULL;
        for (block *each = b; each; each = each->next) pool.cached -= each->capacity;
        unlock();
        while (b) {
            block *next = b->next;
            system_free(b);
            b = next;
        }
    }
}

void ag_memory_stats(int64_t stats[5]) {
    lock();
    stats[0] = pool.live;
    stats[1] = pool.peak;
    stats[2] = pool.cached;
    stats[3] = pool.handed_out;
    stats[4] = pool.reused;
    unlock();
}

void ag_reset_peak(void) {
    lock();
    pool.peak = pool.live;
    unlock();
}

/* --- workspaces ------------------------------------------------------------------------------------------------ */

enum { WORKSPACES = 3 };

static _Thread_local block *workspace[WORKSPACES];

#if !defined(AG_NO_THREADS)

static pthread_key_t at_exit;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Runs when a thread ends; the key's value is the thread's workspace[]. */
static void free_workspaces(void *slots) {
    block **mine = slots;
    for (int slot = 0; slot < WORKSPACES; slot++) {
        if (mine[slot]) system_free(mine[slot]);
        mine[slot] = NULL;
    }
}

static void make_key(void) {
    pthread_key_create(&at_exit, free_workspaces);
}

#endif

void *ag_workspace(int slot, int64_t bytes) {
    block *b = workspace[slot];
    if (b && b->capacity >= bytes) return b + 1;
    if (bytes > PTRDIFF_MAX / 2) return NULL;
#if !defined(AG_NO_THREADS)
    pthread_once(&once, make_key);
    pthread_setspecific(at_exit, workspace);
#endif
    if (b) system_free(b);
    int64_t capacity;
    size_class(bytes, &capacity);
    workspace[slot] = b = system_alloc(capacity);
    if (!b) return NULL;
    b->capacity = capacity;
    return b + 1;
}
