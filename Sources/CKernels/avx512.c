#include "CKernels.h"
#include "constants.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define LANES 16
#define PANEL_VECTORS 4
#define INT8_VECTORS 2
#define HAS_HALVES 1
#define KERNELS_NAME "avx512"
#define KERNELS_TABLE gpt2_kernels_avx512
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), apply_to = function)
#include "kernels.inc"
#pragma clang attribute pop
#endif
