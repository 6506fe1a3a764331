/* Room in shared memory, filled by the user: committed at a clean exit of its with statement. */
#include "module.h"

PyObject *claim_new(struct channel *channel, struct message *request, PyObject *tag, PyObject *length,
		PyObject *metadata, PyObject *timeout)
{
	axon_header header;
	Py_ssize_t bytes;
	int64_t wait = AXON_DEFAULT_TIMEOUT;
	if (tag_from(tag, &header) < 0 || !size_from(length, &bytes) || timeout_from(timeout, &wait) < 0)
		return NULL;
	PyObject *copy = NULL;
	if (metadata != NULL && metadata != Py_None && (copy = PyBytes_FromObject(metadata)) == NULL)
		return NULL;
	struct claim *self = PyObject_New(struct claim, channel->state->claim_type);
	if (self == NULL) {
		Py_XDECREF(copy);
		return NULL;
	}
	Py_INCREF((PyObject *)channel);
	self->channel = channel;
	Py_XINCREF((PyObject *)request);
	self->request = request;
	Py_INCREF(tag);
	self->tag = tag;
	self->metadata = copy;
	self->timeout = wait;
	self->length = bytes;
	self->payload = NULL;
	self->view = (struct view){0, NULL};
	return (PyObject *)self;
}

/* The library wants the claim's own thread for this; that thread's next call does what another could not. */
static int claim_end(struct claim *self, int (*end)(axon_channel *))
{
	struct channel *channel = self->channel;
	self->payload = NULL;
	channel->claim = NULL;
	int status = end(channel->handle);
	channel->orphan = status == AXON_INVALID;
	return status;
}

int claim_forget(struct claim *self)
{
	Py_INCREF((PyObject *)self); /* its memoryview may be all that keeps it alive */
	int result = view_end(&self->view, "claim", self->tag);
	if (result == 0) {
		self->payload = NULL;
		self->channel->claim = NULL;
	}
	Py_DECREF((PyObject *)self);
	return result;
}

static void claim_dealloc(struct claim *self)
{
	PyTypeObject *type = Py_TYPE((PyObject *)self);
	if (self->payload != NULL)
		claim_end(self, axon_abort);
	Py_XDECREF(self->view.reference);
	Py_XDECREF((PyObject *)self->request);
	Py_DECREF(self->tag);
	Py_XDECREF(self->metadata);
	Py_DECREF(self->channel);
	PyObject_Free(self);
	Py_DECREF(type);
}

static int claim_getbuffer(struct claim *self, Py_buffer *buffer, int flags)
{
	buffer->obj = NULL;
	if (self->payload == NULL || self->abandoned) {
		PyErr_SetString(PyExc_BufferError, "a claim has memory only within its with statement");
		return -1;
	}
	if (PyBuffer_FillInfo(buffer, (PyObject *)self, self->payload, self->length, 0, flags) < 0)
		return -1;
	self->view.exports++;
	return 0;
}

static void claim_releasebuffer(struct claim *self, Py_buffer *buffer)
{
	(void)buffer;
	self->view.exports--;
	if (self->view.exports == 0 && self->abandoned && self->payload != NULL)
		claim_end(self, axon_abort);
}

static PyObject *claim_enter(struct claim *self, PyObject *unused)
{
	(void)unused;
	struct channel *channel = self->channel;
	if (channel_sendable(channel) < 0)
		return NULL;
	if (self->payload != NULL) {
		PyErr_SetString(PyExc_ValueError, "the claim is open already");
		return NULL;
	}
	axon_header header = {0};
	if (tag_from(self->tag, &header) < 0)
		return NULL;
	if (self->metadata != NULL) {
		header.metadata = PyBytes_AsString(self->metadata);
		header.metadata_length = (size_t)PyBytes_Size(self->metadata);
	}
	if (self->request != NULL) {
		header.correlation_id = self->request->record.correlation_id;
		header.reply = true;
	}
	void *payload;
	int status = AXON_FULL;
	bool quick = self->length <= QUICK_BYTES;
	if (quick)
		status = axon_claim(channel->handle, &header, (size_t)self->length, 0, &payload);
	if (status == AXON_FULL && !(quick && self->timeout == 0)) {
		channel_unlock(channel);
		status = axon_claim(channel->handle, &header, (size_t)self->length, self->timeout, &payload);
		channel_lock(channel);
	}
	if (status < 0 || channel->closing)
		return channel_fail(channel, status);
	self->payload = payload;
	self->abandoned = false;
	channel->claim = self;
	PyObject *view = view_of(&self->view, (PyObject *)self);
	if (view == NULL)
		claim_end(self, axon_abort);
	return view;
}

/*
 * Memory that can still be written must not become part of a message, nor of
 * the next one: the claim is given up, but its room only when nobody exports it.
 */
static PyObject *claim_exit(struct claim *self, PyObject *args)
{
	PyObject *type, *value, *traceback;
	if (!PyArg_ParseTuple(args, "OOO", &type, &value, &traceback))
		return NULL;
	if (self->payload == NULL) {
		if (type != Py_None)
			Py_RETURN_NONE;
		if (channel_usable(self->channel) == 0)
			PyErr_SetString(PyExc_ValueError, "the claim is not open");
		return NULL;
	}
	if (view_end(&self->view, "claim", self->tag) < 0) {
		self->abandoned = true;
		if (type == Py_None)
			return NULL;
		PyErr_Clear(); /* the traceback of what happened inside may well be what keeps the memory in use */
		Py_RETURN_NONE;
	}
	int status = claim_end(self, type == Py_None ? axon_commit : axon_abort);
	if (status < 0 && type == Py_None)
		return channel_fail(self->channel, status);
	if (self->request != NULL && type == Py_None)
		self->request->answered = true;
	Py_RETURN_NONE;
}

static PyMethodDef claim_methods[] = {
	{"__enter__", (PyCFunction)(void (*)(void))claim_enter, METH_NOARGS, NULL},
	{"__exit__", (PyCFunction)(void (*)(void))claim_exit, METH_VARARGS, NULL},
	{NULL, NULL, 0, NULL}};

static PyType_Slot claim_slots[] = {
	{Py_tp_doc, PyDoc_STR("Room for one message, taken at the start of a with statement.")},
	{Py_tp_new, refuse_new},
	{Py_tp_dealloc, claim_dealloc},
	{Py_tp_methods, claim_methods},
	{Py_bf_getbuffer, claim_getbuffer},
	{Py_bf_releasebuffer, claim_releasebuffer},
	{0, NULL}};

PyType_Spec claim_spec = {"axon.Claim", sizeof(struct claim), 0, Py_TPFLAGS_DEFAULT, claim_slots};
