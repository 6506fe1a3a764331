/*
 * axon._axon: the C library as Python types. Written for heap types, module
 * state and multi-phase initialisation, so that several interpreters can load it.
 */
#include "module.h"

static struct PyModuleDef module_definition;

/* The exceptions of axon.errors; bad arguments are Python's ValueError. */
static const char *const error_names[STATUS_COUNT] = {
	[-AXON_FULL] = "SendTimeoutError",
	[-AXON_EMPTY] = "AxonError",
	[-AXON_TIMEOUT] = "RequestTimeoutError",
	[-AXON_CLOSED] = "ChannelClosedError",
	[-AXON_ROLE_TAKEN] = "RoleTakenError",
	[-AXON_NO_MEMORY] = "OutOfMemoryError",
	[-AXON_ACCESS] = "AccessError",
	[-AXON_INCOMPATIBLE] = "IncompatibleChannelError",
	[-AXON_CORRUPT] = "CorruptChannelError",
	[-AXON_PEER_DIED] = "PeerDiedError",
	[-AXON_INTERRUPTED] = "AxonError",
	[-AXON_SYSTEM] = "AxonError",
};

struct state *module_state(PyTypeObject *type)
{
	return PyType_GetModuleState(type);
}

PyObject *raise_status(struct state *state, int status)
{
	/* A signal handler's exception is why the wait was interrupted. */
	if (PyErr_Occurred())
		return NULL;
	PyObject *error = status < 0 && status > -STATUS_COUNT ? state->errors[-status] : PyExc_SystemError;
	const char *text = axon_last_error();
	PyErr_SetString(error, *text != '\0' ? text : axon_strerror(status));
	return NULL;
}

PyObject *refuse_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	(void)args;
	(void)kwargs;
	return PyErr_Format(PyExc_TypeError, "%R objects are made by a channel's methods", (PyObject *)type);
}

static PyObject *discard(PyObject *module, PyObject *name)
{
	if (!PyUnicode_Check(name))
		return PyErr_Format(PyExc_TypeError, "a channel's name is a str, not %R", (PyObject *)Py_TYPE(name));
	Py_ssize_t length;
	const char *text = PyUnicode_AsUTF8AndSize(name, &length);
	if (text == NULL)
		return NULL;
	if (strlen(text) != (size_t)length) {
		PyErr_SetString(PyExc_ValueError, "a channel's name cannot contain a null character");
		return NULL;
	}
	int status;
	Py_BEGIN_ALLOW_THREADS
	status = axon_discard(text);
	Py_END_ALLOW_THREADS
	return status < 0 ? raise_status(PyModule_GetState(module), status) : PyBool_FromLong(status);
}

static PyMethodDef module_methods[] = {
	{"discard", discard, METH_O,
		PyDoc_STR("discard(name, /)\n--\n\n"
				"Remove the channel, which nobody may hold, with what lies in it unread.\n\n"
				"Return whether there was one. Raise RoleTakenError while somebody holds it.")},
	{NULL, NULL, 0, NULL}};

static int add_errors(struct state *state)
{
	PyObject *errors = PyImport_ImportModule("axon.errors");
	if (errors == NULL)
		return -1;
	for (int i = 1; i < STATUS_COUNT; i++) {
		state->errors[i] = error_names[i] == NULL ? PyExc_ValueError : PyObject_GetAttrString(errors, error_names[i]);
		if (error_names[i] == NULL)
			Py_INCREF(state->errors[i]);
	}
	state->channel_not_found_error = PyObject_GetAttrString(errors, "ChannelNotFoundError");
	state->remote_error = PyObject_GetAttrString(errors, "RemoteError");
	Py_DECREF(errors);
	return PyErr_Occurred() ? -1 : 0;
}

static PyTypeObject *add_type(PyObject *module, PyType_Spec *spec, const char *name)
{
	PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);
	if (type == NULL)
		return NULL;
	Py_INCREF(type);
	if (PyModule_AddObject(module, name, type) < 0) {
		Py_DECREF(type);
		Py_DECREF(type);
		return NULL;
	}
	return (PyTypeObject *)type;
}

static int module_exec(PyObject *module)
{
	struct state *state = PyModule_GetState(module);
#ifdef Py_LIMITED_API
	PyObject *limited = Py_True;
#else
	PyObject *limited = Py_False;
#endif
	if (calls_init() < 0 || add_errors(state) < 0 || PyObject_SetAttrString(module, "LIMITED_API", limited) < 0)
		return -1;
	if ((state->channel_type = add_type(module, &channel_spec, "Channel")) == NULL ||
			(state->message_type = add_type(module, &message_spec, "Message")) == NULL ||
			(state->claim_type = add_type(module, &claim_spec, "Claim")) == NULL)
		return -1;
	return 0;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
	struct state *state = PyModule_GetState(module);
	Py_VISIT(state->channel_type);
	Py_VISIT(state->message_type);
	Py_VISIT(state->claim_type);
	for (int i = 1; i < STATUS_COUNT; i++)
		Py_VISIT(state->errors[i]);
	Py_VISIT(state->channel_not_found_error);
	Py_VISIT(state->remote_error);
	return 0;
}

static int module_clear(PyObject *module)
{
	struct state *state = PyModule_GetState(module);
	Py_CLEAR(state->channel_type);
	Py_CLEAR(state->message_type);
	Py_CLEAR(state->claim_type);
	for (int i = 1; i < STATUS_COUNT; i++)
		Py_CLEAR(state->errors[i]);
	Py_CLEAR(state->channel_not_found_error);
	Py_CLEAR(state->remote_error);
	return 0;
}

static PyModuleDef_Slot module_slots[] = {
	{Py_mod_exec, module_exec},
	{0, NULL}};

static struct PyModuleDef module_definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "axon._axon",
	.m_doc = PyDoc_STR("The part of axon that is written in C."),
	.m_size = sizeof(struct state),
	.m_methods = module_methods,
	.m_slots = module_slots,
	.m_traverse = module_traverse,
	.m_clear = module_clear,
};

PyMODINIT_FUNC PyInit__axon(void)
{
	return PyModuleDef_Init(&module_definition);
}
