#define _GNU_SOURCE
#include "axon.h"

#include <stdlib.h>
#include <string.h>

#include "fork.h"
#include "wait.h"

#define MILLISECONDS INT64_C(1000000)
#define CLOSE_PAUSE INT64_C(20000)
#define WAKE_EVERY 100 /* pauses; each wake leaves permits behind that nobody may take */

void axon_options_init(axon_options *options)
{
	*options = (axon_options){
		.role = AXON_CLIENT,
		.capacity = UINT64_C(1) << 20,
		.max_message = UINT64_C(128) << 20,
		.large_memory = UINT64_C(256) << 20,
		.open_timeout = 5000 * MILLISECONDS,
		.send_timeout = 5000 * MILLISECONDS,
		.request_timeout = 30000 * MILLISECONDS,
		.spin = 20000,
		.bounded_wait = 100 * MILLISECONDS,
	};
}

static int check_options(const axon_options *options)
{
	if (options->role != AXON_SERVER && options->role != AXON_CLIENT)
		return error_set(AXON_INVALID, "role %d is neither AXON_SERVER nor AXON_CLIENT", (int)options->role);
	if (options->capacity < CAPACITY_MIN || options->capacity > CAPACITY_MAX)
		return error_set(AXON_INVALID, "a capacity of %llu bytes is not within %llu to %llu",
				(unsigned long long)options->capacity, (unsigned long long)CAPACITY_MIN, (unsigned long long)CAPACITY_MAX);
	if (options->max_message > AXON_PAYLOAD_MAX)
		return error_set(AXON_INVALID, "a max_message of %llu bytes is above %llu",
				(unsigned long long)options->max_message, (unsigned long long)AXON_PAYLOAD_MAX);
	if (options->large_memory > LARGE_MEMORY_MAX)
		return error_set(AXON_INVALID, "a large_memory of %llu bytes is above %llu",
				(unsigned long long)options->large_memory, (unsigned long long)LARGE_MEMORY_MAX);
	if (options->open_timeout < 0 || options->send_timeout < 0 || options->request_timeout < 0 || options->spin < 0
			|| options->bounded_wait <= 0)
		return error_set(AXON_INVALID, "times must not be negative, and bounded_wait not 0: open_timeout %lld, "
				"send_timeout %lld, request_timeout %lld, spin %lld, bounded_wait %lld ns",
				(long long)options->open_timeout, (long long)options->send_timeout, (long long)options->request_timeout,
				(long long)options->spin, (long long)options->bounded_wait);
	return AXON_OK;
}

int channel_unusable(const axon_channel *channel)
{
	const int status = channel_status(channel);
	if (channel->segment.forked)
		return error_set(status, "channel '%s' was inherited through fork(): open it again in the child",
				channel->segment.name);
	return error_set(status, status == AXON_CORRUPT ? "channel '%s' was closed because it is corrupt"
			: "channel '%s' is closed", channel->segment.name);
}

int channel_corrupt(axon_channel *channel)
{
	if (flag_set_once(&channel->segment.status, -AXON_CORRUPT)) {
		platform_semaphore_post(channel_space_out(channel));
		wait_notify(channel, true);
	}
	return AXON_CORRUPT;
}

/* Finds out how far predecessors came. Under the set-up lock. */
static int recover(axon_channel *channel)
{
	struct segment *segment = &channel->segment;
	struct producer *producer = &channel->out.producer;
	struct consumer *consumer = &channel->in.consumer;
	ring_init(&producer->ring, segment->header, segment->role, segment->capacity);
	ring_init(&consumer->ring, segment->header, !segment->role, segment->capacity);
	if (producer_recover(producer) != RING_OK || consumer_recover(consumer) != RING_OK)
		return error_set(AXON_CORRUPT, "channel '%s': its positions or records break the protocol; discard it",
				segment->name);
	channel->in.scanned = consumer->position;
	channel->parked = load_plain(&consumer->ring.control->parked);
	return slots_recover(&channel->out.slots, segment, producer);
}

static void release_memory(axon_channel *channel)
{
	fork_forget(&channel->segment);
	if (!channel->segment.forked) { /* the parent's threads may be there, and would be waited for */
		pthread_cond_destroy(&channel->turn_changed);
		pthread_mutex_destroy(&channel->turn);
	}
	free(channel);
}

int axon_open(axon_channel **result, const char *name, const axon_options *options)
{
	axon_options defaults;
	if (result == NULL)
		return error_set(AXON_INVALID, "axon_open needs a place for the channel");
	*result = NULL;
	if (options == NULL) {
		axon_options_init(&defaults);
		options = &defaults;
	}
	int status = check_options(options);
	if (status != AXON_OK)
		return status;
	axon_channel *channel = aligned_alloc(_Alignof(axon_channel), sizeof *channel);
	if (channel == NULL)
		return error_set(AXON_NO_MEMORY, "no memory for a channel");
	memset(channel, 0, sizeof *channel);
	status = segment_init(&channel->segment, name, options->role, options->group);
	if (status != AXON_OK) {
		free(channel);
		return status;
	}
	channel->options = *options;
	const bool biased = platform_barrier_register();
	lock_init(&channel->out.lock, biased);
	lock_init(&channel->in.lock, biased);
	pthread_mutex_init(&channel->turn, NULL);
	platform_condition_init(&channel->turn_changed);
	status = fork_watch(&channel->segment);
	if (status == AXON_OK)
		status = segment_open(&channel->segment, options);
	if (status == AXON_OK) {
		status = recover(channel);
		if (status == AXON_OK) {
			segment_attached(&channel->segment);
			*result = channel;
			return AXON_OK;
		}
		slots_unmap(&channel->out.slots);
		segment_leave(&channel->segment, false);
	}
	release_memory(channel);
	return status;
}

/*
 * A thread may have been given the bias just before its lock was closed: then
 * the mark of its next call may still be in its store buffer, so the second
 * look comes after a barrier.
 */
static bool has_calls(const axon_channel *channel)
{
	for (int look = 0; look < 2; look++) {
		if (lock_has_calls(&channel->out.lock) || lock_has_calls(&channel->in.lock))
			return true;
		if (look == 0)
			platform_barrier();
	}
	return false;
}

/* Wakes all threads that are in a call and waits until they have left; a new call leaves when it sees the status. */
static void end_calls(axon_channel *channel)
{
	lock_close(&channel->out.lock);
	lock_close(&channel->in.lock);
	for (int64_t pauses = 0; has_calls(channel); pauses++) {
		if (pauses % WAKE_EVERY == 0) {
			axon_wake(channel);
			wait_notify(channel, true);
		}
		platform_nap(CLOSE_PAUSE);
	}
}

int axon_close(axon_channel *channel)
{
	if (channel == NULL)
		return AXON_OK;
	struct segment *segment = &channel->segment;
	struct producer *producer = &channel->out.producer;
	bool sound = false, locked = false;
	if (!segment->forked) {
		sound = flag_set_once(&segment->status, -AXON_CLOSED);
		end_calls(channel);
		locked = segment_lock_for_leaving(segment);
	}
	receive_close(channel, sound);
	sound = sound && producer_refresh(producer) == RING_OK;
	slots_close(&channel->out.slots, segment, producer->free);
	segment_leave(segment,
			sound && locked && ring_is_empty(&producer->ring) && ring_is_empty(&channel->in.consumer.ring));
	release_memory(channel);
	return AXON_OK;
}

int axon_discard(const char *name)
{
	return segment_discard(name);
}

void axon_wake(axon_channel *channel)
{
	lock_count(&channel->in.lock);
	if (!channel->segment.forked) {
		flag_add(&channel->wakes, 1);
		platform_semaphore_post(channel_data_in(channel));
		platform_semaphore_post(channel_space_out(channel));
	}
	lock_uncount(&channel->in.lock);
}

int axon_peer_alive(axon_channel *channel)
{
	const int status = channel_enter(channel, &channel->in.lock);
	return status != AXON_OK ? status : channel_leave(&channel->in.lock, channel_peer_alive(channel));
}

uint64_t axon_capacity(const axon_channel *channel)
{
	return channel->segment.capacity;
}

void axon_get_counters(const axon_channel *channel, axon_counters *counters)
{
	const struct outgoing *out = &channel->out;
	const struct incoming *in = &channel->in;
	*counters = (axon_counters){
		.messages_sent = load_plain(&out->messages), .bytes_sent = load_plain(&out->bytes),
		.messages_received = load_plain(&in->messages), .bytes_received = load_plain(&in->bytes),
		.sends_blocked = load_plain(&out->blocked),
		.wakeups = load_plain(&out->wakeups) + load_plain(&in->wakeups),
		.parks = load_plain(&out->parks) + load_plain(&in->parks),
		.redelivered = load_plain(&in->redelivered), .replies_dropped = load_plain(&in->dropped),
	};
}
