/*
 * channel.h: the state of one open channel. At most two locks: `out.lock`
 * from claim to commit, and `in.lock` for moments, never while waiting and
 * never while a message is handled. A thread that has the bias for a lock
 * passes its `mark` around (lock.h); NULL is the ordinary lock. What a hot path writes lies apart from
 * what others read.
 */
#ifndef AXON_CHANNEL_H
#define AXON_CHANNEL_H

#include "axon.h"
#include "error.h"
#include "large.h"
#include "lock.h"

struct wait;

/* A request under way, or its reply held by the user. */
struct pending {
	struct pending *next;
	uint64_t correlation_id;
	uint64_t position;     /* of the reply's record */
	uint32_t found;        /* set when `message` is complete */
	int status;            /* why the reply could not be read */
	int slot;              /* that the reply lies in, or -1 */
	axon_message message;
};

/* How a claimed record will be written. */
struct claim {
	uint64_t word;         /* header word */
	uint64_t need;         /* bytes in the ring */
	uint64_t length;       /* of the payload */
	uint32_t payload;      /* offset in the record */
	uint32_t tag_length;
	bool large, reply;
	int slot;              /* of a LARGE record */
};

struct outgoing {
	_Alignas(128) struct lock lock;
	struct producer producer;
	uint64_t owner;        /* thread_self() of the thread that claims or waits for room, or 0 */
	bool claimed;          /* the owner holds a claim, and is not in a call */
	uint8_t *mark;         /* of the lock that it holds */
	struct claim claim;
	uint64_t messages, bytes, wakeups, blocked, parks; /* counters */
	struct slots slots;
};

struct incoming {
	_Alignas(128) struct lock lock; /* requests count here */
	struct consumer consumer;
	bool held;             /* the record at the consumer's position is with the user, */
	int slot;              /* lies in this slot, or -1, */
	struct record record;  /* what its header word says, */
	uint64_t word;         /* which was this one, if it was a plain one; else 0 */
	uint64_t held_bytes;   /* of payload */
	uint64_t scanned;      /* replies before this position have been dealt with; also read without the lock */
	uint64_t messages, bytes, wakeups, parks, redelivered, dropped; /* counters */
	uint64_t messages_when_dry; /* messages at the last look in vain */
	uint64_t next_id;      /* lower part of the last correlation id */
	uint64_t dead_peer;    /* incarnation of a peer that was found dead */
	struct pending *pending, *unused;
	struct slots slots;
};

/* What waiting has taught: whether the peer can answer while this thread spins. */
struct patience {
	uint32_t vain;         /* spins in a row that were in vain, whereas a yield brought the answer */
	uint32_t waits;        /* since spinning was given up */
};

struct axon_channel {
	struct segment segment; /* its status is the channel's */
	axon_options options;
	uint32_t wakes;         /* counted up by axon_wake() */
	uint32_t turn_taken;    /* a thread waits on the data semaphore, */
	uint32_t turn_waiting;  /* and these wait for it to wake them */
	pthread_mutex_t turn;
	pthread_cond_t turn_changed;
	uint64_t parked;        /* the word as last stored; it and the following under `turn` */
	uint32_t waiting[2];    /* threads that (almost) wait for messages, for replies */
	struct patience for_data, for_room;
	struct outgoing out;
	struct incoming in;
};

/* 0, or why the channel is not usable (any more). */
static inline int channel_status(const axon_channel *channel)
{
	return -(int)flag_load(&channel->segment.status);
}

static inline sem_t *channel_data_in(const axon_channel *channel) { return channel->segment.data[!channel->segment.role]; }
static inline sem_t *channel_space_in(const axon_channel *channel) { return channel->segment.space[!channel->segment.role]; }
static inline sem_t *channel_data_out(const axon_channel *channel) { return channel->segment.data[channel->segment.role]; }
static inline sem_t *channel_space_out(const axon_channel *channel) { return channel->segment.space[channel->segment.role]; }

/* Sets the error of a call on a channel that is not usable. */
int channel_unusable(const axon_channel *channel);

/* Ends the channel because of what was read from it: AXON_CORRUPT with the error as it is set. */
int channel_corrupt(axon_channel *channel);

/* Counts a call, which a close then waits for, before it touches anything; not counted when it fails. */
static inline int channel_enter(const axon_channel *channel, struct lock *lock)
{
	lock_count(lock);
	if (channel_status(channel) == AXON_OK)
		return AXON_OK;
	const int status = channel_unusable(channel);
	lock_uncount(lock);
	return status;
}

/* Ends a call that was counted. */
static inline int channel_leave(struct lock *lock, int status)
{
	lock_uncount(lock);
	return status;
}

/* Whether the peer lives: asks the system. Requests that are sent after it was found dead wait for the next one. */
bool channel_peer_alive(axon_channel *channel);

/* As axon_send_with(), with what is left of `wait`. */
/* Whether the message that this thread sends has been counted as blocked, by a call that was made for it before; else NULL. */
extern _Thread_local bool *send_counted;

int send_within(axon_channel *channel, const axon_header *header, const void *payload, size_t length, struct wait *wait);

/* Looks through all that has been committed for replies; publishes at its end. Under the lock of `in`. */
int receive_scan(axon_channel *channel, const struct pending *self);

/* Takes `pending` from the list and lets go of its reply. Under the lock of `in`. */
void receive_forget(axon_channel *channel, struct pending *pending);

/* Gives the producer what is done with, before this process waits for it in turn. */
void receive_publish(axon_channel *channel);

/*
 * Frees all and, if `acknowledge`, acknowledges what is held and lets the
 * producer have it back. No other thread uses the channel any more.
 */
void receive_close(axon_channel *channel, bool acknowledge);

/* Takes the short lock; false: the channel is not usable any more. */
bool channel_lock_in(axon_channel *channel, uint8_t *mark);

#endif
