/* The golden vectors of axon-core/src/test/golden, both ways; GOLDEN is that folder. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

#define CAPACITY 4096
#define SEGMENT 20480
#define RING 8192
#define LIBC 16
#define CHANNEL_ID 32
#define SERVER_PID 136

/* One block of records.txt. */
struct record {
	char name[64];
	unsigned long long position;
	bool padding, reply, error;
	uint64_t correlation;
	size_t tag_length, metadata_length, payload_length, length;
	uint8_t tag[256], metadata[256], bytes[1100];
	uint8_t *payload;
};

static FILE *open_file(const char *name)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", GOLDEN, name);
	FILE *file = fopen(path, "r");
	CHECK(file != NULL);
	return file;
}

static size_t from_hex(const char *text, uint8_t *bytes, size_t room)
{
	size_t length = 0;
	if (strcmp(text, "-") == 0)
		return 0;
	for (; text[0] != 0; text += 2) {
		unsigned byte;
		CHECK(length < room);
		CHECK_EQUAL(sscanf(text, "%2x", &byte), 1);
		bytes[length++] = (uint8_t)byte;
	}
	return length;
}

static void read_payload(struct record *record, const char *value)
{
	static uint8_t payload[70000];
	record->payload = payload;
	if (sscanf(value, "pattern-%zu", &record->payload_length) == 1) {
		CHECK(record->payload_length <= sizeof payload);
		for (size_t i = 0; i < record->payload_length; i++)
			payload[i] = (uint8_t)(i * 7);
	} else {
		record->payload_length = from_hex(value, payload, sizeof payload);
	}
}

/* Reads up to the line `bytes`; false at the end of the file. */
static bool read_record(FILE *file, struct record *record)
{
	static char line[4096];
	memset(record, 0, sizeof *record);
	while (fgets(line, sizeof line, file) != NULL) {
		char *value = strchr(line, ' ');
		line[strcspn(line, "\n")] = 0;
		if (line[0] == '#' || line[0] == 0)
			continue;
		CHECK(value != NULL);
		*value++ = 0;
		if (strcmp(line, "name") == 0)
			snprintf(record->name, sizeof record->name, "%.63s", value);
		else if (strcmp(line, "position") == 0)
			record->position = strtoull(value, NULL, 10);
		else if (strcmp(line, "kind") == 0)
			record->padding = strcmp(value, "padding") == 0;
		else if (strcmp(line, "tag") == 0)
			record->tag_length = from_hex(value, record->tag, sizeof record->tag);
		else if (strcmp(line, "metadata") == 0)
			record->metadata_length = from_hex(value, record->metadata, sizeof record->metadata);
		else if (strcmp(line, "correlation") == 0)
			record->correlation = strtoull(value, NULL, 16);
		else if (strcmp(line, "reply") == 0)
			record->reply = strcmp(value, "1") == 0;
		else if (strcmp(line, "error") == 0)
			record->error = strcmp(value, "1") == 0;
		else if (strcmp(line, "payload") == 0)
			read_payload(record, value);
		else {
			CHECK(strcmp(line, "bytes") == 0);
			record->length = from_hex(value, record->bytes, sizeof record->bytes);
			return true;
		}
	}
	return false;
}

static void send_record(axon_channel *server, const struct record *record)
{
	const axon_header header = { .tag = (const char *)record->tag, .tag_length = record->tag_length,
		.metadata = record->metadata, .metadata_length = record->metadata_length,
		.correlation_id = record->correlation, .reply = record->reply, .error = record->error };
	CHECK_EQUAL(axon_send_with(server, &header, record->payload, record->payload_length, 0), AXON_OK);
}

static void receive_record(axon_channel *client, const struct record *record)
{
	axon_message message;
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	CHECK_EQUAL(message.tag_length, record->tag_length);
	CHECK(memcmp(message.tag, record->tag, record->tag_length) == 0);
	CHECK_EQUAL(message.metadata_length, record->metadata_length);
	CHECK(message.metadata_length == 0 || memcmp(message.metadata, record->metadata, record->metadata_length) == 0);
	CHECK_EQUAL(message.payload_length, record->payload_length);
	CHECK(memcmp(message.payload, record->payload, record->payload_length) == 0);
	CHECK_EQUAL(message.correlation_id, record->correlation);
	CHECK(!message.reply && !message.error);
	CHECK_EQUAL(message.deliveries, 1);
	CHECK_EQUAL(axon_release(client, &message), AXON_OK);
}

static void records_have_these_bytes(void)
{
	struct record record;
	axon_message message;
	axon_counters counters;
	axon_channel *server = open_as(AXON_SERVER, CAPACITY), *client = open_as(AXON_CLIENT, CAPACITY);
	const uint8_t *segment = map_segment(NULL);
	FILE *file = open_file("records.txt");
	int messages = 0, replies = 0, paddings = 0;
	uint8_t padding[8];
	unsigned long long padding_at = 0;
	while (read_record(file, &record)) {
		const uint8_t *bytes = segment + RING + (record.position & (CAPACITY - 1));
		if (record.padding) {
			CHECK_EQUAL(record.length, sizeof padding);
			memcpy(padding, record.bytes, sizeof padding);
			padding_at = record.position;
			paddings++;
			continue;
		}
		send_record(server, &record);
		if (memcmp(bytes, record.bytes, record.length) != 0)
			check_failed(__FILE__, __LINE__, record.name, 0, 0);
		if (padding_at != 0)
			CHECK(memcmp(segment + RING + (padding_at & (CAPACITY - 1)), padding, sizeof padding) == 0);
		padding_at = 0;
		if (record.reply)
			replies++;
		else
			receive_record(client, &record);
		messages++;
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_EMPTY);
		axon_get_counters(client, &counters);
		CHECK_EQUAL(counters.replies_dropped, replies);
	}
	CHECK(messages >= 15 && replies == 2 && paddings == 1);
	fclose(file);
	axon_close(server);
	axon_close(client);
}

static void read_segment(uint8_t segment[SEGMENT])
{
	FILE *file = open_file("segment.txt");
	char line[256], hex[64];
	unsigned offset;
	int lines = 0;
	memset(segment, 0, SEGMENT);
	while (fgets(line, sizeof line, file) != NULL) {
		if (line[0] == '#')
			continue;
		CHECK_EQUAL(sscanf(line, "%u: %63s", &offset, hex), 2);
		CHECK(offset <= SEGMENT - 16);
		CHECK_EQUAL(from_hex(hex, segment + offset, 16), 16);
		lines++;
	}
	fclose(file);
	CHECK(lines > 5);
}

static const axon_header ask = { .tag = "ask", .metadata = "trace", .metadata_length = 5,
	.correlation_id = UINT64_C(0x0000010000000001) };
static const uint8_t asked[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };

static void a_segment_has_these_bytes(void)
{
	static uint8_t expected[SEGMENT], found[SEGMENT];
	size_t size;
	axon_options options;
	axon_channel *server;
	axon_options_init(&options);
	options.role = AXON_SERVER;
	options.capacity = CAPACITY;
	CHECK_EQUAL(axon_open(&server, channel_name(), &options), AXON_OK);
	send_text(server, "greeting", "hello");
	CHECK_EQUAL(axon_send_with(server, &ask, asked, sizeof asked, 0), AXON_OK);
	read_segment(expected);
	const uint8_t *segment = map_segment(&size);
	CHECK_EQUAL(size, SEGMENT);
	memcpy(found, segment, SEGMENT);
	memcpy(found + LIBC, expected + LIBC, 4);
	memcpy(found + CHANNEL_ID, expected + CHANNEL_ID, 8);
	CHECK_EQUAL(*(const uint64_t *)(const void *)(segment + SERVER_PID), getpid());
	memcpy(found + SERVER_PID, expected + SERVER_PID, 8);
	for (int i = 0; i < SEGMENT; i++) {
		if (found[i] != expected[i])
			fprintf(stderr, "offset %d: ", i);
		CHECK_EQUAL(found[i], expected[i]);
	}
	axon_close(server);
	CHECK_EQUAL(axon_discard(channel_name()), 1);
}

static void a_segment_with_these_bytes_is_read(void)
{
	static uint8_t segment[SEGMENT];
	char object[96];
	axon_channel *own = open_as(AXON_SERVER, CAPACITY); /* for this C library's number */
	const uint8_t *header = map_segment(NULL);
	read_segment(segment);
	memcpy(segment + LIBC, header + LIBC, 4);
	axon_close(own);
	snprintf(object, sizeof object, "/axon.%s", channel_name());
	const int descriptor = shm_open(object, O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK(descriptor >= 0);
	CHECK_EQUAL(write(descriptor, segment, SEGMENT), SEGMENT);
	close(descriptor);
	axon_channel *client = open_as(AXON_CLIENT, CAPACITY);
	CHECK_EQUAL(axon_peer_alive(client), 0);
	receive_text(client, "greeting", "hello");
	struct record request = { .tag = "ask", .tag_length = 3, .metadata = "trace", .metadata_length = 5,
		.payload = (uint8_t[]){ 0, 1, 2, 3, 4, 5, 6, 7 }, .payload_length = 8, .correlation = ask.correlation_id };
	receive_record(client, &request);
	axon_close(client);
}

TESTS(golden, { "records-have-these-bytes", records_have_these_bytes },
		{ "a-segment-has-these-bytes", a_segment_has_these_bytes },
		{ "a-segment-is-read", a_segment_with_these_bytes_is_read });
