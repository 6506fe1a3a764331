#define _GNU_SOURCE
#include "wait.h"

#include <errno.h>
#include <sched.h>

#define GRACE INT64_C(2000)       /* ns in which a store becomes visible, nearly always; */
#define FIRST_WAIT INT64_C(1000000) /* ns in which each does */
#define LOOKS 16                  /* between two readings of the clock */
#define YIELDED INT64_C(1000)     /* ns of a yield in which the peer had this very processor */
#define FUTILE 2                  /* spins in vain after which there are none, */
#define PROBE_EVERY 64            /* but for one at each of so many waits */
#define BURST 64                  /* messages without a look in vain */
#define LEAD INT64_C(5000)        /* ns that a sender is left alone after a burst that the receiver was faster than */
#define ASK_AFTER INT64_C(20000)  /* ns of spinning for room after which the peer is told */
#define FLOODED_NAP INT64_C(1000000) /* ns between two looks where a semaphore has too many permits */
#define LOCK_SPINS 50
#define LOCK_YIELDS 20
#define LOCK_NAP_MIN INT64_C(50000)
#define LOCK_NAP_MAX INT64_C(1000000)

static int64_t later(int64_t time, int64_t by)
{
	return by > INT64_MAX - time ? INT64_MAX : time + by;
}

int wait_begin(struct wait *wait, const axon_channel *channel, enum wait_for what, int64_t timeout, int64_t otherwise)
{
	if (timeout < AXON_DEFAULT_TIMEOUT)
		return error_set(AXON_INVALID, "channel '%s': a time-out of %lld ns is negative", channel->segment.name,
				(long long)timeout);
	*wait = (struct wait){ .what = what, .timeout = timeout == AXON_DEFAULT_TIMEOUT ? otherwise : timeout,
			.wakes_seen = flag_load(&channel->wakes) };
	return AXON_OK;
}

static inline bool is_ready(const struct wait *wait, const axon_channel *channel)
{
	if (channel_status(channel) != AXON_OK)
		return true;
	if (wait->what == WAIT_ROOM)
		return load_acquire(&channel->out.producer.ring.control->free) >= wait->wanted;
	if (wait->what == WAIT_REPLY && flag_load(&wait->pending->found) != 0)
		return true;
	const struct consumer *consumer = &channel->in.consumer;
	uint64_t position = load_plain(&consumer->position);
	if (wait->what == WAIT_REPLY && load_plain(&channel->in.scanned) > position)
		position = load_plain(&channel->in.scanned);
	return load_acquire(ring_word(&consumer->ring, position)) != 0;
}

bool wait_is_over(const struct wait *wait, const axon_channel *channel)
{
	return is_ready(wait, channel);
}

/* Looks until `end`; *now is brought up to date. */
static bool spin_until(const struct wait *wait, const axon_channel *channel, int64_t *now, int64_t end)
{
	while (*now < end) {
		for (int i = 0; i < LOOKS; i++) {
			if (is_ready(wait, channel))
				return true;
			cpu_pause();
		}
		*now = platform_now();
	}
	return false;
}

/*
 * The peer has been told of the wait. Looks until `spin_end`, and as long as it
 * takes for a commit to become visible whose producer was not told in time; but
 * yields the processor then, because the peer may need this very one: 0 for
 * something to look at, -ETIMEDOUT when `until` is over, -EAGAIN to sleep.
 */
static int look_on(struct wait *wait, const axon_channel *channel, int64_t spin_end, int64_t until)
{
	int64_t now = platform_now();
	const int64_t grace_end = now + GRACE;
	if (spin_until(wait, channel, &now, spin_end < until ? spin_end : until))
		return 0;
	while (!is_ready(wait, channel)) {
		if (now >= until)
			return -ETIMEDOUT;
		if (now >= grace_end) {
			wait->yielded = false;
			return flag_load(&channel->wakes) != wait->wakes_seen ? 0 : -EAGAIN;
		}
		sched_yield();
		const int64_t before = now;
		now = platform_now();
		wait->yielded = now - before >= YIELDED;
	}
	return 0;
}

/* Looks now and then instead of waiting on a semaphore that would not hold this thread up. */
static int nap(const struct wait *wait, const axon_channel *channel, int64_t until)
{
	while (!is_ready(wait, channel) && flag_load(&channel->wakes) == wait->wakes_seen) {
		const int64_t left = until - platform_now();
		if (left <= 0)
			return -ETIMEDOUT;
		const int result = platform_nap(left < FLOODED_NAP ? left : FLOODED_NAP);
		if (result != 0)
			return result;
	}
	return 0;
}

/* When the first of two waits ends, after which to look again. */
static int64_t first_until(int64_t until)
{
	const int64_t first = platform_now() + FIRST_WAIT;
	return first < until ? first : until;
}

/* 0 for something to look at, -ETIMEDOUT or -EINTR; -EINVAL when the semaphore is corrupt. */
static int sleep_on(const struct wait *wait, const axon_channel *channel, sem_t *semaphore, uint64_t *parks, int64_t until)
{
	count_up(parks, 1);
	if (wait->flooded)
		return nap(wait, channel, until);
	const int result = platform_semaphore_wait(semaphore, first_until(until));
	if (result != -ETIMEDOUT)
		return result;
	return is_ready(wait, channel) ? 0 : platform_semaphore_wait(semaphore, until);
}

/*
 * Spins on until `spin_end` when the peer has been told. Old permits are
 * drained before that: one posted for this very wait may be its only one.
 */
static int park_for_room(struct wait *wait, axon_channel *channel, int64_t spin_end, int64_t until)
{
	uint64_t *wanted = &channel->out.producer.ring.control->wanted;
	wait->flooded = !platform_semaphore_drain(channel_space_out(channel));
	store_plain(wanted, wait->wanted);
	full_fence();
	int result = look_on(wait, channel, spin_end, until);
	if (result == -EAGAIN)
		result = sleep_on(wait, channel, channel_space_out(channel), &channel->out.parks, until);
	store_plain(wanted, 0);
	return result;
}

/* Counts a thread among those that wait for messages or replies, or no longer, and tells the producer. Under `turn`. */
static void tell(axon_channel *channel, enum wait_for what, bool waits)
{
	uint32_t *waiting = &channel->waiting[what];
	*waiting += waits ? 1 : UINT32_MAX;
	if (!waits && *waiting != 0)
		return;
	channel->parked = parked_next(channel->parked, (channel->waiting[WAIT_MESSAGE] != 0 ? PARKED_MESSAGE : 0)
			| (channel->waiting[WAIT_REPLY] != 0 ? PARKED_REPLY : 0));
	store_plain(&channel->in.consumer.ring.control->parked, channel->parked);
	if (waits)
		full_fence();
}

/* Behind the thread whose turn it is, which wakes the others. Under `turn`. */
static int wait_behind(const struct wait *wait, axon_channel *channel, int64_t until)
{
	const int64_t ends[] = { first_until(until), until };
	flag_add(&channel->turn_waiting, 1);
	for (int i = 0; i < 2 && (i == 0 || platform_now() >= ends[0]); i++) {
		if (channel->turn_taken != 0 && !is_ready(wait, channel) && flag_load(&channel->wakes) == wait->wakes_seen)
			platform_condition_wait(&channel->turn_changed, &channel->turn, ends[i]);
	}
	flag_add(&channel->turn_waiting, UINT32_MAX);
	return platform_now() >= until ? -ETIMEDOUT : 0;
}

/*
 * The threads that wait for data take turns: one waits on the semaphore, and
 * is woken for what any of them waits for; it wakes the others. Who takes the
 * turn drains old permits and then tells the producer of a new wait, under one
 * lock: a permit posted for that wait may be its only one.
 */
static int park_for_data(struct wait *wait, axon_channel *channel, int64_t until)
{
	pthread_mutex_lock(&channel->turn);
	const bool turn = channel->turn_taken == 0;
	if (turn) {
		flag_store(&channel->turn_taken, 1);
		wait->flooded = !platform_semaphore_drain(channel_data_in(channel));
	}
	tell(channel, wait->what, true);
	pthread_mutex_unlock(&channel->turn);

	int result = look_on(wait, channel, 0, until);
	if (turn && result == -EAGAIN)
		result = sleep_on(wait, channel, channel_data_in(channel), &channel->in.parks, until);

	pthread_mutex_lock(&channel->turn);
	if (turn) {
		flag_store(&channel->turn_taken, 0);
		pthread_cond_broadcast(&channel->turn_changed);
	} else if (result == -EAGAIN) {
		result = channel->turn_taken == 0 ? 0 : wait_behind(wait, channel, until);
	}
	tell(channel, wait->what, false);
	pthread_mutex_unlock(&channel->turn);
	return result;
}

void wait_notify(axon_channel *channel, bool all)
{
	full_fence();
	if ((!all || flag_load(&channel->turn_taken) == 0) && flag_load(&channel->turn_waiting) == 0)
		return;
	pthread_mutex_lock(&channel->turn);
	pthread_cond_broadcast(&channel->turn_changed);
	if (all && channel->turn_taken != 0)
		platform_semaphore_post(channel_data_in(channel));
	pthread_mutex_unlock(&channel->turn);
}

/* Asks the user whether to stop waiting. */
static int ask(struct wait *wait, axon_channel *channel)
{
	const axon_options *options = &channel->options;
	wait->wakes_seen = flag_load(&channel->wakes);
	if (options->interrupted == NULL || options->interrupted(options->interrupt_context) == 0)
		return AXON_OK;
	return error_plain(AXON_INTERRUPTED);
}

/* Starts the clock of a wait with the first reading. */
static int64_t read_clock(struct wait *wait)
{
	const int64_t now = platform_now();
	if (wait->deadline == 0)
		wait->deadline = later(now, wait->timeout);
	return now;
}

/*
 * How long to spin this time. Where the peer needs the processor that this
 * thread spins on, it answers as soon as this thread yields; so two such waits
 * end the spinning. A spin now and then finds out when that has changed.
 */
static int64_t spin_time(const axon_options *options, struct patience *patience)
{
	if (options->spin == AXON_FOREVER || flag_peek(&patience->vain) < FUTILE)
		return options->spin;
	flag_poke(&patience->waits, flag_peek(&patience->waits) + 1);
	return flag_peek(&patience->waits) % PROBE_EVERY == 0 ? options->spin : 0;
}

/*
 * A receiver that follows on the sender's heels takes each cache line from
 * under its hands, which makes both half as fast.
 */
static void let_sender_get_ahead(struct wait *wait)
{
	for (const int64_t end = read_clock(wait) + LEAD; platform_now() < end;)
		cpu_pause();
}

/* Whether many messages came since the last look in vain, which this one is. */
static bool ends_burst(struct incoming *in)
{
	const uint64_t messages = load_plain(&in->messages);
	const bool burst = messages - load_plain(&in->messages_when_dry) >= BURST;
	store_plain(&in->messages_when_dry, messages);
	return burst;
}

int wait_more(struct wait *wait, axon_channel *channel)
{
	const axon_options *options = &channel->options;
	const bool room = wait->what == WAIT_ROOM;
	struct patience *patience = room ? &channel->for_room : &channel->for_data;
	const int64_t spin = spin_time(options, patience);
	int64_t now = 0, slice_end = 0, spin_end = 0;
	wait->slice_over = wait->yielded = false;
	if (wait->what == WAIT_MESSAGE && ends_burst(&channel->in) && spin > LEAD && wait->timeout > LEAD)
		let_sender_get_ahead(wait);
	bool ready = is_ready(wait, channel);
	for (int i = 1; spin != 0 && !ready && i < LOOKS; i++) {
		cpu_pause();
		ready = is_ready(wait, channel);
	}
	if (!ready) {
		now = read_clock(wait);
		slice_end = later(now, options->bounded_wait);
		if (slice_end > wait->deadline)
			slice_end = wait->deadline;
		spin_end = later(now, spin);
		const int64_t asking = room && spin > ASK_AFTER ? now + ASK_AFTER : spin_end;
		ready = spin_until(wait, channel, &now, asking < slice_end ? asking : slice_end);
	}
	if (ready) {
		if (spin != 0)
			flag_poke(&patience->vain, 0);
		return AXON_OK;
	}
	int result = -ETIMEDOUT;
	if (now < slice_end) {
		result = room ? park_for_room(wait, channel, spin_end, slice_end) : park_for_data(wait, channel, slice_end);
		if (spin != 0)
			flag_poke(&patience->vain, result == 0 && wait->yielded ? flag_peek(&patience->vain) + 1 : 0);
	}
	wait->slice_over = result == -ETIMEDOUT;
	if (result == 0 && flag_load(&channel->wakes) == wait->wakes_seen)
		return AXON_OK;
	if (result == -EINVAL) {
		error_set(AXON_CORRUPT, "channel '%s': somebody wrote into a semaphore's memory; both sides must close it and "
				"open it again", channel->segment.name);
		return channel_corrupt(channel);
	}
	const int asked = ask(wait, channel);
	if (asked != AXON_OK || !wait->slice_over)
		return asked;
	if (!segment_is_linked(&channel->segment)) {
		error_set(AXON_CORRUPT, "channel '%s': somebody removed its names from /dev/shm (systemd's RemoveIPC does at "
				"logout); both sides must close and open it again", channel->segment.name);
		return channel_corrupt(channel);
	}
	channel_peer_alive(channel); /* for requests */
	return is_ready(wait, channel) || platform_now() < wait->deadline ? AXON_OK : AXON_TIMEOUT;
}

int wait_lock_out(axon_channel *channel, struct wait *wait)
{
	int64_t nap = LOCK_NAP_MIN, asked = 0;
	for (int round = 0;; round++) {
		if (channel_status(channel) != AXON_OK)
			return channel_unusable(channel);
		if (lock_try(&channel->out.lock))
			return AXON_OK;
		if (round < LOCK_SPINS) {
			cpu_pause();
			continue;
		}
		if (load_plain(&channel->out.owner) == thread_self())
			return error_set(AXON_INVALID, "channel '%s': this thread holds a claim already: commit or abort it first",
					channel->segment.name);
		if (round < LOCK_SPINS + LOCK_YIELDS) {
			sched_yield();
			continue;
		}
		const int64_t now = read_clock(wait);
		if (now >= wait->deadline)
			return AXON_TIMEOUT;
		const int result = platform_nap(nap);
		nap = nap * 2 > LOCK_NAP_MAX ? LOCK_NAP_MAX : nap * 2;
		if (result != 0 || now - asked >= channel->options.bounded_wait || flag_load(&channel->wakes) != wait->wakes_seen) {
			asked = now;
			if (ask(wait, channel) != AXON_OK)
				return AXON_INTERRUPTED;
		}
	}
}

bool channel_lock_in(axon_channel *channel, uint8_t *mark)
{
	if (mark != NULL && channel_status(channel) == AXON_OK && lock_reenter(&channel->in.lock, mark))
		return true;
	for (int round = 0; channel_status(channel) == AXON_OK; round++) {
		if (lock_try(&channel->in.lock))
			return true;
		if (round < LOCK_SPINS)
			cpu_pause();
		else
			sched_yield();
	}
	return false;
}
