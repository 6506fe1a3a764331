#include "../c/fork.c"
