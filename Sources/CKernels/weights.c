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
    case GPT2_STORED_F32: __builtin_memmove(out, source, count * sizeof *out); break;
    case GPT2_STORED_F16:
      for (size_t i = 0; i < count; i++) {
        uint16_t half;
        __builtin_memcpy(&half, (const char *)source + 2 * i, sizeof half);
        out[i] = from_half(half);
      }
      break;
    case GPT2_STORED_BF16:
      for (size_t i = 0; i < count; i++) {
        uint16_t high;
        __builtin_memcpy(&high, (const char *)source + 2 * i, sizeof high);
        out[i] = from_bits((uint32_t)high << 16);
      }
      break;
    case GPT2_STORED_F64:
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

size_t gpt2_first_beyond(gpt2_weight_type type, const float *values, size_t count) {
  // The smallest magnitude that is rounded to infinity: halfway from the greatest number to the next power of two.
  float limit = type == GPT2_BF16 ? 0x1.ffp127f : type == GPT2_F16 ? 65520.0f : __builtin_inff();
  bool fits = true;
  for (size_t i = 0; i < count; i++) fits &= __builtin_fabsf(values[i]) < limit;
  if (fits) return count;
  size_t first = 0;
  while (__builtin_fabsf(values[first]) < limit) first++;
  return first;
}
