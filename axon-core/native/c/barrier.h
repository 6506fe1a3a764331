/*
 * barrier.h: every atomic access and every barrier of the library is spelled
 * here. PROTOCOL.md's words are used: plain (whole, not ordered), acquire,
 * release, full fence.
 */
#ifndef AXON_BARRIER_H
#define AXON_BARRIER_H

#include <stdbool.h>
#include <stdint.h>

/* Of a thread-local variable: it is found without a call. musl cannot load a library later that has such variables. */
#ifdef __GLIBC__
#define FAST_TLS __attribute__((tls_model("initial-exec")))
#else
#define FAST_TLS
#endif

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1 /* as gcc says it */
#endif
#endif

#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

static inline uint64_t load_plain(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_RELAXED); }
static inline uint64_t load_acquire(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline void store_plain(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELAXED); }
static inline void store_release(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
static inline void full_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

/* Keeps the compiler, not the processor, from moving accesses across it. */
static inline void compiler_fence(void) { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

/* A word with one writer (or writers that exclude one another) that others read: no locked instruction. */
static inline void count_up(uint64_t *counter, uint64_t by) { store_plain(counter, load_plain(counter) + by); }

/* The following are process-local. */

/* Sequentially consistent: a call counts itself and looks at the status, a close sets the status and looks at the count. */
static inline uint32_t flag_load(const uint32_t *flag) { return __atomic_load_n(flag, __ATOMIC_SEQ_CST); }
static inline void flag_store(uint32_t *flag, uint32_t value) { __atomic_store_n(flag, value, __ATOMIC_RELEASE); }
/* Sets a flag that is 0; false: it was set before. */
static inline bool flag_set_once(uint32_t *flag, uint32_t value)
{
	uint32_t expected = 0;
	return __atomic_compare_exchange_n(flag, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
static inline uint32_t flag_add(uint32_t *flag, uint32_t by) { return __atomic_add_fetch(flag, by, __ATOMIC_SEQ_CST); }

static inline uint32_t flag_peek(const uint32_t *flag) { return __atomic_load_n(flag, __ATOMIC_RELAXED); }
static inline void flag_poke(uint32_t *flag, uint32_t value) { __atomic_store_n(flag, value, __ATOMIC_RELAXED); }

/*
 * The two words of a biased lock (lock.h): its thread stores the mark and then
 * loads the bias, and others take the bias, run a barrier on all processors
 * and look at the mark. The thread sanitizer does not know that barrier, so for
 * it the thread's own accesses are sequentially consistent, which needs none.
 */
#if defined(__SANITIZE_THREAD__)
#define BIASED_STORE __ATOMIC_SEQ_CST
#define BIASED_LOAD __ATOMIC_SEQ_CST
#else
#define BIASED_STORE __ATOMIC_RELEASE
#define BIASED_LOAD __ATOMIC_RELAXED
#endif
static inline uint8_t mark_load(const uint8_t *mark) { return __atomic_load_n(mark, __ATOMIC_RELAXED); }
static inline void mark_store(uint8_t *mark, uint8_t value) { __atomic_store_n(mark, value, BIASED_STORE); }
static inline uint8_t mark_look(const uint8_t *mark) { return __atomic_load_n(mark, __ATOMIC_SEQ_CST); }
static inline void bias_store(uint64_t *bias, uint64_t value) { __atomic_store_n(bias, value, __ATOMIC_SEQ_CST); }
static inline uint64_t bias_load(const uint64_t *bias)
{
	compiler_fence();
	return __atomic_load_n(bias, BIASED_LOAD);
}

static inline void cpu_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif
