#include "CKernels.h"
#include "constants.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define LANES 8
#define PANEL_VECTORS 2
#define INT8_VECTORS 2
#define HAS_HALVES 1
#define DOT_VNNI(sum, b, a) (ivec)_mm256_dpbusd_avx_epi32((__m256i)(sum), (__m256i)(b), (__m256i)(a))
#define KERNELS_NAME "avxvnni"
#define KERNELS_TABLE gpt2_kernels_avxvnni
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
#include "kernels.inc"
#pragma clang attribute pop
#endif
