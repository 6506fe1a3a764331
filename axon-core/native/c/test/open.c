/* Opening and discarding: what is refused and why, who waits for whom, what is repaired. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#if defined(__GLIBC__)
#define SEMAPHORE_PREFIX "sem."
#else
#define SEMAPHORE_PREFIX ""
#endif

static int try_open(axon_role role)
{
	axon_options options = options_for(role, 4096);
	axon_channel *channel;
	options.open_timeout = 0;
	const int status = axon_open(&channel, channel_name(), &options);
	CHECK((channel != NULL) == (status == AXON_OK));
	if (status == AXON_OK)
		axon_close(channel);
	return status;
}

static void bad_names_are_refused(void)
{
	const char *names[] = { "", ".hidden", "-x", "_x", "a/b", "a~b", "a b", "\xc3\xbc", "../x", NULL,
		"a2345678901234567890123456789012345678901234567890123456789012345" };
	axon_channel *channel;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		CHECK_EQUAL(axon_open(&channel, names[i], NULL), AXON_INVALID);
		CHECK(channel == NULL);
		CHECK_ERROR("channel name");
		CHECK_EQUAL(axon_discard(names[i]), AXON_INVALID);
	}
}

static void bad_options_are_refused(void)
{
	axon_channel *channel;
	axon_options options = options_for(AXON_SERVER, 4095);
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_INVALID);
	CHECK_ERROR("4095");
	options = options_for(AXON_SERVER, (512u << 20) + 1);
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_INVALID);
	options = options_for((axon_role)2, 4096);
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_INVALID);
	options = options_for(AXON_SERVER, 4096);
	options.bounded_wait = 0;
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_INVALID);
	options = options_for(AXON_SERVER, 4096);
	options.max_message = AXON_PAYLOAD_MAX + 1;
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_INVALID);
	options = options_for(AXON_SERVER, 4096);
	options.large_memory = (UINT64_C(1) << 40) + 1;
	CHECK_EQUAL(axon_open(&channel, channel_name(), &options), AXON_INVALID);
	CHECK_ERROR("large_memory");
}

static void a_capacity_is_rounded_up_and_the_creators_holds(void)
{
	axon_channel *server = open_as(AXON_SERVER, 5000), *client = open_as(AXON_CLIENT, 1 << 20);
	CHECK_EQUAL(axon_capacity(server), 8192);
	CHECK_EQUAL(axon_capacity(client), 8192);
	size_t size;
	map_segment(&size);
	CHECK_EQUAL(size, 12288 + 2 * 8192);
	axon_close(server);
	server = open_as(AXON_SERVER, 4096);
	CHECK_EQUAL(axon_capacity(server), 8192);
	axon_close(client);
	axon_close(server);
}

static void a_client_waits_for_its_server(void)
{
	CHECK_EQUAL(try_open(AXON_CLIENT), AXON_TIMEOUT);
	CHECK_ERROR("no server");
	CHECK_EQUAL(objects_left(), 0);
}

static void open_client_first(void)
{
	line_tell('c');
	axon_channel *client = open_as(AXON_CLIENT, 4096);
	receive_text(client, "tag", "for the client");
	send_text(client, "tag", "for the server");
	axon_close(client);
}

static void either_side_may_start_first(void)
{
	line_open();
	const pid_t child = start(open_client_first);
	line_expect('c');
	axon_channel *server = open_as(AXON_SERVER, 4096);
	send_text(server, "tag", "for the client");
	receive_text(server, "tag", "for the server");
	join(child);
	axon_close(server);
}

static void hold_the_server(void)
{
	axon_channel *server = open_as(AXON_SERVER, 4096);
	line_tell('h');
	pause();
	axon_close(server);
}

static void a_taken_role_names_its_holder(void)
{
	char pid[32];
	line_open();
	const pid_t child = start(hold_the_server);
	line_expect('h');
	CHECK_EQUAL(try_open(AXON_SERVER), AXON_ROLE_TAKEN);
	snprintf(pid, sizeof pid, "process %d;", (int)child);
	CHECK_ERROR(pid);
	CHECK_EQUAL(axon_discard(channel_name()), AXON_ROLE_TAKEN);
	CHECK_ERROR(pid);
	kill_and_wait(child);
	axon_channel *server = open_as(AXON_SERVER, 4096); /* the role is free at once */
	CHECK_EQUAL(try_open(AXON_SERVER), AXON_ROLE_TAKEN);
	CHECK_ERROR("(this process");
	axon_close(server);
}

static int create(const char *prefix, const char *suffix, mode_t mode, size_t size)
{
	char object[120];
	snprintf(object, sizeof object, "/%saxon.%s%s", prefix, channel_name(), suffix);
	const int descriptor = shm_open(object, O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK(descriptor >= 0);
	CHECK_EQUAL(fchmod(descriptor, mode), 0);
	CHECK_EQUAL(ftruncate(descriptor, (off_t)size), 0);
	return descriptor;
}

static void a_half_made_segment_is_repaired(void)
{
	close(create("", "", 0600, 0));
	close(create(SEMAPHORE_PREFIX, "~1.space", 0600, 5));
	CHECK_EQUAL(try_open(AXON_CLIENT), AXON_TIMEOUT);
	CHECK_EQUAL(objects_left(), 2);
	CHECK_EQUAL(try_open(AXON_SERVER), AXON_OK);
	CHECK_EQUAL(objects_left(), 0);
	const int descriptor = create("", "", 0600, 100000);
	CHECK_EQUAL(pwrite(descriptor, "garbage", 7, 24), 7);
	close(descriptor);
	axon_channel *server = open_as(AXON_SERVER, 4096);
	CHECK_EQUAL(axon_capacity(server), 4096);
	CHECK_EQUAL(try_open(AXON_CLIENT), AXON_OK);
	axon_close(server);
}

static void modes_are_exact_and_checked(void)
{
	struct stat found;
	char path[160];
	for (int group = 0; group < 2; group++) {
		axon_channel *server;
		axon_options options = options_for(AXON_SERVER, 4096);
		options.group = group != 0;
		umask(0177 * !group + 077 * group);
		CHECK_EQUAL(axon_open(&server, channel_name(), &options), AXON_OK);
		for (int i = 0; i < 3; i++) {
			const char *suffixes[] = { "", "~0.data", "~1.space" };
			snprintf(path, sizeof path, "/dev/shm/%saxon.%s%s", i == 0 ? "" : SEMAPHORE_PREFIX, channel_name(), suffixes[i]);
			CHECK_EQUAL(stat(path, &found), 0);
			CHECK_EQUAL(found.st_mode & 0777, group ? 0660 : 0600);
		}
		CHECK_EQUAL(try_open(AXON_CLIENT), group ? AXON_ACCESS : AXON_OK);
		if (group)
			CHECK_ERROR("mode 0660");
		axon_close(server);
	}
	close(create("", "", 0644, 0));
	CHECK_EQUAL(try_open(AXON_SERVER), AXON_ACCESS);
	CHECK_ERROR("0644");
	CHECK_EQUAL(axon_discard(channel_name()), AXON_ACCESS);
	snprintf(path, sizeof path, "/axon.%s", channel_name());
	CHECK_EQUAL(shm_unlink(path), 0);
	snprintf(path, sizeof path, "/dev/shm/axon.%s", channel_name());
	CHECK_EQUAL(symlink("/dev/null", path), 0);
	CHECK_EQUAL(try_open(AXON_SERVER), AXON_ACCESS);
	CHECK_EQUAL(unlink(path), 0);
}

/* Opens a channel whose header has one 32-bit word changed. */
static int open_forged(size_t offset, uint32_t value)
{
	axon_channel *server = open_as(AXON_SERVER, 4096);
	send_text(server, "unread", "keeps the names");
	axon_close(server);
	size_t size;
	uint8_t *segment = map_segment(&size);
	memcpy(segment + offset, &value, sizeof value);
	munmap(segment, size);
	const int status = try_open(AXON_CLIENT);
	CHECK_EQUAL(try_open(AXON_SERVER), status);
	CHECK_EQUAL(axon_discard(channel_name()), 1);
	return status;
}

static void a_foreign_header_is_refused(void)
{
	CHECK_EQUAL(open_forged(4, 2), AXON_INCOMPATIBLE); /* version */
	CHECK_EQUAL(open_forged(0, 0x12345678), AXON_INCOMPATIBLE);
	CHECK_EQUAL(open_forged(16, 3), AXON_INCOMPATIBLE); /* libc */
	CHECK_EQUAL(open_forged(20, 32), AXON_INCOMPATIBLE);
	CHECK_EQUAL(open_forged(8, 4096), AXON_CORRUPT); /* size */
	CHECK_EQUAL(open_forged(24, 8192), AXON_CORRUPT); /* capacity */
	CHECK_EQUAL(open_forged(24, 4097), AXON_CORRUPT);
	CHECK_EQUAL(open_forged(24, 0), AXON_CORRUPT);
	CHECK_EQUAL(open_forged(44, 0x7fffffff), AXON_CORRUPT); /* largest payload */
	CHECK_EQUAL(open_forged(52, 257), AXON_CORRUPT); /* large-message memory */
}

static void a_segment_of_another_size_is_refused(void)
{
	char object[96];
	axon_channel *server = open_as(AXON_SERVER, 4096);
	send_text(server, "unread", "keeps the names");
	axon_close(server);
	snprintf(object, sizeof object, "/axon.%s", channel_name());
	const int descriptor = shm_open(object, O_RDWR, 0);
	CHECK_EQUAL(ftruncate(descriptor, 8192), 0);
	close(descriptor);
	CHECK_EQUAL(try_open(AXON_CLIENT), AXON_CORRUPT);
	CHECK_ERROR("8192");
	CHECK_ERROR("20480");
	CHECK_EQUAL(axon_discard(channel_name()), 1);
}

static void discard_removes_what_nobody_holds(void)
{
	static uint8_t bytes[100000];
	CHECK_EQUAL(axon_discard(channel_name()), 0);
	axon_channel *server = open_as(AXON_SERVER, 4096);
	CHECK_EQUAL(axon_send(server, "t", bytes, sizeof bytes, 0), AXON_OK);
	CHECK_EQUAL(axon_discard(channel_name()), AXON_ROLE_TAKEN);
	axon_close(server);
	CHECK_EQUAL(objects_left(), 6);
	CHECK_EQUAL(axon_discard(channel_name()), 1);
	CHECK_EQUAL(objects_left(), 0);
	CHECK_EQUAL(axon_discard(channel_name()), 0);
}

TESTS(open, { "bad-names-are-refused", bad_names_are_refused }, { "bad-options-are-refused", bad_options_are_refused },
		{ "a-capacity-is-rounded-up", a_capacity_is_rounded_up_and_the_creators_holds },
		{ "a-client-waits-for-its-server", a_client_waits_for_its_server },
		{ "either-side-may-start-first", either_side_may_start_first },
		{ "a-taken-role-names-its-holder", a_taken_role_names_its_holder },
		{ "a-half-made-segment-is-repaired", a_half_made_segment_is_repaired },
		{ "modes-are-exact-and-checked", modes_are_exact_and_checked },
		{ "a-foreign-header-is-refused", a_foreign_header_is_refused },
		{ "a-segment-of-another-size-is-refused", a_segment_of_another_size_is_refused },
		{ "discard-removes-what-nobody-holds", discard_removes_what_nobody_holds });
