#include "module.h"

/* Returns the memoryview that the reference leads to, or None when it is gone. */
static PyObject *view_living(struct view *view)
{
	if (view->reference == NULL || view->exports == 0)
		Py_RETURN_NONE;
	return PyObject_CallObject(view->reference, NULL);
}

/* A memoryview that its user released has no attributes any more. */
static bool is_usable(PyObject *memoryview)
{
	PyObject *size = PyObject_GetAttrString(memoryview, "nbytes");
	if (size == NULL)
		PyErr_Clear();
	Py_XDECREF(size);
	return size != NULL;
}

PyObject *view_of(struct view *view, PyObject *exporter)
{
	PyObject *living = view_living(view);
	if (living == NULL || (living != Py_None && is_usable(living)))
		return living;
	Py_DECREF(living);
	PyObject *fresh = PyMemoryView_FromObject(exporter);
	if (fresh == NULL)
		return NULL;
	PyObject *reference = PyWeakref_NewRef(fresh, NULL);
	if (reference == NULL) {
		Py_DECREF(fresh);
		return NULL;
	}
	Py_XDECREF(view->reference);
	view->reference = reference;
	return fresh;
}

int view_end(struct view *view, const char *what, PyObject *tag)
{
	PyObject *living = view_living(view);
	if (living == NULL)
		return -1;
	if (living != Py_None) {
		PyObject *released = PyObject_CallMethod(living, "release", NULL);
		if (released == NULL) {
			if (!PyErr_ExceptionMatches(PyExc_BufferError)) {
				Py_DECREF(living);
				return -1;
			}
			PyErr_Clear();
		}
		Py_XDECREF(released);
	}
	Py_DECREF(living);
	if (view->exports > 0) {
		PyErr_Format(PyExc_BufferError, "%s %R is still in use: let go of the arrays and memoryviews made of it first",
				what, tag);
		return -1;
	}
	Py_CLEAR(view->reference);
	return 0;
}
