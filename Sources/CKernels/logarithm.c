#include "CKernels.h"

#pragma STDC FP_CONTRACT OFF

// x = m·2ᵉ with m in [√½, √2); ln m = 2·artanh(s), s = (m − 1) / (m + 1), by its power series, which at |s| < 0.172 is
// exact to rounding after twelve terms.
double gpt2_log(double x) {
  uint64_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  int64_t exponent = 0;
  if (bits < 0x0010000000000000) {  // subnormal
    x *= 0x1p54;
    exponent = -54;
    __builtin_memcpy(&bits, &x, sizeof bits);
  }
  exponent += (int64_t)(bits >> 52) - 1023;
  bits = (bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000;
  double m;
  __builtin_memcpy(&m, &bits, sizeof m);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent += 1;
  }
  double s = (m - 1) / (m + 1), square = s * s, series = 0;
  for (int k = 23; k >= 3; k -= 2) series = series * square + 1.0 / k;
  double ln_m = 2 * s + 2 * s * square * series;
  return (double)exponent * 0.6931471805599453 + ln_m;
}
