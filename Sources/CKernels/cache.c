#include "CKernels.h"

void gpt2_cache_rows(
  const float *keys, const float *values, size_t pitch, size_t rows, size_t start, const gpt2_head_cache *cache) {
  size_t panel_width = cache->panel_width, head_width = cache->head_width, value_pitch = cache->value_pitch;
  for (size_t r = 0; r < rows; r++, keys += pitch, values += pitch) {
    size_t position = (start + r) % GPT2_CACHE_CHUNK;
    float *chunk = cache->chunks + (start + r) / GPT2_CACHE_CHUNK * cache->chunk_pitch;
    float *key = chunk + position / panel_width * panel_width * head_width + position % panel_width;
    for (size_t d = 0; d < head_width; d++) key[d * panel_width] = keys[d];
    float *value = chunk + GPT2_CACHE_CHUNK * head_width + position * value_pitch;
    for (size_t d = 0; d < head_width; d++) value[d] = values[d];
    for (size_t d = head_width; d < value_pitch; d++) value[d] = 0;
  }
}
