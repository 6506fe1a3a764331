// ask.cpp: the client of serve.c, in C++17. What C writes as { .tag = "sum" } is set field by field here.
#include <axon.h>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

int main()
{
	axon_channel *opened;
	if (axon_open(&opened, "sums", nullptr) != AXON_OK) {
		std::cerr << axon_last_error() << '\n';
		return 1;
	}
	const std::unique_ptr<axon_channel, decltype(&axon_close)> channel(opened, axon_close);
	const std::vector<unsigned char> numbers{ 1, 2, 3 };
	axon_header header{};
	header.tag = "sum";
	axon_message reply{};
	if (axon_request(channel.get(), &header, numbers.data(), numbers.size(), AXON_DEFAULT_TIMEOUT, &reply) != AXON_OK) {
		std::cerr << axon_last_error() << '\n';
		return 1;
	}
	std::uint64_t sum = 0;
	const bool failed = reply.error || reply.payload_length != sizeof sum;
	if (failed)
		std::cerr << "no sum: " << std::string(static_cast<const char *>(reply.payload), reply.payload_length) << '\n';
	else
		std::memcpy(&sum, reply.payload, sizeof sum);
	axon_release(channel.get(), &reply);
	if (failed)
		return 1;
	std::cout << sum << '\n';
	return axon_send(channel.get(), "stop.now", nullptr, 0, AXON_DEFAULT_TIMEOUT) == AXON_OK ? 0 : 1;
}
