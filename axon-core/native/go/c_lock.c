#include "../c/lock.c"
