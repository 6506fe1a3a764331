/* Other users, as root can play them: what they may not do, what they may not prepare, and what a group may. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

enum { OWNER = 40001, MATE = 40002, STRANGER = 40003, OWNERS = 40001, TEAM = 40010, STRANGERS = 40003 };

static bool group;

static int open_in_group(axon_channel **channel, axon_role role)
{
	axon_options options = options_for(role, 4096);
	options.group = group;
	options.open_timeout = 0;
	return axon_open(channel, channel_name(), &options);
}

static int try_open(axon_role role)
{
	axon_channel *channel;
	const int status = open_in_group(&channel, role);
	axon_close(channel);
	return status;
}

static const char *const objects[] = { "", "~0.data", "~0.space", "~1.data", "~1.space", "~0.00" };
#define OBJECTS ((int)(sizeof objects / sizeof objects[0]))

static void check_modes(void)
{
	static const mode_t masks[] = { 0, 022, 077, 0177, 0277, 0777 };
	static const uint8_t large[5000];
	char path[160];
	struct stat found;
	for (size_t i = 0; i < 2 * sizeof masks / sizeof masks[0]; i++) {
		axon_channel *server;
		umask(masks[i / 2]);
		group = i % 2 != 0;
		CHECK_EQUAL(open_in_group(&server, AXON_SERVER), AXON_OK);
		CHECK_EQUAL(axon_send(server, "t", large, sizeof large, 0), AXON_OK);
		for (int object = 0; object < OBJECTS; object++) {
			object_path(path, objects[object]);
			CHECK_EQUAL(stat(path, &found), 0);
			CHECK_EQUAL(found.st_mode, S_IFREG | (group ? 0660 : 0600));
			CHECK_EQUAL(found.st_uid, geteuid());
			CHECK_EQUAL(found.st_gid, getegid());
		}
		axon_close(server);
		CHECK_EQUAL(axon_discard(channel_name()), 1);
	}
}

static void modes_do_not_depend_on_the_umask(void)
{
	check_modes();
	if (geteuid() == 0)
		join(start_as(OWNER, TEAM, check_modes));
}

static void hold(void)
{
	static const uint8_t large[5000];
	axon_channel *server;
	CHECK_EQUAL(open_in_group(&server, AXON_SERVER), AXON_OK);
	CHECK_EQUAL(axon_send(server, "t", large, sizeof large, 0), AXON_OK);
	line_tell('h');
	pause();
}

static void break_in(void)
{
	char path[160], object[96], values[96];
	snprintf(values, sizeof values, "owner %d, group %d, mode 0600", OWNER, TEAM);
	for (int role = 0; role < 2; role++) {
		CHECK_EQUAL(try_open((axon_role)role), AXON_ACCESS);
		CHECK_ERROR(values);
		CHECK_ERROR("choose another name");
	}
	CHECK_EQUAL(axon_discard(channel_name()), AXON_ACCESS);
	for (int i = 0; i < OBJECTS; i++) {
		object_path(path, objects[i]);
		CHECK(open(path, O_RDONLY) < 0 && errno == EACCES);
		CHECK(truncate(path, 0) < 0 && errno == EACCES);
		CHECK(chmod(path, 0666) < 0 && errno == EPERM);
		CHECK(unlink(path) < 0 && errno == EPERM);
		CHECK(rename(path, "/dev/shm/taken-away") < 0 && errno == EPERM);
	}
	snprintf(object, sizeof object, "/axon.%s~0.data", channel_name());
	CHECK(sem_open(object, 0) == SEM_FAILED && errno == EACCES);
}

/* Who made it may be about to give the group its part. */
static void look_for_a_while(void)
{
	struct timespec begin, end;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	CHECK_EQUAL(try_open(AXON_CLIENT), AXON_ACCESS);
	clock_gettime(CLOCK_MONOTONIC, &end);
	CHECK((end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000 >= 90);
}

static void a_stranger_is_not_let_in(void)
{
	need_root();
	line_open();
	const pid_t owner = start_as(OWNER, TEAM, hold);
	line_expect('h');
	join(start_as(STRANGER, STRANGERS, break_in));
	join(start_as(MATE, TEAM, break_in)); /* the mode gives the group nothing */
	group = true;
	join(start_as(MATE, TEAM, break_in)); /* unless both sides agree to it */
	join(start_as(MATE, TEAM, look_for_a_while));
	CHECK_EQUAL(try_open(AXON_CLIENT), AXON_ACCESS); /* root passes the system's checks, and not these */
	kill_and_wait(owner);
	CHECK_EQUAL(objects_left(), OBJECTS);
	join(start_as(STRANGER, STRANGERS, break_in)); /* nor when nobody is there */
	group = false;
	axon_channel *channel = NULL;
	CHECK_EQUAL(seteuid(OWNER), 0);
	CHECK_EQUAL(open_in_group(&channel, AXON_CLIENT), AXON_OK);
	axon_message message;
	CHECK_EQUAL(axon_receive(channel, &message, 0), AXON_OK);
	axon_close(channel);
	CHECK_EQUAL(seteuid(0), 0);
}

/* What may be there under a name, made by the user that runs this. */
enum kind { FILE_0600, FILE_0666, FIFO, FOLDER, LINK_TO_VICTIM, LINK_TO_NOTHING, DEVICE, SECOND_NAME, KINDS };

static int kind, object;
static char victim[160];

static void prepare(void)
{
	char path[160];
	int result = 0;
	umask(0);
	object_path(path, objects[object]);
	if (kind == FILE_0600 || kind == FILE_0666)
		result = close(open(path, O_RDWR | O_CREAT | O_EXCL, kind == FILE_0600 ? 0600 : 0666));
	else if (kind == FIFO)
		result = mkfifo(path, 0600);
	else if (kind == FOLDER)
		result = mkdir(path, 0700);
	else if (kind == LINK_TO_VICTIM || kind == LINK_TO_NOTHING)
		result = symlink(kind == LINK_TO_VICTIM ? victim : "/dev/shm/axon-no-such-file", path);
	else if (kind == DEVICE)
		result = mknod(path, S_IFCHR | 0600, 0x103); /* /dev/null; root's alone */
	else
		result = link(victim, path); /* root may, and where fs.protected_hardlinks is 0 everybody */
	CHECK_EQUAL(result, 0);
}

static bool is_whole(const char *path)
{
	char text[8] = { 0 };
	struct stat found;
	const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(descriptor >= 0);
	CHECK_EQUAL(fstat(descriptor, &found), 0);
	const bool read_all = read(descriptor, text, sizeof text) == 6;
	close(descriptor);
	return read_all && strcmp(text, "secret") == 0 && found.st_mode == (S_IFREG | 0600);
}

static void make_victim(void)
{
	snprintf(victim, sizeof victim, "/dev/shm/axon-victim-%d", (int)getppid());
	const int descriptor = open(victim, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	CHECK(descriptor >= 0);
	CHECK_EQUAL(write(descriptor, "secret", 6), 6);
	close(descriptor);
}

/* The segment's name decides; a semaphore of one's own is made anew, and a slot that is not to be had is left out. */
static void open_what_was_prepared(void)
{
	static const uint8_t large[5000];
	char path[160];
	struct stat found;
	axon_channel *server;
	axon_message message;
	object_path(path, objects[object]);
	CHECK_EQUAL(lstat(path, &found), 0);
	const bool slot = object == OBJECTS - 1;
	const bool removable = object > 0 && (found.st_uid == geteuid() || kind == SECOND_NAME) && kind != FOLDER;
	const bool repaired = object == 0 && found.st_uid == geteuid() && kind == FILE_0600;
	const int status = open_in_group(&server, AXON_SERVER);
	if (!slot && !removable && !repaired) {
		CHECK_EQUAL(status, AXON_ACCESS);
		CHECK_ERROR("somebody else made it");
		CHECK_EQUAL(try_open(AXON_CLIENT), object == 0 ? AXON_ACCESS : AXON_TIMEOUT);
		if (object == 0)
			CHECK_EQUAL(axon_discard(channel_name()), AXON_ACCESS);
		else
			CHECK_EQUAL(objects_left(), 1); /* all that was there before */
	} else {
		CHECK_EQUAL(status, AXON_OK);
		axon_channel *client = open_as(AXON_CLIENT, 4096);
		CHECK_EQUAL(axon_send(server, "t", large, sizeof large, 0), AXON_OK);
		CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
		axon_close(client);
		axon_close(server);
		CHECK_EQUAL(objects_left(), removable || repaired ? 0 : 1);
	}
	CHECK(is_whole(victim));
}

static void what_somebody_prepared_is_not_used(void)
{
	need_root();
	need_no_valgrind();
	join(start_as(OWNER, TEAM, make_victim));
	snprintf(victim, sizeof victim, "/dev/shm/axon-victim-%d", (int)getpid());
	for (object = 0; object < OBJECTS; object++) {
		for (kind = 0; kind < KINDS; kind++) {
			for (int own = 0; own < 2; own++) {
				char path[160];
				const bool root = kind == DEVICE || kind == SECOND_NAME;
				if (own && root)
					continue;
				join(start_as(root ? 0 : own ? OWNER : STRANGER, root ? 0 : own ? TEAM : STRANGERS, prepare));
				join(start_as(OWNER, TEAM, open_what_was_prepared));
				object_path(path, objects[object]);
				CHECK(remove(path) == 0 || errno == ENOENT);
				CHECK_EQUAL(objects_left(), 0);
			}
		}
	}
	CHECK_EQUAL(unlink(victim), 0);
}

static void take_all_slots(void)
{
	char suffix[16], path[160];
	for (int i = 0; i < 16; i++) {
		snprintf(suffix, sizeof suffix, "~0.%02d", i);
		object_path(path, suffix);
		CHECK_EQUAL(close(open(path, O_RDWR | O_CREAT | O_EXCL, 0600)), 0);
	}
}

static void send_without_slots(void)
{
	static const uint8_t large[5000];
	axon_channel *server = open_as(AXON_SERVER, 4096), *client = open_as(AXON_CLIENT, 4096);
	CHECK_EQUAL(axon_send(server, "t", large, sizeof large, LONG), AXON_ACCESS); /* and not after the time-out */
	CHECK_ERROR("~0.00");
	CHECK_ERROR("large");
	send_text(server, "t", "small ones go on");
	receive_text(client, "t", "small ones go on");
	CHECK_EQUAL(axon_send(client, "t", large, sizeof large, LONG), AXON_OK); /* the other direction, too */
	axon_message message;
	CHECK_EQUAL(axon_receive(server, &message, 0), AXON_OK);
	line_tell('n');
	while (axon_send(server, "t", large, sizeof large, 0) == AXON_ACCESS) /* until they are gone */
		sched_yield();
	CHECK_EQUAL(axon_receive(client, &message, 0), AXON_OK);
	axon_close(client);
	axon_close(server);
	CHECK_EQUAL(objects_left(), 0);
}

static void slots_that_are_all_taken_are_an_error_at_once(void)
{
	char suffix[16], path[160];
	need_root();
	join(start_as(STRANGER, STRANGERS, take_all_slots));
	line_open();
	const pid_t owner = start_as(OWNER, TEAM, send_without_slots);
	line_expect('n');
	for (int i = 0; i < 16; i++) {
		snprintf(suffix, sizeof suffix, "~0.%02d", i);
		object_path(path, suffix);
		CHECK_EQUAL(unlink(path), 0);
	}
	join(owner);
}

static void talk_as_a_mate(void)
{
	static const uint8_t large[5000];
	axon_message message;
	axon_channel *client;
	CHECK_EQUAL(open_in_group(&client, AXON_CLIENT), AXON_OK);
	CHECK_EQUAL(axon_receive(client, &message, LONG), AXON_OK);
	CHECK_EQUAL(message.payload_length, sizeof large);
	CHECK_EQUAL(axon_send(client, "t", large, sizeof large, LONG), AXON_OK);
	axon_close(client);
	group = false;
	CHECK_EQUAL(try_open(AXON_CLIENT), AXON_ACCESS);
	CHECK_ERROR("0660 with the option group");
}

static void end_and_empty_it_as_a_mate(void)
{
	axon_message message;
	axon_channel *channel;
	CHECK_EQUAL(open_in_group(&channel, AXON_SERVER), AXON_OK);
	CHECK_EQUAL(axon_receive(channel, &message, 0), AXON_OK);
	axon_close(channel);
	CHECK(objects_left() > 0); /* the sticky bit leaves an empty channel to its owner */
	CHECK_EQUAL(axon_discard(channel_name()), AXON_ACCESS);
	CHECK_ERROR("only its owner");
	CHECK_EQUAL(open_in_group(&channel, AXON_SERVER), AXON_OK); /* it can be used on */
	send_text(channel, "t", "from a mate");
	axon_close(channel);
}

static void clean_up_as_owner(void)
{
	axon_channel *channel;
	CHECK_EQUAL(open_in_group(&channel, AXON_CLIENT), AXON_OK);
	receive_text(channel, "t", "from a mate");
	axon_close(channel);
}

static void repair_as_a_mate(void)
{
	axon_channel *channel;
	CHECK_EQUAL(open_in_group(&channel, AXON_SERVER), AXON_OK);
	axon_close(channel);
}

static void a_group_shares_a_channel(void)
{
	char path[160];
	need_root();
	line_open();
	group = true;
	const pid_t owner = start_as(OWNER, TEAM, hold);
	line_expect('h');
	join(start_as(MATE, TEAM, talk_as_a_mate));
	CHECK_EQUAL(try_open(AXON_CLIENT), AXON_ACCESS);
	kill_and_wait(owner);
	join(start_as(MATE, TEAM, end_and_empty_it_as_a_mate));
	join(start_as(OWNER, TEAM, clean_up_as_owner));
	CHECK_EQUAL(objects_left(), 0);
	/* Half made by the owner: a mate makes it again. */
	object_path(path, "");
	const int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
	CHECK(descriptor >= 0);
	CHECK_EQUAL(fchmod(descriptor, 0660), 0);
	CHECK_EQUAL(fchown(descriptor, OWNER, TEAM), 0);
	close(descriptor);
	join(start_as(MATE, TEAM, repair_as_a_mate));
	CHECK_EQUAL(unlink(path), 0);
}

TESTS(strangers, { "modes-do-not-depend-on-the-umask", modes_do_not_depend_on_the_umask },
		{ "a-stranger-is-not-let-in", a_stranger_is_not_let_in },
		{ "what-somebody-prepared-is-not-used", what_somebody_prepared_is_not_used },
		{ "slots-that-are-all-taken", slots_that_are_all_taken_are_an_error_at_once },
		{ "a-group-shares-a-channel", a_group_shares_a_channel });
