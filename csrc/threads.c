/* The worker pool. ag_parallel() hands out the tasks 0 .. n - 1 by an atomic counter; the caller takes part, so a job
 * is over when the tasks are, whether or not a sleeping worker ever woke up for it.
 *
 * All of a job's life is in one word, the gate: its number, whether it still takes workers (OPEN), and how many are
 * inside. A worker joins by compare-and-swap while the gate is open and reads the job's fields only when inside; the
 * caller closes the gate when the tasks have run out and waits until nobody is inside. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "ag.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_THREADS 64

/* --- how many threads ------------------------------------------------------------------------------------------ */

/* CPUs this process may run on. */
static int usable_cpus(void) {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

#if defined(__linux__)
/* CPUs granted by the quota file(s) of one cgroup directory; limit where there is no quota. */
static int quota_of(const char *directory, int v2, int limit) {
    char path[1200];
    long long quota = -1, period = 0;
    snprintf(path, sizeof path, v2 ? "%s/cpu.max" : "%s/cpu.cfs_quota_us", directory);
    FILE *file = fopen(path, "r");
    if (!file) return limit;
    int fields = fscanf(file, v2 ? "%lld %lld" : "%lld", &quota, &period); /* "max ..." reads as no field at all */
    fclose(file);
    if (!v2 && fields == 1) {
        snprintf(path, sizeof path, "%s/cpu.cfs_period_us", directory);
        if (!(file = fopen(path, "r"))) return limit;
        fields += fscanf(file, "%lld", &period);
        fclose(file);
    }
    if (fields != 2 || quota <= 0 || period <= 0 || quota / period >= limit) return limit;
    return quota < period ? 1 : (int)(quota / period);
}

/* The smallest quota on the way from this process's cgroup up to the root. In a container the path in
 * /proc/self/cgroup may not exist below the mount; the walk upwards then finds the container's own root. */
static int cgroup_cpus(int limit) {
    char line[1024], directory[1100];
    FILE *file = fopen("/proc/self/cgroup", "r");
    if (!file) return limit;
    while (fgets(line, sizeof line, file)) { /* "0::/path" (v2) or "4:cpu,cpuacct:/path" (v1) */
        line[strcspn(line, "\n")] = 0;
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path) continue;
        *path++ = 0;
        *controllers++ = 0;
        int v2 = *controllers == 0, v1 = 0;
        for (char *name = strtok(controllers, ","); name; name = strtok(NULL, ",")) v1 |= !strcmp(name, "cpu");
        if (!v1 && !v2) continue;
        for (;;) {
            snprintf(directory, sizeof directory, "/sys/fs/cgroup%s%s", v2 ? "" : "/cpu", path);
            limit = quota_of(directory, v2, limit);
            char *slash = strrchr(path, '/');
            if (!slash) break;
            *slash = 0;
        }
    }
    fclose(file);
    return limit;
}
#endif

int ag_default_num_threads(void) {
    int n = usable_cpus();
#if defined(__linux__)
    n = cgroup_cpus(n);
#endif
    return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : n;
}

/* --- subnormal numbers ------------------------------------------------------------------------------------------ */

/* The bits of the calling thread's control register that make subnormal inputs and results 0. */
#if defined(__x86_64__)
#define FLUSH 0x8040 /* flush to zero, denormals are zero */

static uint64_t flushing(void) {
    return __builtin_ia32_stmxcsr() & FLUSH;
}

static void set_flushing(uint64_t bits) {
    __builtin_ia32_ldmxcsr((__builtin_ia32_stmxcsr() & ~(unsigned)FLUSH) | (unsigned)bits);
}
#elif defined(__aarch64__)
#define FLUSH ((uint64_t)1 << 24)

static uint64_t control(void) {
    uint64_t bits;
    __asm__ volatile("mrs %0, fpcr" : "=r"(bits));
    return bits;
}

static uint64_t flushing(void) {
    return control() & FLUSH;
}

static void set_flushing(uint64_t bits) {
    bits |= control() & ~FLUSH;
    __asm__ volatile("msr fpcr, %0" : : "r"(bits));
}
#else
#define FLUSH 0

static uint64_t flushing(void) {
    return 0;
}

static void set_flushing(uint64_t bits) {
    (void)bits;
}
#endif

int ag_set_flush_denormal(int on) {
    set_flushing(on ? FLUSH : 0);
    return FLUSH != 0;
}

/* --- without threads ------------------------------------------------------------------------------------------- */

#if defined(AG_NO_THREADS)

void ag_set_num_threads(int n) {
    (void)n;
}

int ag_get_num_threads(void) {
    return 1;
}

void ag_parallel(int64_t tasks, int64_t work, void (*fn)(void *context, int64_t task), void *context) {
    (void)work;
    for (int64_t task = 0; task < tasks; task++) fn(context, task);
}

#else

/* --- the pool -------------------------------------------------------------------------------------------------- */

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define OPEN ((uint64_t)1 << 16)     /* the job takes workers */
#define QUIT ((uint64_t)1 << 17)     /* workers leave for good */
#define INSIDE(gate) ((gate)&0xffff) /* workers at the job */
#define NUMBER(gate) ((gate) >> 32)  /* which job */
#define SPINS 2000              /* pauses before a thread goes to sleep: longer than Python takes between kernels */
#define WORTH_SHARING (1 << 15) /* work for which workers that are awake are called in */
#define WORTH_WAKING (1 << 19)  /* work that takes ten times as long as waking a sleeper takes the caller */

static struct {
    _Alignas(64) atomic_uint_fast64_t gate;
    _Alignas(64) atomic_int_fast64_t next; /* the task to hand out */
    _Alignas(64) atomic_int wanted;        /* threads asked for, the caller included; 0: not decided yet */
    atomic_int busy;                       /* somebody is the caller */
    atomic_int sleepers;                   /* workers waiting for wake */

    /* The job, written by the caller while nobody is inside. */
    int64_t tasks;
    void (*fn)(void *context, int64_t task);
    void *context;
    uint64_t flush; /* the caller's treatment of subnormal numbers */

    /* Touched only by the thread that holds busy. */
    int workers;
    int64_t missed; /* work that sleepers could have taken part in, since one was woken */
    pthread_t thread[MAX_THREADS];

    pthread_mutex_t lock; /* protects going to sleep, nothing else */
    pthread_cond_t wake, done;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};

static inline void pause_cpu(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* A step of a spin. Now and then the CPU is offered to others: the thread waited for may have been put on the same one. */
static inline void wait_a_little(int spin) {
    if (spin % 16 == 15)
        sched_yield();
    else
        pause_cpu();
}

static void take_tasks(void) {
    int64_t task;
    while ((task = atomic_fetch_add_explicit(&pool.next, 1, memory_order_relaxed)) < pool.tasks)
        pool.fn(pool.context, task);
}

static int has_news(uint64_t gate, uint64_t seen) {
    return (gate & QUIT) || ((gate & OPEN) && NUMBER(gate) != seen);
}

/* Goes in, unless the job was closed or changed before that. */
static int join_job(uint64_t gate, uint64_t seen) {
    while ((gate & OPEN) && NUMBER(gate) != seen)
        if (atomic_compare_exchange_weak(&pool.gate, &gate, gate + 1)) return 1;
    return 0;
}

/* Waits for a job other than seen: a short spin, then sleep. */
static uint64_t wait_for_job(uint64_t seen) {
    uint64_t gate = 0;
    for (int spin = 0; spin < SPINS; spin++) {
        if (has_news(gate = atomic_load(&pool.gate), seen)) return gate;
        wait_a_little(spin);
    }
    pthread_mutex_lock(&pool.lock);
    atomic_fetch_add(&pool.sleepers, 1); /* before the gate is read again, as publish() writes it before reading us */
    while (!has_news(gate = atomic_load(&pool.gate), seen)) pthread_cond_wait(&pool.wake, &pool.lock);
    atomic_fetch_sub(&pool.sleepers, 1);
    pthread_mutex_unlock(&pool.lock);
    return gate;
}

static void *worker(void *unused) {
    uint64_t seen = 0;
    for (;;) {
        uint64_t gate = wait_for_job(seen);
        if (gate & QUIT) return unused;
        if (!join_job(gate, seen)) continue;
        seen = NUMBER(gate);
        if (pool.flush != flushing()) set_flushing(pool.flush);
        take_tasks();
        gate = atomic_fetch_sub(&pool.gate, 1) - 1;
        if (!INSIDE(gate) && !(gate & OPEN)) { /* the caller may be asleep */
            pthread_mutex_lock(&pool.lock);
            pthread_cond_signal(&pool.done);
            pthread_mutex_unlock(&pool.lock);
        }
    }
}

static void wake(int64_t n) {
    pthread_mutex_lock(&pool.lock);
    for (int64_t i = 0; i < n; i++) pthread_cond_signal(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
}

/* Changes the gate, which spinning workers see; the job has use for n. Where they are fewer, sleepers are woken as soon
 * as enough work went by without them: at once for a long job, now and then for short ones, of which more may come. */
static void publish(uint64_t gate, int64_t n, int64_t work) {
    atomic_store(&pool.gate, gate);
    const int64_t wanted = (n < pool.workers ? n : pool.workers) - (pool.workers - atomic_load(&pool.sleepers));
    if (wanted <= 0 || (pool.missed += work) < WORTH_WAKING) return;
    pool.missed = 0;
    wake(wanted);
}

/* Closes the gate and waits until the last worker has left. */
static void close_job(void) {
    uint64_t gate = atomic_fetch_and(&pool.gate, ~OPEN);
    for (int spin = 0; spin < SPINS && INSIDE(gate); spin++) {
        wait_a_little(spin);
        gate = atomic_load(&pool.gate);
    }
    if (!INSIDE(gate)) return;
    pthread_mutex_lock(&pool.lock);
    while (INSIDE(atomic_load(&pool.gate))) pthread_cond_wait(&pool.done, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
}

/* A forked child has the forking thread alone: the pool starts over, whatever the others were doing. */
static void start_over(void) {
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.wake, NULL);
    pthread_cond_init(&pool.done, NULL);
    atomic_store(&pool.gate, 0);
    atomic_store(&pool.sleepers, 0);
    atomic_store(&pool.busy, 0);
    pool.workers = 0;
}

static void watch_forks(void) {
    pthread_atfork(NULL, NULL, start_over);
}

/* Starts or stops workers until there are n, or as many as the system grants. */
static void resize(int n) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (pool.workers > n) {
        atomic_store(&pool.gate, QUIT);
        wake(pool.workers);
        while (pool.workers) pthread_join(pool.thread[--pool.workers], NULL);
        atomic_store(&pool.gate, 0);
    }
    if (pool.workers == n) return;
    pthread_once(&once, watch_forks);
    sigset_t all, before; /* signals are for the program's own threads */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool.workers < n && pthread_create(&pool.thread[pool.workers], NULL, worker, NULL) == 0) pool.workers++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int ag_get_num_threads(void) {
    int n = atomic_load_explicit(&pool.wanted, memory_order_relaxed);
    if (n) return n;
    int undecided = 0;
    atomic_compare_exchange_strong(&pool.wanted, &undecided, ag_default_num_threads());
    return atomic_load(&pool.wanted);
}

/* Takes effect at once where the pool is idle, else at the next job. */
void ag_set_num_threads(int n) {
    n = n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : n;
    atomic_store(&pool.wanted, n);
    if (atomic_exchange(&pool.busy, 1)) return;
    if (pool.workers > n - 1) resize(n - 1);
    atomic_store(&pool.busy, 0);
}

void ag_parallel(int64_t tasks, int64_t work, void (*fn)(void *context, int64_t task), void *context) {
    int threads = tasks > 1 && work >= WORTH_SHARING ? ag_get_num_threads() : 1;
    if (threads == 1 || atomic_exchange(&pool.busy, 1)) { /* the pool is at work: a nested call, or another thread's */
        for (int64_t task = 0; task < tasks; task++) fn(context, task);
        return;
    }
    if (pool.workers != threads - 1) resize(threads - 1);
    pool.tasks = tasks;
    pool.fn = fn;
    pool.context = context;
    pool.flush = flushing();
    atomic_store_explicit(&pool.next, 0, memory_order_relaxed);
    uint64_t number = (NUMBER(atomic_load(&pool.gate)) + 1) & 0xffffffff;
    publish(number << 32 | OPEN, tasks - 1, work);
    take_tasks();
    close_job();
    atomic_store(&pool.busy, 0);
}

#endif
