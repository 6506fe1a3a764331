#include "../c/axon.c"
