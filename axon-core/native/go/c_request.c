#include "../c/request.c"
