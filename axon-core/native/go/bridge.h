/*
 * bridge.h: axon.h as Go calls it. A call returns all that it has to tell at
 * once: the goroutine may be on another thread when it asks again, and the
 * text of the last error is a thread's.
 */
#ifndef AXON_GO_BRIDGE_H
#define AXON_GO_BRIDGE_H

#include "../c/axon.h"

/* What a call came to. `error` is NULL or to be freed. */
typedef struct bridge_result {
	int status;
	char *error;
	void *out;    /* the channel of bridge_open(), the payload of bridge_claim() */
	bool blocked; /* of a send: it has been counted among sends_blocked */
} bridge_result;

typedef struct bridge_received {
	int status;
	char *error;
	axon_message message;
} bridge_received;

/*
 * Waits end with AXON_INTERRUPTED when *closing, the channel's, is not 0, or
 * *cancelled, the call's own, which may be NULL. Whoever sets one calls
 * axon_wake(), again and again until the wait is over: a wait that only begins
 * does not notice what was before.
 */
bridge_result bridge_open(const char *name, axon_options options, uint32_t *closing, const uint32_t *cancelled);
bridge_result bridge_discard(const char *name);

/* Sends are told whether another call for the same message has been counted among sends_blocked, so that it is once. */
bridge_result bridge_send(axon_channel *channel, axon_header header, const unsigned char *payload, size_t length,
		int64_t timeout, const uint32_t *cancelled, bool blocked);
bridge_result bridge_reply_error(axon_channel *channel, axon_header header, const unsigned char *text, int64_t timeout,
		const uint32_t *cancelled, bool blocked);
bridge_result bridge_claim(axon_channel *channel, axon_header header, size_t length, int64_t timeout,
		const uint32_t *cancelled, bool blocked);
bridge_result bridge_end_claim(axon_channel *channel, bool commit);
bridge_received bridge_receive(axon_channel *channel, int64_t timeout, const uint32_t *cancelled);
bridge_received bridge_request(axon_channel *channel, axon_header header, const unsigned char *payload, size_t length,
		int64_t timeout, const uint32_t *cancelled);
bridge_result bridge_release(axon_channel *channel, uint64_t token, size_t payload_length);
bridge_result bridge_peer_alive(axon_channel *channel);

#endif
