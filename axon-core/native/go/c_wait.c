#include "../c/wait.c"
