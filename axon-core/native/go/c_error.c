#include "../c/error.c"
