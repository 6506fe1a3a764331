#include "../c/object.c"
