#include "CKernels.h"
#include "constants.h"

// Four lanes: SSE2 with fma from the C library on plain x86-64 (exact, slow), NEON with its own fma on arm64.
#if defined(__aarch64__)
#include <arm_neon.h>
#define HAS_HALVES 1
#endif
#define LANES 4
#define PANEL_VECTORS 4
#define INT8_VECTORS 4
#define KERNELS_NAME "portable"
#define KERNELS_TABLE gpt2_kernels_portable
#include "kernels.inc"
