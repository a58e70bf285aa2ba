// Includes LOOPS, a file of loops over arrays, once for each instruction set and number type: these are its variants.
// Says how a source is compiled for each set, and defines
//   DISPATCH(function, instructions, is_double, …)
//                       calls the requested variant of a function, and returns
//   DISPATCH_TYPE(function, type, instructions, …)
//                       the same for one type: f32 or f64
//   CALL_SUFFICIENT(function, type, …)
//                       calls the variant that every supported processor has: for functions as short as a dispatch
// LOOPS can use:
//   T, V, WIDTH         the number type, its vector, and how many numbers a vector has
//   TYPE, INSTRUCTIONS  f32 or f64, and avx512, avx2 or plain
//   LANES_F32, LANES_F64
//                       how many numbers of each type a vector has
//   TARGET, NAME(x)     the attribute of a function, and its name
//   INLINE              in place of TARGET, for a function that is inlined
//   LOAD, STORE         of a whole vector
//   LOAD_PART, STORE_PART
//                       of the first numbers of a vector, never all; numbers that are not loaded are 0
//   EXP, EXPM1, LOG1P, TANH
//                       of a vector, within 4 ulp: by libmvec where there is one
// A number's result has the same bits wherever it lies in an array, because partial vectors use the functions of whole
// ones.
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "instruction_sets.h"

#define CONCATENATED(a, b) a##_##b
#define JOINED(a, b) CONCATENATED(a, b)
#define INLINE TARGET static inline __attribute__((always_inline))

#if defined(__x86_64__)

#include <immintrin.h>

#if defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 35)
#define HAVE_LIBMVEC 1
#endif
#endif

#define INSTRUCTIONS avx512
#define TARGET __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma")))
#define LANES_F32 16
#define LANES_F64 8
#define LOAD_PART(from, count) ((V)PACKED(_mm512_maskz_loadu)((1u << (count)) - 1, from))
#define STORE_PART(to, x, count) PACKED(_mm512_mask_storeu)(to, (1u << (count)) - 1, x)
#define LIBMVEC_LETTER e
#include "both_types.h"

// For a mask of the first `count` numbers of a vector, read a vector that starts WIDTH − count numbers after the start
// of this array.
static const int every_variant_mask[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
#define MASK(count) _mm256_loadu_si256((const __m256i *)((const T *)every_variant_mask + WIDTH - (count)))

#define INSTRUCTIONS avx2
#define TARGET __attribute__((target("avx2,fma")))
#define LANES_F32 8
#define LANES_F64 4
#define LOAD_PART(from, count) ((V)PACKED(_mm256_maskload)(from, MASK(count)))
#define STORE_PART(to, x, count) PACKED(_mm256_maskstore)(to, MASK(count), x)
#define LIBMVEC_LETTER d
#include "both_types.h"

#define DISPATCH_TYPE(function, type, instructions, ...)                      \
  switch (instructions) {                                                     \
    case instructions_avx512: return function##_##type##_avx512(__VA_ARGS__); \
    case instructions_avx2: return function##_##type##_avx2(__VA_ARGS__);     \
    case instructions_plain: break;                                           \
  }                                                                           \
  return function##_##type##_plain(__VA_ARGS__)
#define CALL_SUFFICIENT(function, type, ...) function##_##type##_avx2(__VA_ARGS__)

#else

#define DISPATCH_TYPE(function, type, instructions, ...) return function##_##type##_plain(__VA_ARGS__)
#define CALL_SUFFICIENT(function, type, ...) function##_##type##_plain(__VA_ARGS__)

#endif

#define INSTRUCTIONS plain
#define TARGET
#define LANES_F32 4
#define LANES_F64 2
#define LOAD_PART(from, count) NAME(load_part)(from, count)
#define STORE_PART(to, x, count) NAME(store_part)(to, x, count)
#include "both_types.h"

#define DISPATCH(function, instructions, is_double, ...)                       \
  if (is_double) { DISPATCH_TYPE(function, f64, instructions, __VA_ARGS__); }  \
  DISPATCH_TYPE(function, f32, instructions, __VA_ARGS__)
