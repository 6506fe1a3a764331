#include "../c/send.c"
