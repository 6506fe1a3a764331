/* A channel: opening, sending, receiving, requests, closing. */
#include "module.h"

#include <structmember.h>

#define BOUNDED_WAIT 50000000 /* nanoseconds: Ctrl-C is answered within a tenth of a second on any thread's behalf */

static int role_from(const char *text, axon_role *role)
{
	if (strcmp(text, "server") == 0)
		*role = AXON_SERVER;
	else if (strcmp(text, "client") == 0)
		*role = AXON_CLIENT;
	else {
		PyErr_Format(PyExc_ValueError, "a role is 'server' or 'client', not '%s'", text);
		return -1;
	}
	return 0;
}

/* Fills in the name and the options; 0, or -1 with an exception set. */
static int channel_options(PyObject *args, PyObject *kwargs, const char **name, axon_options *options,
		PyObject **interrupts)
{
	static char *names[] = {"name", "role", "capacity", "max_message", "large_memory", "open_timeout", "send_timeout",
		"request_timeout", "spin", "group", "_interrupts", NULL};
	const char *role = "client";
	Py_ssize_t capacity = (Py_ssize_t)options->capacity;
	Py_ssize_t max_message = (Py_ssize_t)options->max_message;
	Py_ssize_t large_memory = (Py_ssize_t)options->large_memory;
	PyObject *open_timeout = NULL, *send_timeout = NULL, *request_timeout = NULL, *spin = Py_None;
	int group = 0;
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "s|$sO&O&O&OOOOpO!:Channel", names, name, &role, size_from, &capacity,
				size_from, &max_message, size_from, &large_memory, &open_timeout, &send_timeout, &request_timeout,
				&spin, &group, &PySet_Type, interrupts) ||
			role_from(role, &options->role) < 0 || timeout_from(open_timeout, &options->open_timeout) < 0 ||
			timeout_from(send_timeout, &options->send_timeout) < 0 ||
			timeout_from(request_timeout, &options->request_timeout) < 0 ||
			(spin != Py_None && timeout_from(spin, &options->spin) < 0))
		return -1;
	options->capacity = (uint64_t)capacity;
	options->max_message = (uint64_t)max_message;
	options->large_memory = (uint64_t)large_memory;
	options->group = group;
	options->bounded_wait = BOUNDED_WAIT;
	return 0;
}

static PyObject *channel_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	const char *name;
	axon_options options;
	axon_options_init(&options);
	PyObject *interrupts = NULL;
	if (channel_options(args, kwargs, &name, &options, &interrupts) < 0)
		return NULL;
	allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
	struct channel *self = (struct channel *)allocate(type, 0);
	if (self == NULL)
		return NULL;
	self->state = module_state(type);
	self->role = options.role;
	self->forks = channel_forks();
	Py_XINCREF(interrupts);
	self->interrupts = interrupts;
	self->name = PyUnicode_FromString(name);
	self->ended = PyThread_allocate_lock();
	if (self->name == NULL || self->ended == NULL) {
		Py_DECREF(self);
		return PyErr_Occurred() ? NULL : PyErr_NoMemory();
	}
	PyThread_acquire_lock(self->ended, WAIT_LOCK);
	options.interrupted = channel_interrupted;
	options.interrupt_context = self;
	channel_unlock(self);
	int status = axon_open(&self->handle, name, &options);
	channel_lock(self);
	if (status < 0) {
		if (status == AXON_TIMEOUT && !PyErr_Occurred())
			PyErr_SetString(self->state->channel_not_found_error, axon_last_error());
		raise_status(self->state, status);
		self->handle = NULL;
		Py_DECREF(self);
		return NULL;
	}
	self->capacity = axon_capacity(self->handle);
	return (PyObject *)self;
}

static void channel_dealloc(struct channel *self)
{
	PyTypeObject *type = Py_TYPE((PyObject *)self);
	PyObject *error_type, *error, *traceback;
	PyErr_Fetch(&error_type, &error, &traceback);
	if (self->handle != NULL && !self->closing) {
		if (!channel_inherited(self) &&
				PyErr_ResourceWarning(NULL, 1, "channel %R was not closed", self->name) < 0)
			PyErr_WriteUnraisable(self->name);
		channel_end(self);
	}
	PyErr_Restore(error_type, error, traceback);
	if (self->ended != NULL)
		PyThread_free_lock(self->ended);
	Py_XDECREF(self->name);
	Py_XDECREF(self->interrupts);
	PyObject_Free(self);
	Py_DECREF(type);
}

/* Sends and returns the status; with the GIL as long as there is nothing to wait for. */
static int channel_transmit(struct channel *self, const struct outgoing *out)
{
	bool quick = out->payload.len <= QUICK_BYTES;
	const void *payload = out->payload.buf;
	size_t length = (size_t)out->payload.len;
	if (quick) {
		int status = axon_send_with(self->handle, &out->header, payload, length, 0);
		if (status != AXON_FULL || out->timeout == 0)
			return status;
	}
	channel_unlock(self);
	int status = axon_send_with(self->handle, &out->header, payload, length, out->timeout);
	channel_lock(self);
	return status;
}

static PyObject *channel_send(struct channel *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
	static const struct signature signature = {"send", 2, 2, 4, {"tag", "buffer", "metadata", "timeout"}};
	PyObject *values[4];
	struct outgoing out = {.timeout = AXON_DEFAULT_TIMEOUT};
	if (parse_arguments(&signature, args, count, keywords, values) < 0 ||
			outgoing_from(&out, self, values[0], values[1], values[2], values[3]) < 0)
		return NULL;
	int status = channel_transmit(self, &out);
	outgoing_clear(&out);
	if (status < 0)
		return channel_fail(self, status);
	Py_RETURN_NONE;
}

static PyObject *channel_try_send(struct channel *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
	static const struct signature signature = {"try_send", 2, 2, 3, {"tag", "buffer", "metadata"}};
	PyObject *values[3];
	struct outgoing out = {.timeout = 0};
	if (parse_arguments(&signature, args, count, keywords, values) < 0 ||
			outgoing_from(&out, self, values[0], values[1], values[2], NULL) < 0)
		return NULL;
	int status = channel_transmit(self, &out);
	outgoing_clear(&out);
	if (status < 0 && status != AXON_FULL)
		return channel_fail(self, status);
	return PyBool_FromLong(status >= 0);
}

static PyObject *channel_claim(struct channel *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
	static const struct signature signature = {"claim", 2, 2, 4, {"tag", "length", "metadata", "timeout"}};
	PyObject *values[4];
	if (parse_arguments(&signature, args, count, keywords, values) < 0 || channel_usable(self) < 0)
		return NULL;
	return claim_new(self, NULL, values[0], values[1], values[2], values[3]);
}

/* Returns a message, None after the time-out, or NULL. */
static PyObject *channel_take(struct channel *self, int64_t timeout)
{
	if (channel_usable(self) < 0)
		return NULL;
	if (self->receiving) {
		PyErr_SetString(PyExc_RuntimeError, "another thread receives from this channel; one does at a time");
		return NULL;
	}
	if (self->serving && self->server != PyThread_get_thread_ident())
		return PyErr_Format(PyExc_RuntimeError, "another thread serves channel %R, and receives all of it", self->name);
	if (self->current != NULL && message_release(self->current) < 0)
		return NULL;
	axon_message record;
	int status = axon_receive(self->handle, &record, 0);
	if (status == AXON_EMPTY && timeout != 0) {
		self->receiving = true;
		channel_unlock(self);
		status = axon_receive(self->handle, &record, timeout);
		channel_lock(self);
		self->receiving = false;
	}
	if (status == AXON_EMPTY)
		Py_RETURN_NONE;
	return status < 0 || self->closing ? channel_fail(self, status) : message_new(self, &record);
}

static PyObject *channel_receive(struct channel *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
	static const struct signature signature = {"receive", 0, 1, 1, {"timeout"}};
	PyObject *values[1];
	int64_t timeout = AXON_FOREVER;
	if (parse_arguments(&signature, args, count, keywords, values) < 0 || timeout_from(values[0], &timeout) < 0)
		return NULL;
	return channel_take(self, timeout);
}

static PyObject *channel_next(struct channel *self)
{
	return channel_take(self, AXON_FOREVER);
}

/* Turns an error reply into its exception and lets go of it. */
static PyObject *raise_remote(struct channel *self, const axon_message *reply)
{
	PyObject *text = PyUnicode_DecodeUTF8(reply->payload, (Py_ssize_t)reply->payload_length, "replace");
	axon_release(self->handle, reply);
	if (text != NULL)
		PyErr_SetObject(self->state->remote_error, text);
	Py_XDECREF(text);
	return NULL;
}

static PyObject *channel_request(struct channel *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
	static const struct signature signature = {"request", 2, 2, 4, {"tag", "buffer", "metadata", "timeout"}};
	PyObject *values[4];
	struct outgoing out = {.timeout = AXON_DEFAULT_TIMEOUT};
	if (parse_arguments(&signature, args, count, keywords, values) < 0 ||
			outgoing_from(&out, self, values[0], values[1], values[2], values[3]) < 0)
		return NULL;
	axon_message reply;
	channel_unlock(self);
	int status = axon_request(self->handle, &out.header, out.payload.buf, (size_t)out.payload.len, out.timeout, &reply);
	channel_lock(self);
	outgoing_clear(&out);
	if (status < 0 || self->closing)
		return channel_fail(self, status);
	return reply.error ? raise_remote(self, &reply) : message_new(self, &reply);
}

/* Answers a request that is done with: see Message._defer(). */
static PyObject *channel_reply(struct channel *self, PyObject *args)
{
	axon_message request = {0};
	const char *payload;
	Py_ssize_t tag_length, length;
	unsigned long long correlation_id;
	int error;
	if (!PyArg_ParseTuple(args, "y#Ky#p", &request.tag, &tag_length, &correlation_id, &payload, &length, &error) ||
			channel_sendable(self) < 0)
		return NULL;
	request.tag_length = (size_t)tag_length;
	request.correlation_id = correlation_id;
	channel_unlock(self);
	int status = error ? axon_reply_error(self->handle, &request, payload, AXON_DEFAULT_TIMEOUT)
			: axon_reply(self->handle, &request, payload, (size_t)length, AXON_DEFAULT_TIMEOUT);
	channel_lock(self);
	if (status < 0)
		return channel_fail(self, status);
	Py_RETURN_NONE;
}

/* Waits for something to receive, and takes nothing. */
static PyObject *channel_await(struct channel *self, PyObject *unused)
{
	(void)unused;
	if (channel_usable(self) < 0)
		return NULL;
	channel_unlock(self);
	int status = axon_await(self->handle, AXON_FOREVER);
	channel_lock(self);
	if (status < 0)
		return channel_fail(self, status);
	Py_RETURN_NONE;
}

/* Has the waits of other threads look at _interrupts. */
static PyObject *channel_wake(struct channel *self, PyObject *unused)
{
	(void)unused;
	if (!self->closing && !channel_inherited(self))
		axon_wake(self->handle);
	Py_RETURN_NONE;
}

static PyObject *channel_close(struct channel *self, PyObject *unused)
{
	(void)unused;
	if (self->closing)
		Py_RETURN_NONE;
	if (self->claim != NULL && !channel_inherited(self)) {
		PyErr_Format(PyExc_BufferError, "channel %R has an open claim: leave it first", self->name);
		return NULL;
	}
	/* A child cannot send the claim that its parent is filling: all there is to end is the memory. */
	if (self->claim != NULL && claim_forget(self->claim) < 0)
		return NULL;
	/* Nothing may be let go of before it is known that everything can be. */
	struct message *next;
	for (struct message *message = self->held; message != NULL; message = next) {
		Py_INCREF((PyObject *)message); /* its memoryview may be all that keeps it alive */
		int result = view_end(&message->view, "message", message->tag);
		next = message->next;
		Py_DECREF(message);
		if (result < 0)
			return NULL;
	}
	while (self->held != NULL)
		message_forget(self->held);
	channel_end(self);
	Py_RETURN_NONE;
}

/* What is under way counts for more than what keeps a payload in use, which its traceback may well do. */
static PyObject *channel_exit(struct channel *self, PyObject *args)
{
	PyObject *type, *value, *traceback;
	if (!PyArg_ParseTuple(args, "OOO", &type, &value, &traceback))
		return NULL;
	PyObject *result = channel_close(self, NULL);
	if (result != NULL || type == Py_None || !PyErr_ExceptionMatches(PyExc_BufferError))
		return result;
	PyErr_Clear();
	Py_RETURN_NONE;
}

/* The loop is Python: what it calls is, and takes longer. */
static PyObject *channel_serve(struct channel *self, PyObject *handlers)
{
	if (channel_usable(self) < 0)
		return NULL;
	if (self->serving || self->receiving)
		return PyErr_Format(PyExc_RuntimeError, "channel %R is served or received from already; one does at a time",
				self->name);
	PyObject *module = PyImport_ImportModule("axon.handlers");
	if (module == NULL)
		return NULL;
	self->serving = true;
	self->server = PyThread_get_thread_ident();
	PyObject *result = PyObject_CallMethod(module, "serve", "OO", self, handlers);
	self->serving = false;
	Py_DECREF(module);
	return result;
}

static PyObject *channel_enter(struct channel *self, PyObject *unused)
{
	(void)unused;
	if (channel_usable(self) < 0)
		return NULL;
	Py_INCREF((PyObject *)self);
	return (PyObject *)self;
}

static PyObject *channel_repr(struct channel *self)
{
	return PyUnicode_FromFormat("<axon.Channel %R, %s%s>", self->name,
			self->role == AXON_SERVER ? "server" : "client", self->closing ? ", closed" : "");
}

#define FASTCALL(function) (PyCFunction)(void (*)(void))function, METH_FASTCALL | METH_KEYWORDS

static PyMethodDef channel_methods[] = {
	{"send", FASTCALL(channel_send),
		PyDoc_STR("send($self, tag, buffer, *, metadata=None, timeout=...)\n--\n\n"
				"Send a copy of the buffer, which is any C-contiguous bytes-like object.\n\n"
				"Wait for room when the ring is full; SendTimeoutError after the time-out, which is\n"
				"the channel's unless it is given.")},
	{"try_send", FASTCALL(channel_try_send),
		PyDoc_STR("try_send($self, tag, buffer, *, metadata=None)\n--\n\n"
				"Send as send() does and return True, or False when there is no room now.")},
	{"claim", FASTCALL(channel_claim),
		PyDoc_STR("claim($self, tag, length, *, metadata=None, timeout=...)\n--\n\n"
				"Return a context manager that gives a writable memoryview of shared memory.\n\n"
				"The message is sent at the end of a with statement and dropped at an exception.\n"
				"While anything made of the memoryview lives at the end, BufferError is raised and\n"
				"nothing is sent. Until the end, other threads' sends wait. A claim belongs to its thread:\n"
				"when that ends with the claim open, or before what still used its memory is gone, nothing\n"
				"can be sent until the channel is closed and opened again.")},
	{"receive", FASTCALL(channel_receive),
		PyDoc_STR("receive($self, timeout=None)\n--\n\n"
				"Return the next message, or None when none came within the time-out.\n\n"
				"The message taken before is released. One thread receives at a time, and none but\n"
				"that of serve() while it runs: RuntimeError.")},
	{"request", FASTCALL(channel_request),
		PyDoc_STR("request($self, tag, buffer, *, metadata=None, timeout=...)\n--\n\n"
				"Send a request and return the reply, a message that is to be released.\n\n"
				"Raise RemoteError for an error reply, RequestTimeoutError and PeerDiedError for none.")},
	{"serve", (PyCFunction)(void (*)(void))channel_serve, METH_O,
		PyDoc_STR("serve($self, handlers, /)\n--\n\n"
				"Receive for ever and call the function of each message's tag: a dict {tag: function},\n"
				"or Handlers.\n\n"
				"A tag that ends in * is a pattern. What a function returns, any C-contiguous bytes-like\n"
				"object, is the reply to a request; None is an empty reply. An exception is logged (the\n"
				"logger 'axon') and is the error reply to a request, its type's name first; the loop goes\n"
				"on. So does it after a tag without a function, a request with which gets an error reply.\n"
				"A reply that finds no room is copied and sent by a thread while the loop goes on.\n"
				"The message is released when its function has returned; BufferError ends the loop when\n"
				"something made of its payload was kept. Return when the channel is closed, by a function\n"
				"or another thread. What is no Exception, KeyboardInterrupt or SystemExit, ends the loop and\n"
				"is raised.")},
	{"close", (PyCFunction)(void (*)(void))channel_close, METH_NOARGS,
		PyDoc_STR("close($self)\n--\n\n"
				"Close the channel; nothing when it is closed. Messages in hand are acknowledged.\n\n"
				"Other threads' calls end with ChannelClosedError. Raise BufferError, and close\n"
				"nothing, while a payload is in use or a claim is open.")},
	{"_reply", (PyCFunction)(void (*)(void))channel_reply, METH_VARARGS, NULL},
	{"_await", (PyCFunction)(void (*)(void))channel_await, METH_NOARGS, NULL},
	{"_wake", (PyCFunction)(void (*)(void))channel_wake, METH_NOARGS, NULL},
	{"__enter__", (PyCFunction)(void (*)(void))channel_enter, METH_NOARGS, NULL},
	{"__exit__", (PyCFunction)(void (*)(void))channel_exit, METH_VARARGS, NULL},
	{NULL, NULL, 0, NULL}};

static PyMemberDef channel_members[] = {
	{"name", T_OBJECT, offsetof(struct channel, name), READONLY, PyDoc_STR("The channel's name.")},
	{"capacity", T_ULONGLONG, offsetof(struct channel, capacity), READONLY, PyDoc_STR("Bytes of each ring.")},
	{NULL, 0, 0, 0, NULL}};

static PyType_Slot channel_slots[] = {
	{Py_tp_doc, PyDoc_STR("One end of a channel, made by axon.open().\n\n"
			"Close it, or use it in a with statement. Iterating receives for ever. Threads may\n"
			"share it, but one at a time receives. A forked child has no channel.")},
	{Py_tp_new, channel_new},
	{Py_tp_dealloc, channel_dealloc},
	{Py_tp_repr, channel_repr},
	{Py_tp_iter, PyObject_SelfIter},
	{Py_tp_iternext, channel_next},
	{Py_tp_methods, channel_methods},
	{Py_tp_members, channel_members},
	{Py_tp_getset, channel_properties},
	{0, NULL}};

PyType_Spec channel_spec = {"axon.Channel", sizeof(struct channel), 0, Py_TPFLAGS_DEFAULT, channel_slots};
