#include "CKernels.h"

#if defined(__aarch64__) && defined(__linux__)
unsigned long getauxval(unsigned long type);
#endif

extern const gpt2_kernels gpt2_kernels_avx512vnni, gpt2_kernels_avx512, gpt2_kernels_avxvnni, gpt2_kernels_avx2;
extern const gpt2_kernels gpt2_kernels_dotprod, gpt2_kernels_portable;

static const gpt2_kernels *const built[] = {
#if defined(__x86_64__)
  &gpt2_kernels_avx512vnni, &gpt2_kernels_avx512, &gpt2_kernels_avxvnni, &gpt2_kernels_avx2,
#elif defined(__aarch64__)
  &gpt2_kernels_dotprod,
#endif
  &gpt2_kernels_portable,
};

static bool runs_here(const gpt2_kernels *kernels) {
#if defined(__x86_64__)
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  if (kernels == &gpt2_kernels_avx512vnni) return avx512 && __builtin_cpu_supports("avx512vnni");
  if (kernels == &gpt2_kernels_avx512) return avx512;
  if (kernels == &gpt2_kernels_avxvnni) return avx2 && __builtin_cpu_supports("avxvnni");
  if (kernels == &gpt2_kernels_avx2) return avx2;
#elif defined(__aarch64__) && defined(__linux__)
  const unsigned long capabilities = 16, dotprod = 1 << 20;  // AT_HWCAP, HWCAP_ASIMDDP
  if (kernels == &gpt2_kernels_dotprod) return (getauxval(capabilities) & dotprod) != 0;
#elif defined(__aarch64__) && defined(__APPLE__)
  // Every processor that macOS runs on has it.
  if (kernels == &gpt2_kernels_dotprod) return true;
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

const gpt2_matrix_kernels *gpt2_matrices(const gpt2_kernels *kernels, gpt2_weight_type type) {
  return &kernels->matrices[type];
}
