#include "CKernels.h"
#include "constants.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define LANES 16
#define PANEL_VECTORS 4
#define INT8_VECTORS 2
#define HAS_HALVES 1
#define DOT_VNNI(sum, b, a) (ivec)_mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(b), (__m512i)(a))
#define KERNELS_NAME "avx512vnni"
#define KERNELS_TABLE gpt2_kernels_avx512vnni
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512vnni,avx2,fma"))), apply_to = function)
#include "kernels.inc"
#pragma clang attribute pop
#endif
