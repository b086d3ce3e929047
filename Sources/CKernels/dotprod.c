#include "CKernels.h"
#include "constants.h"

// NEON with the instruction that sums four products of 8-bit numbers.
#if defined(__aarch64__)
#include <arm_neon.h>
#define LANES 4
#define PANEL_VECTORS 4
#define INT8_VECTORS 4
#define HAS_HALVES 1
#define DOT_SDOT
#define KERNELS_NAME "dotprod"
#define KERNELS_TABLE gpt2_kernels_dotprod
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#include "kernels.inc"
#pragma clang attribute pop
#endif
