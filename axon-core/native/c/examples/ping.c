/*
 * ping.c: run it twice, `ping server` and `ping client`, in either order.
 * The client asks, the server answers.
 */
#include <axon.h>
#include <stdio.h>
#include <string.h>

static int failed(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, axon_last_error());
	return 1;
}

int main(int argc, char **argv)
{
	axon_channel *channel;
	axon_options options;
	axon_message message;
	axon_options_init(&options);
	options.role = argc > 1 && strcmp(argv[1], "server") == 0 ? AXON_SERVER : AXON_CLIENT;
	if (axon_open(&channel, "ping", &options) != AXON_OK)
		return failed("open");
	int status;
	if (options.role == AXON_SERVER) {
		status = axon_receive(channel, &message, AXON_FOREVER);
		if (status == AXON_OK)
			status = axon_reply(channel, &message, "pong", 4, AXON_DEFAULT_TIMEOUT);
	} else {
		const axon_header header = { .tag = "ping" };
		status = axon_request(channel, &header, NULL, 0, AXON_DEFAULT_TIMEOUT, &message);
		if (status == AXON_OK) {
			printf("%.*s\n", (int)message.payload_length, (const char *)message.payload);
			axon_release(channel, &message);
		}
	}
	if (status != AXON_OK)
		failed(argv[0]);
	axon_close(channel);
	return status != AXON_OK;
}
