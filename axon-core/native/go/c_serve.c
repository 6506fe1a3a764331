#include "../c/serve.c"
