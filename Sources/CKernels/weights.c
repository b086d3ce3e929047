#include "CKernels.h"

static float from_bits(uint32_t bits) {
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}

// Exact for every half: the exponent is rebased by a multiplication, which also makes subnormals right.
static float from_half(uint16_t half) {
  uint32_t magnitude = (uint32_t)(half & 0x7FFF) << 13, sign = (uint32_t)(half & 0x8000) << 16;
  if ((half & 0x7C00) == 0x7C00) return from_bits(sign | 0x7F800000 | (magnitude & 0x7FFFFF));
  const float rebase = 0x1p112f;
  float x = from_bits(magnitude) * rebase;
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return from_bits(bits | sign);
}

static bool is_finite(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return (bits & 0x7F800000) != 0x7F800000;
}

size_t gpt2_convert(gpt2_element element, const void *source, size_t count, float *out) {
  switch (element) {
    case GPT2_F32: __builtin_memmove(out, source, count * sizeof *out); break;
    case GPT2_F16:
      for (size_t i = 0; i < count; i++) {
        uint16_t half;
        __builtin_memcpy(&half, (const char *)source + 2 * i, sizeof half);
        out[i] = from_half(half);
      }
      break;
    case GPT2_BF16:
      for (size_t i = 0; i < count; i++) {
        uint16_t high;
        __builtin_memcpy(&high, (const char *)source + 2 * i, sizeof high);
        out[i] = from_bits((uint32_t)high << 16);
      }
      break;
    case GPT2_F64:
      for (size_t i = 0; i < count; i++) {
        double x;
        __builtin_memcpy(&x, (const char *)source + 8 * i, sizeof x);
        // Through memcpy, since both may be the same memory.
        float rounded = (float)x;
        __builtin_memcpy((char *)out + 4 * i, &rounded, sizeof rounded);
      }
      break;
  }
  bool finite = true;
  for (size_t i = 0; i < count; i++) finite &= is_finite(out[i]);
  if (finite) return count;
  size_t bad = 0;
  while (is_finite(out[bad])) bad++;
  return bad;
}

void gpt2_pack_rows(
  const float *rows, size_t row_begin, size_t row_end, size_t inner, size_t columns, size_t panel_width, float *panels) {
  for (size_t begin = 0; begin < columns; begin += panel_width) {
    size_t count = columns - begin < panel_width ? columns - begin : panel_width;
    float *panel = panels + begin * inner;
    for (size_t row = row_begin; row < row_end; row++) {
      float *to = panel + row * panel_width;
      __builtin_memcpy(to, rows + (row - row_begin) * columns + begin, count * sizeof *to);
      __builtin_memset(to + count, 0, (panel_width - count) * sizeof *to);
    }
  }
}

void gpt2_pack_transposed(
  const float *rows, size_t row_begin, size_t row_end, size_t inner, size_t panel_width, float *panels) {
  // A square at a time, so that both sides stay in the cache.
  const size_t side = 16;
  for (size_t first = row_begin; first < row_end; first += side)
    for (size_t begin = 0; begin < inner; begin += side)
      for (size_t row = first; row < first + side && row < row_end; row++) {
        float *to = panels + row / panel_width * panel_width * inner + row % panel_width;
        const float *from = rows + (row - row_begin) * inner;
        for (size_t k = begin; k < begin + side && k < inner; k++) to[k * panel_width] = from[k];
      }
}

void gpt2_unpack_column(const float *panels, size_t column, size_t inner, size_t panel_width, float *out) {
  const float *from = panels + column / panel_width * panel_width * inner + column % panel_width;
  for (size_t k = 0; k < inner; k++) out[k] = from[k * panel_width];
}
