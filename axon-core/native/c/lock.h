/*
 * lock.h: a lock that costs the thread that usually takes it nothing: plain
 * loads and stores. It also counts the calls that are under way, which a close
 * waits for.
 *
 * Such a thread has the bias: it marks itself inside with a plain store and
 * then looks whether it still has the bias. Others take the ordinary lock;
 * the first of them takes the bias away and has the system run a barrier on
 * every processor that runs a thread of this process. Either the thread looked
 * before that barrier, and then its mark is visible behind it, or it looks
 * later and sees that the bias is gone; so neither needs a fence.
 *
 * Each time the bias is given, a mark is used that nobody had before: a thread
 * that was halted between its look and its mark does no harm. When all have
 * been used, or where there is no such barrier, it is an ordinary lock.
 */
#ifndef AXON_LOCK_H
#define AXON_LOCK_H

#include <stddef.h>

#include "barrier.h"

#define LOCK_MARKS 32

enum inside { INSIDE_LOCK = 1, INSIDE_CALL = 2, INSIDE_BOTH = 3 };

struct lock {
	_Alignas(64) uint64_t bias; /* thread_self() and the number of the thread's mark, or 0 */
	uint32_t taken;             /* the ordinary lock: enum inside */
	uint32_t calls;             /* under way, but for those that are marked or only hold the ordinary lock */
	uint64_t last;              /* thread that took the ordinary lock last, */
	uint32_t streak;            /* how often in a row, */
	uint32_t needed;            /* and how often it must to be given the bias; UINT32_MAX: never */
	uint32_t biases;            /* marks used */
	uint32_t settled;           /* the first marks, whose threads have left the lock and lost the bias */
	uint8_t inside[LOCK_MARKS]; /* marks: enum inside */
};

/* A number that no other living thread has; a multiple of LOCK_MARKS, not 0. In the thread's own static block: no call finds it. */
extern _Thread_local char lock_thread FAST_TLS __attribute__((aligned(LOCK_MARKS)));
static inline uint64_t thread_self(void) { return (uint64_t)(uintptr_t)&lock_thread; }

/* `biased`: the system has a barrier for the whole process. */
void lock_init(struct lock *lock, bool biased);

/*
 * Enters a call and takes the lock, if this thread has the bias and is not
 * inside already: the mark, for the functions below. NULL: to be entered with
 * lock_count() and taken with lock_try().
 */
static inline uint8_t *lock_enter(struct lock *lock, const uint32_t *status)
{
	const uint64_t bias = load_plain(&lock->bias);
	const uint64_t number = bias ^ thread_self();
	if (number >= LOCK_MARKS)
		return NULL;
	uint8_t *mark = &lock->inside[number];
	if (mark_load(mark) != 0)
		return NULL;
	mark_store(mark, INSIDE_BOTH);
	if (likely(bias_load(&lock->bias) == bias && flag_load(status) == 0))
		return mark;
	mark_store(mark, 0);
	return NULL;
}

/* Completes a mark that is one of the two; false: the bias is gone, and the mark is as before. */
static inline bool lock_reenter(struct lock *lock, uint8_t *mark)
{
	const uint8_t before = mark_load(mark);
	mark_store(mark, INSIDE_BOTH);
	if (bias_load(&lock->bias) == (thread_self() | (uint64_t)(mark - lock->inside)))
		return true;
	mark_store(mark, before);
	return false;
}

/* Gives the lock back, however it was taken, and stays in the call. `mark` may be NULL. */
static inline void lock_give(struct lock *lock, uint8_t *mark)
{
	if (mark != NULL && (mark_load(mark) & INSIDE_LOCK) != 0)
		mark_store(mark, INSIDE_CALL);
	else
		flag_store(&lock->taken, 0);
}

/* Gives the thread that has the ordinary lock the bias from its next call on. */
void lock_give_bias(struct lock *lock);

/*
 * Gives the lock back for the last time in a call, and leaves it if it was
 * entered with lock_enter() or lock_seize().
 */
static inline void lock_exit(struct lock *lock, uint8_t *mark)
{
	if (mark != NULL) {
		mark_store(mark, 0);
		return;
	}
	if (unlikely(flag_peek(&lock->streak) >= lock->needed))
		lock_give_bias(lock);
	flag_store(&lock->taken, 0);
}

/* As lock_give(), for the last time in a call. */
static inline void lock_give_last(struct lock *lock, uint8_t *mark)
{
	if (mark != NULL)
		lock_give(lock, mark);
	else
		lock_exit(lock, NULL);
}

/* Takes the ordinary lock; false: somebody has the lock. */
bool lock_try(struct lock *lock);

/* Enters a call and takes the ordinary lock if that is simple; a call that only holds the lock need not be counted. */
static inline bool lock_seize(struct lock *lock, const uint32_t *status)
{
	if (flag_peek(&lock->taken) != 0 || load_plain(&lock->bias) != 0 || !lock_try(lock))
		return false;
	if (likely(flag_load(status) == 0))
		return true;
	flag_store(&lock->taken, 0);
	return false;
}

/* Enters and leaves a call without taking the lock. */
static inline void lock_count(struct lock *lock) { flag_add(&lock->calls, 1); }
static inline void lock_uncount(struct lock *lock) { flag_add(&lock->calls, UINT32_MAX); }

/* Takes the bias away, unless a call that is under way does. */
static inline void lock_close(struct lock *lock)
{
	if (lock_try(lock))
		flag_store(&lock->taken, 0);
}

/* Whether calls are under way. */
bool lock_has_calls(const struct lock *lock);

#endif
