#include "module.h"

static int bind_keyword(const struct signature *signature, PyObject *name, PyObject *value, PyObject **values)
{
	for (Py_ssize_t i = 0; i < signature->count; i++) {
		if (PyUnicode_CompareWithASCIIString(name, signature->names[i]) != 0)
			continue;
		if (values[i] != NULL) {
			PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'", signature->function, name);
			return -1;
		}
		values[i] = value;
		return 0;
	}
	PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", signature->function, name);
	return -1;
}

int parse_arguments(const struct signature *signature, PyObject *const *args, Py_ssize_t count, PyObject *keywords,
		PyObject **values)
{
	if (count > signature->positional) {
		PyErr_Format(PyExc_TypeError, "%s() takes at most %zd positional arguments (%zd given)", signature->function,
				signature->positional, count);
		return -1;
	}
	for (Py_ssize_t i = 0; i < signature->count; i++)
		values[i] = i < count ? args[i] : NULL;
	Py_ssize_t named = keywords == NULL ? 0 : PyTuple_Size(keywords);
	for (Py_ssize_t i = 0; i < named; i++) {
		if (bind_keyword(signature, PyTuple_GetItem(keywords, i), args[count + i], values) < 0)
			return -1;
	}
	for (Py_ssize_t i = 0; i < signature->required; i++) {
		if (values[i] == NULL) {
			PyErr_Format(PyExc_TypeError, "%s() missing required argument '%s'", signature->function,
					signature->names[i]);
			return -1;
		}
	}
	return 0;
}

int timeout_from(PyObject *value, int64_t *timeout)
{
	if (value == NULL)
		return 0;
	if (value == Py_None) {
		*timeout = AXON_FOREVER;
		return 0;
	}
	double seconds = PyFloat_AsDouble(value);
	if (seconds == -1.0 && PyErr_Occurred())
		return -1;
	if (!(seconds >= 0.0)) {
		PyErr_Format(PyExc_ValueError, "a time is a number of seconds from 0 up or None, not %R", value);
		return -1;
	}
	*timeout = seconds < 9e9 ? (int64_t)(seconds * 1e9) : AXON_FOREVER;
	return 0;
}

int size_from(PyObject *value, void *size)
{
	Py_ssize_t bytes = PyNumber_AsSsize_t(value, PyExc_ValueError);
	if (bytes == -1 && PyErr_Occurred())
		return 0;
	if (bytes < 0) {
		PyErr_Format(PyExc_ValueError, "a size is a number of bytes from 0 up, not %zd", bytes);
		return 0;
	}
	*(Py_ssize_t *)size = bytes;
	return 1;
}

int tag_from(PyObject *value, axon_header *header)
{
	if (!PyUnicode_Check(value)) {
		PyErr_Format(PyExc_TypeError, "a tag is a str, not %R", (PyObject *)Py_TYPE(value));
		return -1;
	}
	Py_ssize_t length;
	header->tag = PyUnicode_AsUTF8AndSize(value, &length);
	if (header->tag == NULL)
		return -1;
	if (length < 1 || length > AXON_TAG_MAX) {
		PyErr_Format(PyExc_ValueError, "a tag has 1 to %d bytes of UTF-8, not %zd", AXON_TAG_MAX, length);
		return -1;
	}
	header->tag_length = (size_t)length;
	return 0;
}

int outgoing_from(struct outgoing *out, struct channel *channel, PyObject *tag, PyObject *payload, PyObject *metadata,
		PyObject *timeout)
{
	memset(&out->header, 0, sizeof out->header);
	out->payload.obj = NULL;
	out->metadata.obj = NULL;
	if (timeout_from(timeout, &out->timeout) < 0 || (tag != NULL && tag_from(tag, &out->header) < 0) ||
			PyObject_GetBuffer(payload, &out->payload, PyBUF_SIMPLE) < 0)
		return -1;
	bool has_metadata = metadata != NULL && metadata != Py_None;
	/* The channel comes last: arguments may be objects whose Python code closes it. */
	if ((has_metadata && PyObject_GetBuffer(metadata, &out->metadata, PyBUF_SIMPLE) < 0) ||
			channel_sendable(channel) < 0) {
		outgoing_clear(out);
		return -1;
	}
	if (has_metadata) {
		out->header.metadata = out->metadata.buf;
		out->header.metadata_length = (size_t)out->metadata.len;
	}
	return 0;
}

void outgoing_clear(struct outgoing *out)
{
	PyBuffer_Release(&out->payload);
	PyBuffer_Release(&out->metadata);
}
