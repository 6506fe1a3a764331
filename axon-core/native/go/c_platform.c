#include "../c/platform.c"
