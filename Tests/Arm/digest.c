// Prints a digest of what each loop of the kernels computes, by instruction set, of the same numbers on every machine.
#include "CKernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

// From −1 to 1, now and then an outlier.
static float number(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  float x = (float)((int32_t)(state >> 32) >> 8) / (float)(1 << 23);
  return (state >> 20 & 63) == 0 ? 40 * x : x;
}

static float *numbers(size_t count) {
  float *values = malloc((count + 16) * sizeof *values);
  for (size_t i = 0; i < count; i++) values[i] = number();
  return values;
}

static uint64_t digest(uint64_t hash, const void *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) hash = (hash ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
  return hash;
}

static const uint64_t start = 14695981039346656037u;

static uint64_t products(const gpt2_kernels *kernels, gpt2_weight_type type) {
  uint64_t hash = start;
  static const size_t shapes[][3] = {{1, 64, 64}, {1, 131, 200}, {5, 96, 65}, {7, 300, 130}, {13, 64, 17}, {40, 257, 96}, {3, 1100, 70}};
  const gpt2_matrix_kernels *matrices = gpt2_matrices(kernels, type);
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    size_t rows = shapes[s][0], inner = shapes[s][1], columns = shapes[s][2];
    state = s;
    float *a = numbers(rows * inner), *b = numbers(inner * columns), *bias = numbers(columns), *c = numbers(rows * columns);
    size_t steps = (inner + matrices->step_inner - 1) / matrices->step_inner;
    size_t panels = (columns + matrices->panel_width - 1) / matrices->panel_width;
    // Behind the last panel nothing is harmed by being fetched.
    void *packed = calloc(1, panels * steps * matrices->step_bytes + (1 << 17));
    matrices->pack_rows(b, 0, inner, inner, columns, packed);
    gpt2_product product = {a, inner, packed, bias, c, columns, rows, inner, columns, s % 2 ? c : NULL, columns};
    float *sums = numbers(rows * columns), *column = numbers(inner);
    if (product.residual) product.c = sums;
    matrices->multiply(&product, 0, rows, 0, panels);
    hash = digest(hash, c, rows * columns * sizeof *c);
    for (size_t i = 0; i < columns; i += 7) {
      matrices->unpack_column(packed, i, inner, column);
      hash = digest(hash, column, inner * sizeof *column);
    }
    free(a), free(b), free(bias), free(c), free(packed), free(sums), free(column);
  }
  return hash;
}

static uint64_t attention(const gpt2_kernels *kernels) {
  uint64_t hash = start;
  state = 5;
  for (size_t rows = 1; rows < 9; rows += 3) {
    size_t width = 24, start = 90, positions = start + rows, pitch = kernels->panel_width;
    size_t value_pitch = (width + pitch - 1) / pitch * pitch, chunk = GPT2_CACHE_CHUNK * (width + value_pitch);
    float *queries = numbers(rows * width), *keys = numbers(positions * width), *values = numbers(positions * width);
    float *out = numbers(rows * width), *scratch = numbers(gpt2_attention_scratch(positions));
    gpt2_head_cache cache = {calloc(4 * chunk, sizeof(float)), chunk, width, kernels->panel_width, value_pitch};
    gpt2_cache_rows(keys, values, width, positions, 0, &cache);
    gpt2_attention task = {queries, width, cache, start, rows, 0.2f, out, width, scratch};
    kernels->attend(&task);
    hash = digest(hash, out, rows * width * sizeof *out);
    free(queries), free(keys), free(values), free(out), free(scratch), free(cache.chunks);
  }
  return hash;
}

static uint64_t pointwise(const gpt2_kernels *kernels) {
  uint64_t hash = start;
  state = 9;
  enum { rows = 3, width = 77 };
  float *x = numbers(rows * width), *gain = numbers(width), *offset = numbers(width), *out = numbers(rows * width);
  kernels->layer_norm(x, width, rows, width, gain, offset, 1e-5f, out, width);
  hash = digest(hash, out, rows * width * sizeof *out);
  for (int activation = GPT2_GELU_TANH; activation <= GPT2_LINEAR; activation++) {
    memcpy(out, x, rows * width * sizeof *out);
    kernels->activate(activation, out, width, rows, width);
    hash = digest(hash, out, rows * width * sizeof *out);
  }
  kernels->exp_terms(x, rows * width, 0.7f, 3, out);
  hash = digest(hash, out, rows * width * sizeof *out);
  double sum = kernels->sum_exp(x, rows * width, 40);
  float max = kernels->max(x, rows * width);
  hash = digest(digest(hash, &sum, sizeof sum), &max, sizeof max);
  free(x), free(gain), free(offset), free(out);
  return hash;
}

int main(void) {
  static const char *const types[] = {"f32", "bf16", "f16", "int8"};
  for (size_t i = 0; gpt2_kernels_name(i); i++) {
    const char *name = gpt2_kernels_name(i);
    const gpt2_kernels *kernels = gpt2_kernels_named(name);
    if (!kernels) continue;
    for (int type = 0; type < GPT2_WEIGHT_TYPES; type++)
      printf("%s product-%s %016llx\n", name, types[type], (unsigned long long)products(kernels, type));
    printf("%s attention %016llx\n", name, (unsigned long long)attention(kernels));
    printf("%s pointwise %016llx\n", name, (unsigned long long)pointwise(kernels));
  }
  return 0;
}
