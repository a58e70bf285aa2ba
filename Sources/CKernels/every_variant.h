// Includes LOOPS, a file of loops over arrays in vectors, once for each number type and set of instructions, and defines
// DISPATCH(function, variant, is_double, …), which calls the one that is asked for. In LOOPS are defined:
//   SCALAR, V, LANES    the number type, its vector, and how many numbers a vector has
//   ISA, NAME(x)        the attribute of a function, and its name
//   LOAD, STORE         of a whole vector
//   LOAD_PART, STORE_PART
//                       of the first numbers of a vector; what is not loaded is 0
//   EXP, EXPM1, LOG1P, TANH
//                       of a vector, within 4 ulp: by libmvec where there is one
// A number's result has the same bits wherever it lies in an array: partial vectors take the way of whole ones.
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "instruction_sets.h"

#define CONCATENATED(a, b) a##_##b
#define JOINED(a, b) CONCATENATED(a, b)
#define INLINE ISA static inline __attribute__((always_inline))

#if defined(__x86_64__)
#include <immintrin.h>
#if defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 35)
#define HAVE_LIBMVEC 1
#endif
#endif
#endif

#if defined(__x86_64__)

typedef float f32_avx512 __attribute__((ext_vector_type(16)));
typedef double f64_avx512 __attribute__((ext_vector_type(8)));
typedef float f32_avx2 __attribute__((ext_vector_type(8)));
typedef double f64_avx2 __attribute__((ext_vector_type(4)));

#define ISA __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma")))

#define SCALAR float
#define V f32_avx512
#define LANES 16
#define NAME(x) JOINED(x, f32_avx512)
#define LOAD(from) ((V)_mm512_loadu_ps(from))
#define STORE(to, x) _mm512_storeu_ps(to, (__m512)(x))
#define LOAD_PART(from, count) ((V)_mm512_maskz_loadu_ps((__mmask16)((1u << (count)) - 1), from))
#define STORE_PART(to, x, count) _mm512_mask_storeu_ps(to, (__mmask16)((1u << (count)) - 1), (__m512)(x))
#if HAVE_LIBMVEC
ISA V _ZGVeN16v_expf(V);
ISA V _ZGVeN16v_expm1f(V);
ISA V _ZGVeN16v_log1pf(V);
ISA V _ZGVeN16v_tanhf(V);
#define EXP _ZGVeN16v_expf
#define EXPM1 _ZGVeN16v_expm1f
#define LOG1P _ZGVeN16v_log1pf
#define TANH _ZGVeN16v_tanhf
#endif
#include "variant.h"

#define SCALAR double
#define V f64_avx512
#define LANES 8
#define NAME(x) JOINED(x, f64_avx512)
#define LOAD(from) ((V)_mm512_loadu_pd(from))
#define STORE(to, x) _mm512_storeu_pd(to, (__m512d)(x))
#define LOAD_PART(from, count) ((V)_mm512_maskz_loadu_pd((__mmask8)((1u << (count)) - 1), from))
#define STORE_PART(to, x, count) _mm512_mask_storeu_pd(to, (__mmask8)((1u << (count)) - 1), (__m512d)(x))
#if HAVE_LIBMVEC
ISA V _ZGVeN8v_exp(V);
ISA V _ZGVeN8v_expm1(V);
ISA V _ZGVeN8v_log1p(V);
ISA V _ZGVeN8v_tanh(V);
#define EXP _ZGVeN8v_exp
#define EXPM1 _ZGVeN8v_expm1
#define LOG1P _ZGVeN8v_log1p
#define TANH _ZGVeN8v_tanh
#endif
#include "variant.h"

#undef ISA
#define ISA __attribute__((target("avx2,fma")))

// The first `count` numbers of a vector are those where −1 is read from here + LANES − count.
static const int every_variant_mask_32[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
static const long long every_variant_mask_64[8] = {-1, -1, -1, -1};
#define MASK_32(count) _mm256_loadu_si256((const __m256i *)(every_variant_mask_32 + 8 - (count)))
#define MASK_64(count) _mm256_loadu_si256((const __m256i *)(every_variant_mask_64 + 4 - (count)))

#define SCALAR float
#define V f32_avx2
#define LANES 8
#define NAME(x) JOINED(x, f32_avx2)
#define LOAD(from) ((V)_mm256_loadu_ps(from))
#define STORE(to, x) _mm256_storeu_ps(to, (__m256)(x))
#define LOAD_PART(from, count) ((V)_mm256_maskload_ps(from, MASK_32(count)))
#define STORE_PART(to, x, count) _mm256_maskstore_ps(to, MASK_32(count), (__m256)(x))
#if HAVE_LIBMVEC
ISA V _ZGVdN8v_expf(V);
ISA V _ZGVdN8v_expm1f(V);
ISA V _ZGVdN8v_log1pf(V);
ISA V _ZGVdN8v_tanhf(V);
#define EXP _ZGVdN8v_expf
#define EXPM1 _ZGVdN8v_expm1f
#define LOG1P _ZGVdN8v_log1pf
#define TANH _ZGVdN8v_tanhf
#endif
#include "variant.h"

#define SCALAR double
#define V f64_avx2
#define LANES 4
#define NAME(x) JOINED(x, f64_avx2)
#define LOAD(from) ((V)_mm256_loadu_pd(from))
#define STORE(to, x) _mm256_storeu_pd(to, (__m256d)(x))
#define LOAD_PART(from, count) ((V)_mm256_maskload_pd(from, MASK_64(count)))
#define STORE_PART(to, x, count) _mm256_maskstore_pd(to, MASK_64(count), (__m256d)(x))
#if HAVE_LIBMVEC
ISA V _ZGVdN4v_exp(V);
ISA V _ZGVdN4v_expm1(V);
ISA V _ZGVdN4v_log1p(V);
ISA V _ZGVdN4v_tanh(V);
#define EXP _ZGVdN4v_exp
#define EXPM1 _ZGVdN4v_expm1
#define LOG1P _ZGVdN4v_log1p
#define TANH _ZGVdN4v_tanh
#endif
#include "variant.h"

#undef ISA
#endif

// Any processor with vectors of 16 bytes, which is every one of 64 bits.
typedef float f32_plain __attribute__((ext_vector_type(4)));
typedef double f64_plain __attribute__((ext_vector_type(2)));
#define PARTS_BY_COPY                                            \
  INLINE V NAME(load_part)(const SCALAR *from, size_t count) {   \
    V x = {0};                                                   \
    memcpy(&x, from, count * sizeof(SCALAR));                    \
    return x;                                                    \
  }                                                              \
  INLINE void NAME(store_part)(SCALAR *to, V x, size_t count) { memcpy(to, &x, count * sizeof(SCALAR)); }
#define ISA

#define SCALAR float
#define V f32_plain
#define LANES 4
#define NAME(x) JOINED(x, f32_plain)
#define LOAD(from) NAME(load_part)(from, LANES)
#define STORE(to, x) NAME(store_part)(to, x, LANES)
#define LOAD_PART(from, count) NAME(load_part)(from, count)
#define STORE_PART(to, x, count) NAME(store_part)(to, x, count)
PARTS_BY_COPY
#include "variant.h"

#define SCALAR double
#define V f64_plain
#define LANES 2
#define NAME(x) JOINED(x, f64_plain)
#define LOAD(from) NAME(load_part)(from, LANES)
#define STORE(to, x) NAME(store_part)(to, x, LANES)
#define LOAD_PART(from, count) NAME(load_part)(from, count)
#define STORE_PART(to, x, count) NAME(store_part)(to, x, count)
PARTS_BY_COPY
#include "variant.h"

#undef ISA

#define TYPED(function, isa, is_double, ...) \
  ((is_double) ? JOINED(function, f64_##isa)(__VA_ARGS__) : JOINED(function, f32_##isa)(__VA_ARGS__))
#if defined(__x86_64__)
#define DISPATCH(function, instructions, is_double, ...)                                      \
  switch (instructions) {                                                                     \
    case instructions_avx512: return TYPED(function, avx512, is_double, __VA_ARGS__);       \
    case instructions_avx2: return TYPED(function, avx2, is_double, __VA_ARGS__);           \
    case instructions_plain: break;                                                 \
  }                                                                                      \
  return TYPED(function, plain, is_double, __VA_ARGS__)
#else
#define DISPATCH(function, instructions, is_double, ...) return TYPED(function, plain, is_double, __VA_ARGS__)
#endif
