/*
 * What the parts of the extension module axon._axon share.
 *
 * The GIL guards every field of the objects below. A call into the library that
 * may wait stands between channel_unlock() and channel_lock(), which give the
 * GIL away and count the call, so that a close can wait for its end.
 */
#ifndef AXON_PYTHON_MODULE_H
#define AXON_PYTHON_MODULE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <string.h>

#include "axon.h"

/*
 * Calls that move at most this many bytes are tried with the GIL held and a
 * time-out of 0, which never waits: giving the GIL away costs more than they do.
 */
#define QUICK_BYTES 65536

#define STATUS_COUNT (1 - AXON_SYSTEM)

struct state {
	PyTypeObject *channel_type, *message_type, *claim_type;
	PyObject *errors[STATUS_COUNT]; /* the exception of each axon_status, negated */
	PyObject *channel_not_found_error, *remote_error;
};

/* The memory that an object exports, and the memoryview it has handed out. */
struct view {
	Py_ssize_t exports;
	PyObject *reference; /* weak, because the memoryview holds its exporter */
};

struct message;
struct claim;

struct channel {
	PyObject_HEAD
	struct state *state; /* the type keeps the module alive */
	PyObject *name;
	axon_role role;
	axon_channel *handle; /* NULL once it is closed */
	uint64_t capacity;
	unsigned forks;           /* this process's when it was opened */
	unsigned calls;           /* calls under way without the GIL */
	bool closing;             /* close() was called; the last call under way finishes it */
	bool receiving;           /* a thread is in receive() without the GIL */
	bool serving;             /* serve() runs ... */
	unsigned long server;     /* ... in this thread, which alone receives */
	PyThread_type_lock ended; /* held until the close is finished */
	struct message *held;     /* all messages that are not done with; borrowed */
	struct message *current;  /* the received one among them */
	struct claim *claim;      /* the open one; borrowed */
	bool orphan;              /* a claim ended on a thread that may not end it */
	PyObject *interrupts;     /* a set with the identifiers of threads whose waits are to end, or NULL */
};

struct message {
	PyObject_HEAD
	struct channel *channel;
	axon_message record;
	PyObject *tag, *metadata; /* metadata: bytes or NULL */
	struct view view;
	bool held;                    /* in channel->held */
	bool answered;                /* a reply was sent */
	struct message *previous, *next;
};

struct claim {
	PyObject_HEAD
	struct channel *channel;
	struct message *request; /* that it answers, or NULL */
	PyObject *tag, *metadata; /* metadata: bytes or NULL */
	int64_t timeout;
	Py_ssize_t length;
	void *payload;  /* NULL when the claim is not open */
	bool abandoned; /* left while its memory was exported */
	struct view view;
};

/* The arguments of a METH_FASTCALL | METH_KEYWORDS function, by name. */
struct signature {
	const char *function;
	Py_ssize_t required, positional, count; /* the first ones are required, may be positional; all of them */
	const char *names[4];
};

/* What is to be sent; borrows from the arguments until outgoing_clear(). */
struct outgoing {
	axon_header header;
	Py_buffer payload, metadata; /* obj is NULL when there is none */
	int64_t timeout;
};

extern PyType_Spec channel_spec, message_spec, claim_spec;

/* properties.c */
extern PyGetSetDef channel_properties[];

/* _axonmodule.c */
struct state *module_state(PyTypeObject *type);
PyObject *raise_status(struct state *state, int status); /* sets the exception of a failed call, returns NULL */
PyObject *refuse_new(PyTypeObject *type, PyObject *args, PyObject *kwargs);

/* arguments.c: 0, or -1 with an exception set */
int parse_arguments(const struct signature *signature, PyObject *const *args, Py_ssize_t count, PyObject *keywords,
		PyObject **values);
int timeout_from(PyObject *value, int64_t *timeout); /* seconds or None; NULL changes nothing */
int size_from(PyObject *value, void *size);          /* 1 or 0, as an O& converter of a Py_ssize_t */
int tag_from(PyObject *value, axon_header *header);
int outgoing_from(struct outgoing *out, struct channel *channel, PyObject *tag, PyObject *payload, PyObject *metadata,
		PyObject *timeout); /* and the channel is usable; a reply has no tag of its own */
void outgoing_clear(struct outgoing *out);

/* view.c */
PyObject *view_of(struct view *view, PyObject *exporter);
int view_end(struct view *view, const char *what, PyObject *tag); /* -1 and BufferError while something exports it */

/* calls.c */
int calls_init(void);                                 /* 0, or -1 with an exception set */
unsigned channel_forks(void);                         /* this process's, for a channel that it opens */
int channel_usable(struct channel *self);             /* 0, or -1 and ChannelClosedError */
int channel_sendable(struct channel *self);           /* the same, before anything is sent */
bool channel_inherited(const struct channel *self);   /* it is the parent process's */
void channel_unlock(struct channel *self);
void channel_lock(struct channel *self);
int channel_interrupted(void *channel);                   /* axon_options.interrupted */
PyObject *channel_fail(struct channel *self, int status); /* as raise_status(), after a call on this channel */
void channel_end(struct channel *self);                   /* closes it once its last call is over */

/* message.c */
PyObject *message_new(struct channel *channel, const axon_message *record);
int message_release(struct message *self);
void message_forget(struct message *self);

/* claim.c */
int claim_forget(struct claim *self); /* for a channel that ends; -1 and BufferError while something exports it */
PyObject *claim_new(struct channel *channel, struct message *request, PyObject *tag, PyObject *length,
		PyObject *metadata, PyObject *timeout);

#endif
