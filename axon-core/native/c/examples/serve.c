/* serve.c: a server with two handlers; ask.cpp is a client. */
#include <axon.h>
#include <stdio.h>

static int sum(axon_channel *channel, const axon_message *message, void *calls)
{
	const unsigned char *numbers = message->payload;
	uint64_t total = 0;
	for (size_t i = 0; i < message->payload_length; i++)
		total += numbers[i];
	++*(int *)calls;
	return axon_reply(channel, message, &total, sizeof total, AXON_DEFAULT_TIMEOUT);
}

static int stop(axon_channel *channel, const axon_message *message, void *calls)
{
	(void)channel;
	printf("%.*s after %d sums\n", (int)message->tag_length, message->tag, *(int *)calls);
	return 1;
}

int main(void)
{
	int calls = 0;
	const axon_handler handlers[] = { { "sum", sum, &calls }, { "stop.*", stop, &calls } };
	axon_channel *channel;
	axon_options options;
	axon_options_init(&options);
	options.role = AXON_SERVER;
	int status = axon_open(&channel, "sums", &options);
	if (status == AXON_OK)
		status = axon_serve(channel, handlers, 2);
	if (status < 0)
		fprintf(stderr, "serve: %s\n", axon_last_error());
	axon_close(channel);
	return status < 0;
}
