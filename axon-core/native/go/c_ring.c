#include "../c/ring.c"
