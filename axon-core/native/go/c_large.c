#include "../c/large.c"
