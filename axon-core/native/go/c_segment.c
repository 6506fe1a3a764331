#include "../c/segment.c"
