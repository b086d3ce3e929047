#include "CKernels.h"

#if defined(__x86_64__)
extern const gpt2_kernels gpt2_kernels_avx512, gpt2_kernels_avx2;
#endif
extern const gpt2_kernels gpt2_kernels_portable;

static const gpt2_kernels *const built[] = {
#if defined(__x86_64__)
  &gpt2_kernels_avx512,
  &gpt2_kernels_avx2,
#endif
  &gpt2_kernels_portable,
};

static bool runs_here(const gpt2_kernels *kernels) {
#if defined(__x86_64__)
  if (kernels == &gpt2_kernels_avx512)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
  if (kernels == &gpt2_kernels_avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  return kernels == &gpt2_kernels_portable;
}

const char *gpt2_kernels_name(size_t index) {
  return index < sizeof built / sizeof *built ? built[index]->name : 0;
}

const gpt2_kernels *gpt2_kernels_named(const char *name) {
  for (size_t i = 0; i < sizeof built / sizeof *built; i++)
    if (__builtin_strcmp(built[i]->name, name) == 0) return runs_here(built[i]) ? built[i] : 0;
  return 0;
}

size_t gpt2_attention_scratch(size_t positions) {
  const size_t tile_rows = 6, widest_panel = 64;
  return tile_rows * ((positions + widest_panel - 1) / widest_panel * widest_panel);
}
