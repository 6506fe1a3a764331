#define _GNU_SOURCE
#include "bridge.h"

#include <string.h>

#include "../c/channel.h"

/* Of the call that this thread is in. It lies in Go's memory, so it is forgotten when the call ends. */
static _Thread_local const uint32_t *call_cancelled;

static bool is_set(const uint32_t *flag)
{
	return flag != NULL && __atomic_load_n(flag, __ATOMIC_ACQUIRE) != 0;
}

static int interrupted(void *closing)
{
	return is_set(closing) || is_set(call_cancelled);
}

/* Ends a call; the states that are met often need no text. */
static char *end(int status)
{
	call_cancelled = NULL;
	return status >= 0 || status == AXON_EMPTY || status == AXON_INTERRUPTED ? NULL : strdup(axon_last_error());
}

static bridge_result result(int status)
{
	return (bridge_result){ .status = status, .error = end(status) };
}

bridge_result bridge_open(const char *name, axon_options options, uint32_t *closing, const uint32_t *cancelled)
{
	axon_channel *channel;
	options.interrupted = interrupted;
	options.interrupt_context = closing;
	call_cancelled = cancelled;
	bridge_result opened = result(axon_open(&channel, name, &options));
	opened.out = channel;
	return opened;
}

bridge_result bridge_discard(const char *name)
{
	return result(axon_discard(name));
}

static _Thread_local bool counted;

static void begin_send(const uint32_t *cancelled, bool blocked)
{
	call_cancelled = cancelled;
	counted = blocked;
	send_counted = &counted;
}

static bridge_result end_send(int status)
{
	bridge_result sent = result(status);
	sent.blocked = counted;
	send_counted = NULL;
	return sent;
}

bridge_result bridge_send(axon_channel *channel, axon_header header, const unsigned char *payload, size_t length,
		int64_t timeout, const uint32_t *cancelled, bool blocked)
{
	begin_send(cancelled, blocked);
	return end_send(axon_send_with(channel, &header, payload, length, timeout));
}

bridge_result bridge_reply_error(axon_channel *channel, axon_header header, const unsigned char *text, int64_t timeout,
		const uint32_t *cancelled, bool blocked)
{
	const axon_message request = { .tag = header.tag, .tag_length = header.tag_length,
		.correlation_id = header.correlation_id };
	begin_send(cancelled, blocked);
	return end_send(axon_reply_error(channel, &request, (const char *)text, timeout));
}

bridge_result bridge_claim(axon_channel *channel, axon_header header, size_t length, int64_t timeout,
		const uint32_t *cancelled, bool blocked)
{
	void *payload = NULL;
	begin_send(cancelled, blocked);
	bridge_result claimed = end_send(axon_claim(channel, &header, length, timeout, &payload));
	claimed.out = payload;
	return claimed;
}

bridge_result bridge_end_claim(axon_channel *channel, bool commit)
{
	return result(commit ? axon_commit(channel) : axon_abort(channel));
}

bridge_received bridge_receive(axon_channel *channel, int64_t timeout, const uint32_t *cancelled)
{
	bridge_received received = { 0 }; /* Go's collector looks at its pointers */
	call_cancelled = cancelled;
	received.status = axon_receive(channel, &received.message, timeout);
	received.error = end(received.status);
	return received;
}

bridge_received bridge_request(axon_channel *channel, axon_header header, const unsigned char *payload, size_t length,
		int64_t timeout, const uint32_t *cancelled)
{
	bridge_received received = { 0 };
	call_cancelled = cancelled;
	received.status = axon_request(channel, &header, payload, length, timeout, &received.message);
	received.error = end(received.status);
	return received;
}

bridge_result bridge_release(axon_channel *channel, uint64_t token, size_t payload_length)
{
	const axon_message message = { .token = token, .payload_length = payload_length };
	return result(axon_release(channel, &message));
}

bridge_result bridge_peer_alive(axon_channel *channel)
{
	return result(axon_peer_alive(channel));
}
