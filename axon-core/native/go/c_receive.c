#include "../c/receive.c"
