/* A received message or a reply: the record stays in the ring until it is done with. */
#include "module.h"

#include <structmember.h>

PyObject *message_new(struct channel *channel, const axon_message *record)
{
	struct message *self = PyObject_New(struct message, channel->state->message_type);
	if (self == NULL)
		return NULL;
	Py_INCREF((PyObject *)channel);
	self->channel = channel;
	self->record = *record;
	self->view = (struct view){0, NULL};
	self->metadata = NULL;
	self->tag = PyUnicode_DecodeUTF8(record->tag, (Py_ssize_t)record->tag_length, "replace");
	if (record->metadata != NULL)
		self->metadata = PyBytes_FromStringAndSize(record->metadata, (Py_ssize_t)record->metadata_length);
	self->held = true;
	self->answered = false;
	self->previous = NULL;
	self->next = channel->held;
	if (self->next != NULL)
		self->next->previous = self;
	channel->held = self;
	if (!record->reply)
		channel->current = self;
	if (self->tag == NULL || (record->metadata != NULL && self->metadata == NULL)) {
		Py_DECREF(self);
		return NULL;
	}
	return (PyObject *)self;
}

void message_forget(struct message *self)
{
	struct channel *channel = self->channel;
	self->held = false;
	if (self->next != NULL)
		self->next->previous = self->previous;
	if (self->previous != NULL)
		self->previous->next = self->next;
	else
		channel->held = self->next;
	if (channel->current == self)
		channel->current = NULL;
}

int message_release(struct message *self)
{
	if (!self->held)
		return 0;
	struct channel *channel = self->channel;
	int status = AXON_OK;
	Py_INCREF((PyObject *)self); /* its memoryview may be all that keeps it alive */
	int result = view_end(&self->view, "message", self->tag);
	if (result == 0) {
		message_forget(self);
		if (!channel_inherited(channel))
			status = axon_release(channel->handle, &self->record);
	}
	if (status < 0) {
		channel_fail(channel, status);
		result = -1;
	}
	Py_DECREF(self);
	return result;
}

/* A reply must be given back; a received message waits for the next receive. */
static void message_dealloc(struct message *self)
{
	PyTypeObject *type = Py_TYPE((PyObject *)self);
	struct channel *channel = self->channel;
	if (self->held) {
		message_forget(self);
		if (self->record.reply && !channel_inherited(channel))
			axon_release(channel->handle, &self->record);
	}
	Py_XDECREF(self->view.reference);
	Py_XDECREF(self->tag);
	Py_XDECREF(self->metadata);
	Py_DECREF(channel);
	PyObject_Free(self);
	Py_DECREF(type);
}

static int message_usable(struct message *self)
{
	if (channel_usable(self->channel) < 0)
		return -1;
	if (self->held)
		return 0;
	PyErr_Format(PyExc_ValueError, "message %R has been released", self->tag);
	return -1;
}

static int message_getbuffer(struct message *self, Py_buffer *buffer, int flags)
{
	buffer->obj = NULL;
	if (message_usable(self) < 0)
		return -1;
	if (PyBuffer_FillInfo(buffer, (PyObject *)self, (void *)self->record.payload,
			(Py_ssize_t)self->record.payload_length, 1, flags) < 0)
		return -1;
	self->view.exports++;
	return 0;
}

static void message_releasebuffer(struct message *self, Py_buffer *buffer)
{
	(void)buffer;
	self->view.exports--;
}

static PyObject *message_payload(struct message *self, void *closure)
{
	(void)closure;
	return message_usable(self) < 0 ? NULL : view_of(&self->view, (PyObject *)self);
}

static bool is_request(const struct message *self)
{
	return self->record.correlation_id != 0 && !self->record.reply;
}

static PyObject *message_is_request(struct message *self, void *closure)
{
	(void)closure;
	return PyBool_FromLong(is_request(self));
}

static PyObject *message_redelivered(struct message *self, void *closure)
{
	(void)closure;
	return PyBool_FromLong(self->record.deliveries > 1);
}

/* Other threads may end the message while an answer waits for room, so the answer has its own copy. */
static axon_message message_question(const struct message *self, char *tag)
{
	axon_message request = self->record;
	memcpy(tag, request.tag, request.tag_length);
	request.tag = tag;
	return request;
}

static PyObject *message_reply(struct message *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
	static const struct signature signature = {"reply", 1, 1, 2, {"buffer", "timeout"}};
	PyObject *values[2];
	struct outgoing out = {.timeout = AXON_DEFAULT_TIMEOUT};
	struct channel *channel = self->channel;
	if (parse_arguments(&signature, args, count, keywords, values) < 0 ||
			outgoing_from(&out, channel, NULL, values[0], NULL, values[1]) < 0)
		return NULL;
	if (message_usable(self) < 0) {
		outgoing_clear(&out);
		return NULL;
	}
	char tag[AXON_TAG_MAX];
	axon_message request = message_question(self, tag);
	int status = AXON_FULL;
	bool quick = out.payload.len <= QUICK_BYTES;
	if (quick)
		status = axon_reply(channel->handle, &request, out.payload.buf, (size_t)out.payload.len, 0);
	if (status == AXON_FULL && !(quick && out.timeout == 0)) {
		channel_unlock(channel);
		status = axon_reply(channel->handle, &request, out.payload.buf, (size_t)out.payload.len, out.timeout);
		channel_lock(channel);
	}
	outgoing_clear(&out);
	if (status < 0)
		return channel_fail(channel, status);
	self->answered = true;
	Py_RETURN_NONE;
}

static PyObject *message_reply_error(struct message *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
	static const struct signature signature = {"reply_error", 1, 1, 2, {"text", "timeout"}};
	PyObject *values[2];
	int64_t timeout = AXON_DEFAULT_TIMEOUT;
	struct channel *channel = self->channel;
	if (parse_arguments(&signature, args, count, keywords, values) < 0 || timeout_from(values[1], &timeout) < 0)
		return NULL;
	if (!PyUnicode_Check(values[0]))
		return PyErr_Format(PyExc_TypeError, "an error's text is a str, not %R", (PyObject *)Py_TYPE(values[0]));
	if (channel_sendable(channel) < 0 || message_usable(self) < 0)
		return NULL;
	PyObject *null = PyUnicode_FromStringAndSize("", 1), *mark = PyUnicode_FromString("\xef\xbf\xbd"); /* U+FFFD */
	PyObject *whole = null == NULL || mark == NULL ? NULL : PyUnicode_Replace(values[0], null, mark, -1);
	PyObject *text = whole == NULL ? NULL : PyUnicode_AsEncodedString(whole, "utf-8", "replace");
	Py_XDECREF(null);
	Py_XDECREF(mark);
	Py_XDECREF(whole);
	if (text == NULL)
		return NULL;
	char tag[AXON_TAG_MAX];
	axon_message request = message_question(self, tag);
	channel_unlock(channel);
	int status = axon_reply_error(channel->handle, &request, PyBytes_AsString(text), timeout);
	channel_lock(channel);
	Py_DECREF(text);
	if (status < 0)
		return channel_fail(channel, status);
	self->answered = true;
	Py_RETURN_NONE;
}

/* Returns the arguments of Channel._reply() for an answer that outlives the message, which counts as answered. */
static PyObject *message_defer(struct message *self, PyObject *args)
{
	Py_buffer payload;
	int error;
	if (!PyArg_ParseTuple(args, "y*p", &payload, &error))
		return NULL;
	PyObject *result = NULL;
	if (message_usable(self) == 0 && is_request(self))
		result = Py_BuildValue("(y#Ky#i)", self->record.tag, (Py_ssize_t)self->record.tag_length,
				(unsigned long long)self->record.correlation_id, payload.buf == NULL ? "" : payload.buf, payload.len, error);
	else if (!PyErr_Occurred())
		PyErr_Format(PyExc_ValueError, "message %R is no request: only a request can be answered", self->tag);
	PyBuffer_Release(&payload);
	self->answered = self->answered || result != NULL;
	return result;
}

static PyObject *message_claim(struct message *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
	static const struct signature signature = {"claim", 1, 1, 2, {"length", "timeout"}};
	PyObject *values[2];
	if (parse_arguments(&signature, args, count, keywords, values) < 0 || message_usable(self) < 0)
		return NULL;
	if (!is_request(self)) {
		PyErr_Format(PyExc_ValueError, "message %R is no request: only a request can be answered", self->tag);
		return NULL;
	}
	return claim_new(self->channel, self, self->tag, values[0], NULL, values[1]);
}

static PyObject *message_done(struct message *self, PyObject *unused)
{
	(void)unused;
	if (message_release(self) < 0)
		return NULL;
	Py_RETURN_NONE;
}

/* As channel_exit(). */
static PyObject *message_exit(struct message *self, PyObject *args)
{
	PyObject *type, *value, *traceback;
	if (!PyArg_ParseTuple(args, "OOO", &type, &value, &traceback))
		return NULL;
	PyObject *result = message_done(self, NULL);
	if (result != NULL || type == Py_None || !PyErr_ExceptionMatches(PyExc_BufferError))
		return result;
	PyErr_Clear();
	Py_RETURN_NONE;
}

static PyObject *message_enter(PyObject *self, PyObject *unused)
{
	(void)unused;
	Py_INCREF(self);
	return self;
}

static PyObject *message_repr(struct message *self)
{
	return PyUnicode_FromFormat("<axon.Message %R of %zd bytes%s>", self->tag,
			(Py_ssize_t)self->record.payload_length, self->held ? "" : ", released");
}

static PyMethodDef message_methods[] = {
	{"reply", (PyCFunction)(void (*)(void))message_reply, METH_FASTCALL | METH_KEYWORDS,
		PyDoc_STR("reply($self, buffer, *, timeout=...)\n--\n\n"
				"Answer a request with a payload; ValueError for other messages.")},
	{"reply_error", (PyCFunction)(void (*)(void))message_reply_error, METH_FASTCALL | METH_KEYWORDS,
		PyDoc_STR("reply_error($self, text, *, timeout=...)\n--\n\n"
				"Answer a request with an error, which the peer's request() raises. Null characters are\n"
				"replaced, and a text of more than an eighth of the capacity is cut.")},
	{"claim", (PyCFunction)(void (*)(void))message_claim, METH_FASTCALL | METH_KEYWORDS,
		PyDoc_STR("claim($self, length, *, timeout=...)\n--\n\n"
				"Return a context manager that gives a writable memoryview of shared memory, which\n"
				"becomes the reply to this request, as Channel.claim() does for a message.")},
	{"_defer", (PyCFunction)(void (*)(void))message_defer, METH_VARARGS, NULL},
	{"release", (PyCFunction)(void (*)(void))message_done, METH_NOARGS,
		PyDoc_STR("release($self)\n--\n\n"
				"Acknowledge the message and release its payload; nothing when that is done.\n\n"
				"Raise BufferError, and acknowledge nothing, while something made of the payload lives.")},
	{"__enter__", message_enter, METH_NOARGS, NULL},
	{"__exit__", (PyCFunction)(void (*)(void))message_exit, METH_VARARGS, NULL},
	{NULL, NULL, 0, NULL}};

static PyMemberDef message_members[] = {
	{"tag", T_OBJECT, offsetof(struct message, tag), READONLY,
		PyDoc_STR("The tag; bytes that are no UTF-8 are replaced.")},
	{"metadata", T_OBJECT, offsetof(struct message, metadata), READONLY, PyDoc_STR("The metadata, or None.")},
	{"correlation_id", T_ULONGLONG, offsetof(struct message, record.correlation_id), READONLY,
		PyDoc_STR("What ties a request and its reply together; 0 for other messages.")},
	{"answered", T_BOOL, offsetof(struct message, answered), READONLY, PyDoc_STR("Whether it was replied to.")},
	{"deliveries", T_UINT, offsetof(struct message, record.deliveries), READONLY,
		PyDoc_STR("1, or more when a process died while it handled this message.")},
	{NULL, 0, 0, 0, NULL}};

static PyGetSetDef message_properties[] = {
	{"payload", (getter)message_payload, NULL,
		PyDoc_STR("The payload in shared memory: a read-only memoryview of bytes, valid until the release."), NULL},
	{"is_request", (getter)message_is_request, NULL, PyDoc_STR("Whether the peer waits for a reply."), NULL},
	{"redelivered", (getter)message_redelivered, NULL, PyDoc_STR("Whether deliveries is more than 1."), NULL},
	{NULL, NULL, NULL, NULL, NULL}};

static PyType_Slot message_slots[] = {
	{Py_tp_doc, PyDoc_STR("A message in shared memory, until it is released.\n\n"
			"It ends with release(), at the end of a with statement, with the next receive or\n"
			"with the channel. While something exports its payload, none of these happens and\n"
			"BufferError is raised; it can be tried again.")},
	{Py_tp_new, refuse_new},
	{Py_tp_dealloc, message_dealloc},
	{Py_tp_repr, message_repr},
	{Py_tp_methods, message_methods},
	{Py_tp_members, message_members},
	{Py_tp_getset, message_properties},
	{Py_bf_getbuffer, message_getbuffer},
	{Py_bf_releasebuffer, message_releasebuffer},
	{0, NULL}};

PyType_Spec message_spec = {"axon.Message", sizeof(struct message), 0, Py_TPFLAGS_DEFAULT, message_slots};
