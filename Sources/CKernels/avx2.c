#include "CKernels.h"
#include "constants.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define LANES 8
#define PANEL_VECTORS 2
#define INT8_VECTORS 1
#define HAS_HALVES 1
#define KERNELS_NAME "avx2"
#define KERNELS_TABLE gpt2_kernels_avx2
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "kernels.inc"
#pragma clang attribute pop
#endif
