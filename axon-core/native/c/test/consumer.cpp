// What a C++17 program may do with axon.h: every function has C linkage, and handlers are functions or lambdas.
#include <axon.h>

#include <cassert>
#include <string>
#include <string_view>

int main(int, char **arguments)
{
	axon_options options{};
	axon_options_init(&options);
	options.role = AXON_SERVER;
	options.send_timeout = AXON_FOREVER;
	axon_channel *server = nullptr, *client = nullptr;
	assert(axon_open(&server, arguments[1], &options) == AXON_OK);
	options.role = AXON_CLIENT;
	assert(axon_open(&client, arguments[1], &options) == AXON_OK);
	axon_header header{};
	header.tag = "greeting";
	void *payload = nullptr;
	assert(axon_claim(client, &header, 5, AXON_DEFAULT_TIMEOUT, &payload) == AXON_OK);
	std::string_view("hello").copy(static_cast<char *>(payload), 5);
	assert(axon_commit(client) == AXON_OK);
	std::string seen;
	const axon_handler handlers[] = { { "*",
			[](axon_channel *, const axon_message *message, void *context) {
				static_cast<std::string *>(context)->assign(static_cast<const char *>(message->payload), message->payload_length);
				return 1;
			},
			&seen } };
	assert(axon_serve(server, handlers, 1) == 1);
	assert(seen == "hello");
	assert(axon_send(client, "large", seen.data(), static_cast<std::size_t>(AXON_PAYLOAD_MAX), 0) == AXON_TOO_LARGE);
	assert(std::string(axon_strerror(AXON_TOO_LARGE)) == "the message is too large" && *axon_last_error() != 0);
	axon_close(client);
	axon_close(server);
}
