/* A small /dev/shm, a real one in a mount namespace: an error that says what to do, back-pressure, and never a SIGBUS. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "check.h"

#define BALLAST "/dev/shm/ballast"
#define PAGE 4096
#define SEGMENT_PAGES 5 /* of the smallest channel; then a page for each of its semaphores */
#define OBJECTS 5

static uint64_t pages_free(void)
{
	struct statvfs status;
	CHECK_EQUAL(statvfs("/dev/shm", &status), 0);
	return status.f_bavail;
}

/* Fills /dev/shm but for so many pages. */
static void leave_pages(uint64_t pages)
{
	const int ballast = open(BALLAST, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(ballast >= 0);
	const uint64_t all = pages_free();
	CHECK(all >= pages);
	if (all > pages)
		CHECK_EQUAL(posix_fallocate(ballast, 0, (off_t)((all - pages) * PAGE)), 0);
	CHECK_EQUAL(pages_free(), pages);
	close(ballast);
}

static int open_small(axon_channel **channel, axon_role role)
{
	axon_options options = options_for(role, 4096);
	options.open_timeout = 0;
	return axon_open(channel, channel_name(), &options);
}

static void check_the_advice(void)
{
	CHECK_ERROR("--shm-size");
	CHECK_ERROR("Kubernetes");
	CHECK_ERROR("emptyDir");
	CHECK_ERROR(channel_name());
}

static void a_full_shared_memory_is_an_error_at_every_page(void)
{
	char text[120];
	axon_channel *server, *client;
	private_shared_memory("size=1m");
	for (int pages = 0; pages < SEGMENT_PAGES + 4; pages++) {
		leave_pages((uint64_t)pages);
		CHECK_EQUAL(open_small(&server, AXON_SERVER), AXON_NO_MEMORY);
		const bool segment = pages < SEGMENT_PAGES;
		snprintf(text, sizeof text, "%d bytes of shared memory asked for, %d available", segment ? SEGMENT_PAGES * PAGE : PAGE,
				segment ? pages * PAGE : 0);
		CHECK_ERROR(text);
		check_the_advice();
		CHECK_EQUAL(files_left(), 1);
		CHECK_EQUAL(open_small(&client, AXON_CLIENT), AXON_TIMEOUT);
	}
	leave_pages(SEGMENT_PAGES + 4);
	CHECK_EQUAL(open_small(&server, AXON_SERVER), AXON_OK);
	CHECK_EQUAL(pages_free(), 0);
	client = open_as(AXON_CLIENT, 4096);
	send_text(server, "t", "there is room");
	receive_text(client, "t", "there is room");
	send_text(client, "t", "unread");
	axon_close(client);
	axon_close(server);
	CHECK_EQUAL(files_left(), 1 + OBJECTS); /* what lies unread is found again without a byte more */
	CHECK_EQUAL(pages_free(), 0);
	CHECK_EQUAL(open_small(&server, AXON_SERVER), AXON_OK);
	receive_text(server, "t", "unread");
	axon_close(server);
	CHECK_EQUAL(files_left(), 1);
}

static void too_few_inodes_are_an_error_at_every_file(void)
{
	char mount_options[64];
	axon_channel *server;
	private_shared_memory("size=1m");
	for (int inodes = 1; inodes <= 1 + OBJECTS; inodes++) { /* the folder takes one */
		snprintf(mount_options, sizeof mount_options, "size=1m,nr_inodes=%d", inodes);
		CHECK_EQUAL(mount("tmpfs", "/dev/shm", "tmpfs", 0, mount_options), 0);
		const int status = open_small(&server, AXON_SERVER);
		if (inodes <= OBJECTS) {
			CHECK_EQUAL(status, AXON_NO_MEMORY);
			CHECK_ERROR("nr_inodes");
			check_the_advice();
		} else {
			CHECK_EQUAL(status, AXON_OK);
			axon_close(server);
		}
		CHECK_EQUAL(files_left(), 0);
		CHECK_EQUAL(umount("/dev/shm"), 0);
	}
}

static void a_large_message_without_memory_waits_or_is_refused(void)
{
	static uint8_t payload[300000];
	axon_message message;
	private_shared_memory("size=2m");
	axon_channel *server = open_as(AXON_SERVER, 4096), *client = open_as(AXON_CLIENT, 4096);
	for (uint64_t pages = 0; pages < 80; pages += 16) {
		leave_pages(pages);
		fill(payload, sizeof payload, (uint32_t)pages);
		CHECK_EQUAL(axon_send(server, "t", payload, sizeof payload, LONG), AXON_NO_MEMORY); /* nobody can give any back */
		CHECK_ERROR("331776 bytes of shared memory asked for");
		check_the_advice();
		CHECK_EQUAL(pages_free(), pages);
		CHECK_EQUAL(files_left(), 1 + OBJECTS);
		send_text(server, "t", "small ones go on");
		receive_text(client, "t", "small ones go on");
	}
	leave_pages(81 + 20);
	CHECK_EQUAL(axon_send(server, "t", payload, sizeof payload, LONG), AXON_OK);
	CHECK_EQUAL(axon_send(server, "t", payload, sizeof payload, 0), AXON_FULL); /* the reader will give some back */
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	CHECK(is_filled(message.payload, message.payload_length, 64));
	CHECK_EQUAL(axon_release(client, &message), AXON_OK);
	CHECK_EQUAL(axon_send(server, "t", payload, 5000, 0), AXON_OK);
	CHECK_EQUAL(unlink(BALLAST), 0); /* and with memory there again, all goes on */
	CHECK_EQUAL(axon_send(server, "t", payload, sizeof payload, 0), AXON_OK);
	for (int i = 0; i < 2; i++)
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	CHECK(is_filled(message.payload, message.payload_length, 64));
	axon_close(client);
	axon_close(server);
	CHECK_EQUAL(files_left(), 0);
}

/* The reader still has the removed slots mapped, and may not look at them for a long time. */
static void what_is_removed_is_given_back_at_once(void)
{
	static uint8_t payload[1500000];
	axon_message message;
	private_shared_memory("size=2m");
	axon_channel *server = open_as(AXON_SERVER, 4096), *client = open_as(AXON_CLIENT, 4096);
	for (int i = 0; i < 3; i++)
		CHECK_EQUAL(axon_send(server, "t", payload, 300000, 0), AXON_OK);
	for (int i = 0; i < 3; i++)
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	CHECK_EQUAL(axon_release(client, &message), AXON_OK);
	fill(payload, sizeof payload, 1);
	CHECK_EQUAL(axon_send(server, "t", payload, sizeof payload, LONG), AXON_OK);
	leave_pages(0); /* and to let go of them needs no memory */
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	CHECK(is_filled(message.payload, message.payload_length, 1));
	axon_close(client);
	axon_close(server);
	CHECK_EQUAL(files_left(), 1);
}

#define STREAM 400

static size_t length_of(uint32_t number)
{
	return 2000 + random_of(number) % 200000;
}

static axon_channel *open_patiently(axon_role role)
{
	const axon_options options = options_for(role, 4096);
	axon_channel *channel;
	int status;
	while ((status = axon_open(&channel, channel_name(), &options)) == AXON_NO_MEMORY)
		sched_yield();
	CHECK_EQUAL(status, AXON_OK);
	return channel;
}

static void send_a_stream(void)
{
	static uint8_t payload[202000];
	axon_channel *server = open_patiently(AXON_SERVER);
	for (uint32_t i = 0; i < STREAM;) {
		fill(payload, length_of(i), i);
		const int status = axon_send(server, "t", payload, length_of(i), LONG);
		CHECK(status == AXON_OK || status == AXON_NO_MEMORY);
		i += status == AXON_OK;
		sched_yield();
	}
	axon_close(server);
}

static void fill_and_empty(void)
{
	for (uint32_t i = 0;; i++) { /* until it is killed */
		const int ballast = open(BALLAST, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (ballast >= 0) { /* not: there is no inode left */
			for (off_t size = 0; posix_fallocate(ballast, size, PAGE) == 0; size += PAGE)
				continue;
			usleep(random_of(i) % 3000);
			CHECK_EQUAL(ftruncate(ballast, 0), 0);
			close(ballast);
		}
		usleep(2000 + random_of(i + 1) % 3000);
	}
}

static void a_stream_survives_a_memory_that_comes_and_goes(void)
{
	axon_message message;
	private_shared_memory("size=1m");
	const pid_t filler = start(fill_and_empty);
	const pid_t sender = start(send_a_stream);
	axon_channel *client = open_patiently(AXON_CLIENT);
	for (uint32_t i = 0; i < STREAM; i++) {
		CHECK_EQUAL(axon_receive(client, &message, LONG), AXON_OK);
		CHECK_EQUAL(message.payload_length, length_of(i));
		CHECK(is_filled(message.payload, message.payload_length, i));
	}
	join(sender);
	kill_and_wait(filler);
	axon_close(client);
	CHECK_EQUAL(unlink(BALLAST), 0);
	CHECK_EQUAL(files_left(), 0);
}

TESTS(memory, { "a-full-shared-memory-is-an-error", a_full_shared_memory_is_an_error_at_every_page },
		{ "too-few-inodes-are-an-error", too_few_inodes_are_an_error_at_every_file },
		{ "a-large-message-without-memory", a_large_message_without_memory_waits_or_is_refused },
		{ "what-is-removed-is-given-back", what_is_removed_is_given_back_at_once },
		{ "a-stream-survives-a-memory-that-comes", a_stream_survives_a_memory_that_comes_and_goes });
