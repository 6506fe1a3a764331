/*
 * wait.h: how a thread waits for a message, a reply or room: it spins, then
 * parks on a semaphore as PROTOCOL.md's "Waiting" says.
 */
#ifndef AXON_WAIT_H
#define AXON_WAIT_H

#include "channel.h"

enum wait_for { WAIT_MESSAGE, WAIT_REPLY, WAIT_ROOM };

/* One wait, from its first look to its end. */
struct wait {
	enum wait_for what;
	const struct pending *pending; /* WAIT_REPLY */
	uint64_t wanted;               /* WAIT_ROOM: the value of `free` that makes room */
	int64_t timeout;
	int64_t deadline;              /* 0: the clock has not been read yet */
	bool yielded;                  /* the peer answered while this thread had yielded the processor */
	bool slice_over;               /* a bounded wait has just passed: time to look around */
	bool flooded;                  /* the semaphore has permits without end */
	uint32_t wakes_seen;
};

/* Checks a time-out given by the user and resolves AXON_DEFAULT_TIMEOUT. AXON_INVALID. */
int wait_begin(struct wait *wait, const axon_channel *channel, enum wait_for what, int64_t timeout, int64_t otherwise);

/* Waits a while: AXON_OK (look again), AXON_TIMEOUT or AXON_INTERRUPTED. */
int wait_more(struct wait *wait, axon_channel *channel);

/* Whether it is worth while to look closer. Takes no lock; what it reads may be a moment old. */
bool wait_is_over(const struct wait *wait, const axon_channel *channel);

/* Wakes this process's threads that wait for their turn, and if `all` the one whose turn it is. */
void wait_notify(axon_channel *channel, bool all);

/* Takes the lock for sending, which this thread has no bias for. AXON_INVALID when it has the lock already, else as wait_more(). */
int wait_lock_out(axon_channel *channel, struct wait *wait);

#endif
