// The loops of sums.h for one number type and one set of instructions, see every_variant.h.

// Half of the partial sums: 64 bytes, which the compiler splits as the processor needs. The remaining numbers at the
// end are padded with zeros, which change no sum.
typedef T NAME(half) __attribute__((vector_size(64), aligned(sizeof(T)), may_alias));
enum { NAME(half_count) = 64 / sizeof(T) };
#define HALF NAME(half)
#define COUNT NAME(half_count)

TARGET static inline T NAME(add_up)(T sums[2 * COUNT]) {
  for (int half = COUNT; half > 0; half /= 2) {
    for (int k = 0; k < half; k++) sums[k] += sums[k + half];
  }
  return sums[0];
}

TARGET static inline T NAME(sum_magnitudes)(size_t count, const T *x) {
  T rest[2 * COUNT] = {0}, sums[2 * COUNT];
  HALF a = {0}, b = {0};
  for (size_t k = 0; k < count; k += 2 * COUNT) {
    const T *from = x + k;
    if (count - k < 2 * COUNT) from = memcpy(rest, from, (count - k) * sizeof(T));
    a += __builtin_elementwise_abs(*(const HALF *)from);
    b += __builtin_elementwise_abs(*(const HALF *)(from + COUNT));
  }
  *(HALF *)sums = a;
  *(HALF *)(sums + COUNT) = b;
  return NAME(add_up)(sums);
}

TARGET static inline T NAME(sum_products)(size_t count, const T *x, const T *y) {
  T rest_x[2 * COUNT] = {0}, rest_y[2 * COUNT] = {0}, sums[2 * COUNT];
  HALF a = {0}, b = {0};
  for (size_t k = 0; k < count; k += 2 * COUNT) {
    const T *p = x + k, *q = y + k;
    if (count - k < 2 * COUNT) {
      p = memcpy(rest_x, p, (count - k) * sizeof(T));
      q = memcpy(rest_y, q, (count - k) * sizeof(T));
    }
    a = __builtin_elementwise_fma(*(const HALF *)p, *(const HALF *)q, a);
    b = __builtin_elementwise_fma(*(const HALF *)(p + COUNT), *(const HALF *)(q + COUNT), b);
  }
  *(HALF *)sums = a;
  *(HALF *)(sums + COUNT) = b;
  return NAME(add_up)(sums);
}

TARGET static inline double NAME(sum_squares)(size_t count, const T *x) {
#pragma clang fp reassociate(on)
  double sum = 0;
  for (size_t k = 0; k < count; k++) sum += (double)x[k] * (double)x[k];
  return sum;
}

TARGET static inline double NAME(scale_summing_squares)(size_t count, T *x, T factor) {
#pragma clang fp reassociate(on)
  double sum = 0;
  for (size_t k = 0; k < count; k++) {
    const T scaled = factor * x[k];
    x[k] = scaled;
    sum += (double)scaled * (double)scaled;
  }
  return sum;
}

#undef HALF
#undef COUNT
