#include "parameter_steps.h"

// Every variant of the loops: float and double, for AVX-512, for AVX2 and for any processor.
#define CONCATENATED(a, b) a##_##b
#define JOINED(a, b) CONCATENATED(a, b)

// The loop of a block's number type.
#define TYPED(function, block, ...) \
  ((block)->is_double ? JOINED(function, f64)(block, __VA_ARGS__) : JOINED(function, f32)(block, __VA_ARGS__))

#define SCALAR float
#define SQRT __builtin_sqrtf
#define ABS __builtin_fabsf

#define ISA
#define NAME(x) JOINED(x, f32)
#include "parameter_loops.inc"
#undef ISA
#undef NAME

#if defined(__x86_64__)
#define ISA __attribute__((target("avx2,fma")))
#define NAME(x) JOINED(x, f32_avx2)
#include "parameter_loops.inc"
#undef ISA
#undef NAME

#define ISA __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma")))
#define NAME(x) JOINED(x, f32_avx512)
#include "parameter_loops.inc"
#undef ISA
#undef NAME
#endif

#undef SCALAR
#undef SQRT
#undef ABS
#define SCALAR double
#define SQRT __builtin_sqrt
#define ABS __builtin_fabs

#define ISA
#define NAME(x) JOINED(x, f64)
#include "parameter_loops.inc"
#undef ISA
#undef NAME

#if defined(__x86_64__)
#define ISA __attribute__((target("avx2,fma")))
#define NAME(x) JOINED(x, f64_avx2)
#include "parameter_loops.inc"
#undef ISA
#undef NAME

#define ISA __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma")))
#define NAME(x) JOINED(x, f64_avx512)
#include "parameter_loops.inc"
#undef ISA
#undef NAME

#define TYPED_FOR(isa, function, block, ...)                          \
  ((block)->is_double ? JOINED(function, f64_##isa)(block, __VA_ARGS__) \
                      : JOINED(function, f32_##isa)(block, __VA_ARGS__))

#define VARIANT(function, block, ...)                                                     \
  switch ((block)->instructions) {                                                             \
    case instructions_avx512: return TYPED_FOR(avx512, function, block, __VA_ARGS__);         \
    case instructions_avx2: return TYPED_FOR(avx2, function, block, __VA_ARGS__);             \
    case instructions_plain: break;                                                   \
  }                                                                                        \
  return TYPED(function, block, __VA_ARGS__)

#else

#define VARIANT(function, block, ...) return TYPED(function, block, __VA_ARGS__)

#endif

partitioning_measures partitioning_take_up(
    const parameter_block *block, const void *origin, void *s, double keep, double gain) {
  VARIANT(take_up, block, origin, s, keep, gain);
}

void partitioning_move(const parameter_block *block, double scale) { VARIANT(move, block, scale); }

void parameters_descend(const parameter_block *block, double rate) { VARIANT(descend, block, rate); }

void parameters_step_by_adam(const parameter_block *block, double rate) { VARIANT(adam, block, rate); }

void parameters_divide(const parameter_block *block, double rate) { VARIANT(divide, block, rate); }
