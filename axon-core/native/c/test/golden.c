#include "check.h"
TESTS(golden, { NULL, NULL });
