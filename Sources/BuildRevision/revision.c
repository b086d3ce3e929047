#include "revision.h"

#ifndef GPT2_REVISION
#define GPT2_REVISION ""
#endif

const char *const gpt2_revision = GPT2_REVISION;
