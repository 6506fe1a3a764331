/* What a channel tells about itself. */
#include "module.h"

#include <stddef.h>

static PyObject *channel_role(struct channel *self, void *closure)
{
	(void)closure;
	return PyUnicode_FromString(self->role == AXON_SERVER ? "server" : "client");
}

static PyObject *channel_closed(struct channel *self, void *closure)
{
	(void)closure;
	return PyBool_FromLong(self->closing || channel_inherited(self));
}

static PyObject *channel_peer_alive(struct channel *self, void *closure)
{
	(void)closure;
	if (channel_usable(self) < 0)
		return NULL;
	int status = axon_peer_alive(self->handle);
	return status < 0 ? channel_fail(self, status) : PyBool_FromLong(status);
}

#define COUNTER(field) {#field, offsetof(axon_counters, field)}

static PyObject *channel_counters(struct channel *self, void *closure)
{
	static const struct {
		const char *name;
		size_t offset;
	} fields[] = {COUNTER(messages_sent), COUNTER(bytes_sent), COUNTER(messages_received), COUNTER(bytes_received),
		COUNTER(sends_blocked), COUNTER(wakeups), COUNTER(parks), COUNTER(redelivered), COUNTER(replies_dropped)};
	(void)closure;
	if (channel_usable(self) < 0)
		return NULL;
	axon_counters counters;
	axon_get_counters(self->handle, &counters);
	PyObject *result = PyDict_New();
	for (size_t i = 0; result != NULL && i < sizeof fields / sizeof *fields; i++) {
		PyObject *value = PyLong_FromUnsignedLongLong(*(uint64_t *)((char *)&counters + fields[i].offset));
		if (value == NULL || PyDict_SetItemString(result, fields[i].name, value) < 0)
			Py_CLEAR(result);
		Py_XDECREF(value);
	}
	return result;
}

PyGetSetDef channel_properties[] = {
	{"role", (getter)channel_role, NULL, PyDoc_STR("'server' or 'client'."), NULL},
	{"closed", (getter)channel_closed, NULL, PyDoc_STR("Whether the channel can no longer be used."), NULL},
	{"peer_alive", (getter)channel_peer_alive, NULL,
		PyDoc_STR("Whether a process holds the other role; a system call."), NULL},
	{"counters", (getter)channel_counters, NULL,
		PyDoc_STR("What has happened since the channel was opened, as a dict of numbers."), NULL},
	{NULL, NULL, NULL, NULL, NULL}};
