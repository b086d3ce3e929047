#include "CKernels.h"

void gpt2_cache_rows(
  const float *keys, const float *values, size_t pitch, size_t rows, size_t start, size_t head_width,
  size_t panel_width, float *key_panels, size_t value_pitch, float *value_rows) {
  for (size_t r = 0; r < rows; r++, keys += pitch, values += pitch) {
    size_t position = start + r;
    float *key = key_panels + position / panel_width * panel_width * head_width + position % panel_width;
    for (size_t d = 0; d < head_width; d++) key[d * panel_width] = keys[d];
    float *value = value_rows + position * value_pitch;
    for (size_t d = 0; d < head_width; d++) value[d] = values[d];
    for (size_t d = head_width; d < value_pitch; d++) value[d] = 0;
  }
}
