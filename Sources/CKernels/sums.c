#include "sums.h"

#include <string.h>

#if defined(__x86_64__)
#define TARGET __attribute__((target("avx2,fma")))
#else
#define TARGET
#endif

// The partial sums lie in two vectors of 64 bytes, which the compiler splits as the processor needs. What is left over is
// padded with zeros, which change no sum.
#define SUMS(suffix, T, LANES)                                                                          \
  typedef T vector_##suffix __attribute__((vector_size(64), aligned(sizeof(T)), may_alias));            \
                                                                                                        \
  static inline T add_up_##suffix(T sums[2 * LANES]) {                                                  \
    for (int half = LANES; half > 0; half /= 2) {                                                       \
      for (int k = 0; k < half; k++) sums[k] += sums[k + half];                                         \
    }                                                                                                   \
    return sums[0];                                                                                     \
  }                                                                                                     \
                                                                                                        \
  TARGET T sum_magnitudes_##suffix(size_t count, const T *x) {                                          \
    T rest[2 * LANES] = {0}, sums[2 * LANES];                                                           \
    vector_##suffix a = {0}, b = {0};                                                                   \
    for (size_t k = 0; k < count; k += 2 * LANES) {                                                     \
      const T *from = x + k;                                                                            \
      if (count - k < 2 * LANES) from = memcpy(rest, from, (count - k) * sizeof(T));                    \
      a += __builtin_elementwise_abs(*(const vector_##suffix *)from);                                   \
      b += __builtin_elementwise_abs(*(const vector_##suffix *)(from + LANES));                         \
    }                                                                                                   \
    *(vector_##suffix *)sums = a;                                                                       \
    *(vector_##suffix *)(sums + LANES) = b;                                                             \
    return add_up_##suffix(sums);                                                                       \
  }                                                                                                     \
                                                                                                        \
  TARGET T sum_products_##suffix(size_t count, const T *x, const T *y) {                                \
    T rest_x[2 * LANES] = {0}, rest_y[2 * LANES] = {0}, sums[2 * LANES];                                \
    vector_##suffix a = {0}, b = {0};                                                                   \
    for (size_t k = 0; k < count; k += 2 * LANES) {                                                     \
      const T *p = x + k, *q = y + k;                                                                   \
      if (count - k < 2 * LANES) {                                                                      \
        p = memcpy(rest_x, p, (count - k) * sizeof(T));                                                 \
        q = memcpy(rest_y, q, (count - k) * sizeof(T));                                                 \
      }                                                                                                 \
      a = __builtin_elementwise_fma(*(const vector_##suffix *)p, *(const vector_##suffix *)q, a);       \
      b = __builtin_elementwise_fma(                                                                    \
          *(const vector_##suffix *)(p + LANES), *(const vector_##suffix *)(q + LANES), b);             \
    }                                                                                                   \
    *(vector_##suffix *)sums = a;                                                                       \
    *(vector_##suffix *)(sums + LANES) = b;                                                             \
    return add_up_##suffix(sums);                                                                       \
  }

SUMS(f32, float, 16)
SUMS(f64, double, 8)
