/* Handing each message to the handler of its tag. */
#include <stdio.h>
#include <string.h>

#include "channel.h"

/* How well a handler's tag fits a message's: 0 not at all, and the longer the better; an exact one best. */
static size_t fit(const char *tag, const axon_message *message)
{
	const size_t length = strlen(tag), prefix = length - 1;
	if (tag[prefix] == '*')
		return message->tag_length >= prefix && memcmp(tag, message->tag, prefix) == 0 ? length : 0;
	return message->tag_length == length && memcmp(tag, message->tag, length) == 0 ? SIZE_MAX : 0;
}

static const axon_handler *find(const axon_handler *handlers, size_t count, const axon_message *message)
{
	const axon_handler *best = NULL;
	size_t best_fit = 0;
	for (size_t i = 0; i < count; i++) {
		const size_t this_fit = fit(handlers[i].tag, message);
		if (this_fit > best_fit) {
			best_fit = this_fit;
			best = &handlers[i];
		}
	}
	return best;
}

/* Answers a request that has no handler; that the answer cannot be sent ends nothing. */
static int refuse(axon_channel *channel, const axon_message *message)
{
	char text[AXON_TAG_MAX + 32];
	if (message->correlation_id != 0) {
		snprintf(text, sizeof text, "no handler for the tag \"%.*s\"", (int)message->tag_length, message->tag);
		axon_reply_error(channel, message, text, AXON_DEFAULT_TIMEOUT);
	}
	return 0;
}

static int check_handlers(const axon_channel *channel, const axon_handler *handlers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (handlers == NULL || handlers[i].tag == NULL || handlers[i].tag[0] == 0 || handlers[i].handle == NULL)
			return error_set(AXON_INVALID, "channel '%s': handler %zu of %zu has no tag or no function",
					channel->segment.name, i, count);
	}
	return AXON_OK;
}

int axon_serve(axon_channel *channel, const axon_handler *handlers, size_t count)
{
	axon_message message;
	int status = channel_enter(channel, &channel->in.lock); /* a close waits for the handler that runs */
	if (status != AXON_OK)
		return status;
	status = check_handlers(channel, handlers, count);
	while (status == AXON_OK && (status = axon_receive(channel, &message, AXON_FOREVER)) == AXON_OK) {
		const axon_handler *handler = find(handlers, count, &message);
		status = handler != NULL ? handler->handle(channel, &message, handler->context) : refuse(channel, &message);
		axon_release(channel, &message);
	}
	return channel_leave(&channel->in.lock, status);
}
