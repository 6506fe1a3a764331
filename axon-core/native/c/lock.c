#define _GNU_SOURCE
#include "lock.h"

#include "platform.h"

#define STREAK 1000U /* takes in a row for the second bias; doubled with each further one */

_Thread_local char lock_thread FAST_TLS __attribute__((aligned(LOCK_MARKS)));

void lock_init(struct lock *lock, bool biased)
{
	lock->needed = biased ? 0 : UINT32_MAX;
}

bool lock_try(struct lock *lock)
{
	if (flag_peek(&lock->taken) != 0 || !flag_set_once(&lock->taken, INSIDE_BOTH))
		return false;
	if (load_plain(&lock->bias) != 0) {
		bias_store(&lock->bias, 0);
		platform_barrier();
	}
	for (; lock->settled < flag_peek(&lock->biases); lock->settled++) {
		if ((mark_look(&lock->inside[lock->settled]) & INSIDE_LOCK) != 0) {
			flag_store(&lock->taken, 0);
			return false;
		}
	}
	const uint64_t self = thread_self();
	flag_poke(&lock->streak, load_plain(&lock->last) == self ? flag_peek(&lock->streak) + 1 : 0);
	store_plain(&lock->last, self);
	return true;
}

void lock_give_bias(struct lock *lock)
{
	const uint32_t biases = flag_peek(&lock->biases);
	lock->needed = biases + 1 == LOCK_MARKS ? UINT32_MAX : biases < 20 ? STREAK << biases : UINT32_MAX / 2;
	flag_poke(&lock->streak, 0);
	flag_poke(&lock->biases, biases + 1);
	bias_store(&lock->bias, thread_self() | biases);
}

bool lock_has_calls(const struct lock *lock)
{
	bool calls = flag_load(&lock->calls) != 0 || (flag_load(&lock->taken) & INSIDE_CALL) != 0;
	for (int i = 0; i < LOCK_MARKS; i++)
		calls |= (mark_look(&lock->inside[i]) & INSIDE_CALL) != 0;
	return calls;
}
