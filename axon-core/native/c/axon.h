/*
 * axon.h: inter-process communication between two processes on one host over
 * shared memory and named semaphores. C11 and POSIX; no other dependency. C++11
 * and later can include it. Link with -laxon; pkg-config and CMake know how.
 *
 * A channel is a named duplex link between exactly two endpoints, a server
 * and a client. Messages carry a tag of 1 to 255 bytes of UTF-8 and a payload
 * of 0 to 2147479551 bytes, and are written and read in place.
 *
 * Errors: a function returns AXON_OK (0) or a positive number, or one of the
 * negative axon_status codes. AXON_FULL and AXON_EMPTY are ordinary states,
 * not failures. axon_strerror() names a code; axon_last_error() tells, for the
 * calling thread, what happened, to which channel, with which values, and what
 * to do about it.
 *
 * Times are nanoseconds, measured on the monotonic clock. A time-out of
 * AXON_FOREVER never ends, 0 does not wait, AXON_DEFAULT_TIMEOUT takes the
 * channel's own.
 *
 * Threads: each function says which may call it. In short: any thread at any
 * time, except that axon_close() must be the last call on its channel (it wakes
 * and waits for calls that are under way), that a claim belongs to the thread
 * that made it, and that messages are received by one thread at a time.
 *
 * Signals: waits are resumed after EINTR unless the channel has an interrupt
 * hook. Only axon_wake() may be called by a signal handler.
 *
 * Fork: a forked child has no channel. Every call on an inherited one returns
 * AXON_CLOSED there, and the parent's endpoint is not kept alive by it.
 */
#ifndef AXON_H
#define AXON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define AXON_API __attribute__((visibility("default")))
#else
#define AXON_API
#endif

#define AXON_FOREVER INT64_MAX
#define AXON_DEFAULT_TIMEOUT INT64_C(-1)
#define AXON_NAME_MAX 64
#define AXON_TAG_MAX 255
#define AXON_METADATA_MAX 65535
#define AXON_PAYLOAD_MAX UINT64_C(2147479551)

typedef enum axon_status {
	AXON_OK = 0,
	AXON_FULL = -1,          /* no room in the ring within the time-out: the receiver is slower than the sender, or another send is under way */
	AXON_EMPTY = -2,         /* no message within the time-out */
	AXON_TIMEOUT = -3,       /* no reply, or no such channel, within the time-out */
	AXON_CLOSED = -4,        /* the channel was closed, or inherited through fork() */
	AXON_INVALID = -5,       /* an argument is out of range; nothing was done */
	AXON_TOO_LARGE = -6,     /* this message could never fit; nothing was done */
	AXON_ROLE_TAKEN = -7,    /* another process (or another part of this one) holds the role, or holds a channel that is to be discarded */
	AXON_NO_MEMORY = -8,     /* shared memory (or memory) is exhausted */
	AXON_ACCESS = -9,        /* owner or mode of a segment or semaphore is not as it must be */
	AXON_INCOMPATIBLE = -10, /* made by another version of the protocol or with another C library */
	AXON_CORRUPT = -11,      /* bytes in shared memory break the protocol, or names were removed; the channel is closed */
	AXON_PEER_DIED = -12,    /* the peer went away before it answered */
	AXON_INTERRUPTED = -13,  /* the interrupt hook asked to stop waiting */
	AXON_SYSTEM = -14        /* an unexpected error of a system call; axon_last_error() names it */
} axon_status;

typedef enum axon_role {
	AXON_SERVER = 0, /* creates the channel */
	AXON_CLIENT = 1  /* attaches to it */
} axon_role;

/* Settings of axon_open(). Fill with axon_options_init(), then change. */
typedef struct axon_options {
	axon_role role;           /* default AXON_CLIENT */
	uint64_t capacity;        /* bytes of each ring, 4096 to 536870912, rounded up to a power of two; default 1 MiB; server only, the creator's holds */
	uint64_t max_message;     /* largest payload in bytes, at most AXON_PAYLOAD_MAX; default 128 MiB; server only, the creator's holds */
	uint64_t large_memory;    /* bytes of shared memory for large messages, each direction, at most 1 TiB; default 256 MiB; server only, the creator's holds */
	int64_t open_timeout;     /* how long a client waits for the channel to exist; default 5 s */
	int64_t send_timeout;     /* default 5 s */
	int64_t request_timeout;  /* default 30 s */
	int64_t spin;             /* how long to spin before parking; 0 parks at once, AXON_FOREVER never parks; default 20 us. Where the peer needs the same CPU, the channel learns not to spin */
	int64_t bounded_wait;     /* longest single wait on a semaphore, and so the time in which a peer's death is noticed; default 100 ms */
	bool group;               /* mode 0660 instead of 0600: members of the process's group may join; default false */
	int (*interrupted)(void *context); /* called about every bounded_wait and on EINTR while waiting; non-zero ends the wait with AXON_INTERRUPTED; may be NULL */
	void *interrupt_context;
} axon_options;

/* What travels with a payload. Zero-initialise; only tag is required. */
typedef struct axon_header {
	const char *tag;          /* UTF-8, need not be terminated */
	size_t tag_length;        /* 1 to 255 bytes; 0: tag is a terminated string */
	const void *metadata;     /* 0 to 65535 bytes, may be NULL */
	size_t metadata_length;
	uint64_t correlation_id;  /* 0: none. Set by axon_request() and axon_reply() */
	bool reply;
	bool error;
} axon_header;

/* A received message: pointers into shared memory, valid until axon_release(). */
typedef struct axon_message {
	const char *tag;          /* not terminated */
	size_t tag_length;
	const void *metadata;     /* NULL when there is none */
	size_t metadata_length;
	const void *payload;      /* 8-byte aligned */
	size_t payload_length;    /* bytes */
	uint64_t correlation_id;  /* 0: none */
	bool reply;
	bool error;               /* the payload is the error's text */
	uint32_t deliveries;      /* 1, or more when a predecessor died while it handled this message; saturates at 63 */
	uint64_t token;           /* the library's own */
} axon_message;

/* Counters since axon_open(); each is exact, the set is not a snapshot. */
typedef struct axon_counters {
	uint64_t messages_sent, bytes_sent;         /* bytes of payload */
	uint64_t messages_received, bytes_received; /* acknowledged messages */
	uint64_t sends_blocked;                     /* sends that found the ring full */
	uint64_t wakeups;                           /* semaphore posts for the peer */
	uint64_t parks;                             /* waits on a semaphore */
	uint64_t redelivered;
	uint64_t replies_dropped;                   /* replies that nobody waited for */
} axon_counters;

typedef struct axon_channel axon_channel;

/*
 * Fills in the defaults. Not NULL.
 * Threads: any.
 */
AXON_API void axon_options_init(axon_options *options);

/*
 * Opens the channel `name` ([A-Za-z0-9][A-Za-z0-9._-]*, at most 64 characters)
 * in one role; options NULL means the defaults, and are not needed afterwards.
 * A client waits for the channel to exist, up to open_timeout. On success
 * *channel is set and must be given to axon_close(), else it is NULL.
 * Returns AXON_OK. Errors: INVALID, TIMEOUT (no such channel), ROLE_TAKEN,
 * NO_MEMORY, ACCESS, INCOMPATIBLE, CORRUPT, INTERRUPTED, SYSTEM.
 * Threads: any, also several at once.
 */
AXON_API int axon_open(axon_channel **channel, const char *name, const axon_options *options);

/*
 * Closes the channel and frees it. Wakes calls that are waiting (they return
 * AXON_CLOSED) and waits until they have returned, and with them a handler of
 * axon_serve(). A message still held is acknowledged, a claim still held is
 * aborted; their memory is gone. The last clean close of an empty channel
 * removes its names. NULL is ignored.
 * Returns AXON_OK.
 * Threads: any, once; no call may begin after it, and no handler may call it.
 */
AXON_API int axon_close(axon_channel *channel);

/*
 * Removes the channel `name`, which nobody holds, with what lies in it.
 * Returns 1 when it was removed, 0 when there was none.
 * Errors: INVALID, ROLE_TAKEN (somebody holds it), ACCESS, SYSTEM.
 * Threads: any.
 */
AXON_API int axon_discard(const char *name);

/*
 * Sends a copy of `length` bytes under a terminated tag. Waits for room up to
 * `timeout`; default: send_timeout. What was written before AXON_OK is visible
 * to whoever receives the message. payload may be NULL if length is 0.
 * Returns AXON_OK. Errors: FULL, CLOSED, INVALID, TOO_LARGE, CORRUPT,
 * INTERRUPTED, and for a large message NO_MEMORY, ACCESS, SYSTEM.
 * Threads: any; several send one after the other, and each one's in its order.
 */
AXON_API int axon_send(axon_channel *channel, const char *tag, const void *payload, size_t length, int64_t timeout);

/*
 * The same with metadata and correlation.
 * Threads: as axon_send().
 */
AXON_API int axon_send_with(axon_channel *channel, const axon_header *header, const void *payload, size_t length,
		int64_t timeout);

/*
 * Takes room for a message of `length` bytes of payload and sets *payload to
 * it: 8-byte aligned, not zeroed, writable until axon_commit() or axon_abort(),
 * which must follow on the same thread. The header is not needed afterwards.
 * One claim at a time: other threads' sends wait for it, a second claim or a
 * send of the same thread is INVALID.
 * Returns AXON_OK. Errors as axon_send().
 * Threads: any; the claim belongs to this one.
 */
AXON_API int axon_claim(axon_channel *channel, const axon_header *header, size_t length, int64_t timeout,
		void **payload);

/*
 * Makes the claimed message visible; its memory is the receiver's from here on.
 * Returns AXON_OK. Errors: INVALID (this thread has no claim), CLOSED, CORRUPT.
 * Threads: the one of the claim.
 */
AXON_API int axon_commit(axon_channel *channel);

/*
 * Gives the claimed room back; nothing was visible.
 * Returns AXON_OK. Errors as axon_commit().
 * Threads: the one of the claim.
 */
AXON_API int axon_abort(axon_channel *channel);

/*
 * Takes the next message in order and waits for one up to `timeout`; default:
 * AXON_FOREVER. The message stays in the ring, and is delivered again should
 * this process die, until axon_release(), the next axon_receive() or
 * axon_close(); until then its pointers are valid.
 * When 64 messages or more came since a look found none, a receiver
 * that spins leaves the sender alone for 5 microseconds before it looks again:
 * that makes streams up to twice as fast.
 * Replies that belong to another thread's axon_request() are left to it.
 * Returns AXON_OK. Errors: EMPTY, CLOSED, INVALID, CORRUPT, INTERRUPTED, and
 * for a large message NO_MEMORY, ACCESS, SYSTEM.
 * Threads: any, one at a time: a receive acknowledges the message of the one
 * before, whichever thread has it.
 */
AXON_API int axon_receive(axon_channel *channel, axon_message *message, int64_t timeout);

/*
 * Waits up to `timeout` for axon_receive() to have something to take, and
 * takes nothing: for event loops, one of whose threads receives while another
 * waits on its behalf.
 * Returns AXON_OK when it is worth while to look, which does not promise a
 * message; at once while a message is held. Errors as axon_receive().
 * Threads: any, and any number at a time.
 */
AXON_API int axon_await(axon_channel *channel, int64_t timeout);

/*
 * Acknowledges a message of axon_receive() or a reply of axon_request(); its
 * pointers are not valid any more.
 * Returns AXON_OK. Errors: INVALID (not held), CLOSED.
 * Threads: any.
 */
AXON_API int axon_release(axon_channel *channel, const axon_message *message);

/* What axon_serve() calls, and for which messages. */
typedef struct axon_handler {
	/* Terminated. If it ends in '*', for all tags that start with what is before. */
	const char *tag;
	/* 0 to go on; what is not 0 ends axon_serve(). The message is valid until it returns. */
	int (*handle)(axon_channel *channel, const axon_message *message, void *context);
	void *context;            /* handed to `handle` */
} axon_handler;

/*
 * Receives messages and calls for each the handler of its tag, one after the
 * other and in this thread. An exact tag goes before a pattern ("sensor.*"), a
 * longer pattern before a shorter one, and "*" takes what is left. A request
 * without a handler is answered with an error; other messages without one are
 * passed over. When the handler has returned, the message is acknowledged.
 * A handler answers a request with axon_reply() or axon_reply_error(); it may
 * call all functions but axon_receive(), axon_serve() and axon_close().
 * While a handler waits for room for its reply, nothing is received. Two ends
 * that serve and ask each other may so wait for each other, while both rings are
 * full of requests, until send_timeout, and lose the replies: let a ring have room
 * for all requests and replies under way, or try the reply with a time-out of 0
 * and, after AXON_FULL, send copies of request, tag and reply from another thread.
 * Returns what a handler returned that was not 0: by custom a positive number
 * of its own, or the negative status of a call that failed. Errors: INVALID (a
 * handler without tag or function), CLOSED (axon_close() was called: it waits
 * until this function has returned), and those of axon_receive() but EMPTY.
 * Threads: any, one at a time, as axon_receive().
 */
AXON_API int axon_serve(axon_channel *channel, const axon_handler *handlers, size_t count);

/*
 * Sends a request and waits for its reply, looking ahead of messages that were
 * not asked for; those stay for axon_receive(). Room and reply together take at
 * most `timeout` (default: request_timeout). *reply is valid until
 * axon_release(), which must follow, and may be an error (reply->error).
 * May be called while a message of axon_receive() is held.
 * Returns AXON_OK. Errors: TIMEOUT, PEER_DIED (the peer that was there at the
 * send, or came later, went away), and those of axon_send().
 * Threads: any, also several at once; each gets its own reply.
 */
AXON_API int axon_request(axon_channel *channel, const axon_header *header, const void *payload, size_t length,
		int64_t timeout, axon_message *reply);

/*
 * Answers a request that was received (INVALID for any other message), with the
 * request's tag; it must not have been released, for its tag is read. A second
 * answer is sent too, and dropped by the peer. For room: see axon_serve().
 * Returns AXON_OK. Errors as axon_send().
 * Threads: any.
 */
AXON_API int axon_reply(axon_channel *channel, const axon_message *request, const void *payload, size_t length,
		int64_t timeout);

/*
 * Answers a request with an error; `text` is terminated UTF-8, of which an
 * eighth of the ring's capacity is sent, and at most max_message bytes.
 * Returns AXON_OK. Errors as axon_send().
 * Threads: any.
 */
AXON_API int axon_reply_error(axon_channel *channel, const axon_message *request, const char *text, int64_t timeout);

/*
 * Ends this process's waits on the channel early; they look at their interrupt
 * hook and go on. A wait that begins later does not notice.
 * Threads: any, and in signal handlers.
 */
AXON_API void axon_wake(axon_channel *channel);

/*
 * Returns 1 while another process holds the other role, else 0; a system call.
 * After a 0, requests wait for the next peer. Errors: CLOSED.
 * Threads: any.
 */
AXON_API int axon_peer_alive(axon_channel *channel);

/*
 * Returns the capacity of each ring in bytes. The channel must be open, or
 * inherited through fork(); not NULL.
 * Threads: any.
 */
AXON_API uint64_t axon_capacity(const axon_channel *channel);

/*
 * Copies the counters. The channel must be open, or inherited through fork();
 * not NULL.
 * Threads: any, while others count on.
 */
AXON_API void axon_get_counters(const axon_channel *channel, axon_counters *counters);

/*
 * Returns a short English name of a status code; never NULL, never to be freed.
 * Threads: any.
 */
AXON_API const char *axon_strerror(int status);

/*
 * Returns what went wrong in this thread's last failed call; valid until its
 * next call; never NULL, never to be freed.
 * Threads: any; each has a text of its own.
 */
AXON_API const char *axon_last_error(void);

#ifdef __cplusplus
}
#endif

#endif
