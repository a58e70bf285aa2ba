#include "vector_math.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 35)
#define HAVE_LIBMVEC 1
#include <immintrin.h>
#endif
#endif

#if HAVE_LIBMVEC

// One array loop for one vector width: whole vectors, then a zero-padded copy of the rest.
#define ARRAY_LOOP(loop, isa, vector_function, vector, scalar, lanes, load, store)              \
  __attribute__((target(isa))) vector vector_function(vector);                                                 \
  __attribute__((target(isa))) static void loop(size_t count, const scalar *x, scalar *y) {     \
    size_t i = 0;                                                                               \
    for (; i + lanes <= count; i += lanes) store(y + i, vector_function(load(x + i)));          \
    if (i < count) {                                                                            \
      scalar rest[lanes] = {0};                                                                 \
      memcpy(rest, x + i, (count - i) * sizeof(scalar));                                        \
      store(rest, vector_function(load(rest)));                                                 \
      memcpy(y + i, rest, (count - i) * sizeof(scalar));                                        \
    }                                                                                           \
  }

#define FUNCTION(name)                                                                                            \
  ARRAY_LOOP(name##_f32_avx512, "avx512f", _ZGVeN16v_##name##f, __m512, float, 16, _mm512_loadu_ps, _mm512_storeu_ps) \
  ARRAY_LOOP(name##_f64_avx512, "avx512f", _ZGVeN8v_##name, __m512d, double, 8, _mm512_loadu_pd, _mm512_storeu_pd)    \
  ARRAY_LOOP(name##_f32_avx2, "avx2,fma", _ZGVdN8v_##name##f, __m256, float, 8, _mm256_loadu_ps, _mm256_storeu_ps)    \
  ARRAY_LOOP(name##_f64_avx2, "avx2,fma", _ZGVdN4v_##name, __m256d, double, 4, _mm256_loadu_pd, _mm256_storeu_pd)     \
  void vector_##name##_f32(size_t count, const float *x, float *y) {                                              \
    if (__builtin_cpu_supports("avx512f")) return name##_f32_avx512(count, x, y);                                 \
    if (__builtin_cpu_supports("avx2")) return name##_f32_avx2(count, x, y);                                      \
    for (size_t i = 0; i < count; i++) y[i] = name##f(x[i]);                                                      \
  }                                                                                                               \
  void vector_##name##_f64(size_t count, const double *x, double *y) {                                            \
    if (__builtin_cpu_supports("avx512f")) return name##_f64_avx512(count, x, y);                                 \
    if (__builtin_cpu_supports("avx2")) return name##_f64_avx2(count, x, y);                                      \
    for (size_t i = 0; i < count; i++) y[i] = name(x[i]);                                                         \
  }

#else

#define FUNCTION(name)                                                    \
  void vector_##name##_f32(size_t count, const float *x, float *y) {      \
    for (size_t i = 0; i < count; i++) y[i] = name##f(x[i]);              \
  }                                                                       \
  void vector_##name##_f64(size_t count, const double *x, double *y) {    \
    for (size_t i = 0; i < count; i++) y[i] = name(x[i]);                 \
  }

#endif

FUNCTION(exp)
FUNCTION(expm1)
FUNCTION(log1p)
FUNCTION(tanh)
