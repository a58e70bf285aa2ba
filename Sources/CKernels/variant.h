// One variant of LOOPS: see every_variant.h, which includes this.

// A vector of which `count` numbers are there; `is_whole` is a constant where it is inlined.
INLINE V NAME(load)(const SCALAR *from, size_t count, const int is_whole) {
  return is_whole ? LOAD(from) : LOAD_PART(from, count);
}
INLINE void NAME(store)(SCALAR *to, V x, size_t count, const int is_whole) {
  if (is_whole) STORE(to, x);
  else STORE_PART(to, x, count);
}

#ifndef EXP
// libm's functions of one number.
#define OF_LANES(name, f32, f64)                                                                       \
  ISA static inline V NAME(name##_lanes)(V x) {                                                         \
    for (int k = 0; k < LANES; k++) x[k] = sizeof(SCALAR) == sizeof(float) ? f32((float)x[k]) : f64(x[k]); \
    return x;                                                                                          \
  }
OF_LANES(exp, expf, exp)
OF_LANES(expm1, expm1f, expm1)
OF_LANES(log1p, log1pf, log1p)
OF_LANES(tanh, tanhf, tanh)
#undef OF_LANES
#define EXP NAME(exp_lanes)
#define EXPM1 NAME(expm1_lanes)
#define LOG1P NAME(log1p_lanes)
#define TANH NAME(tanh_lanes)
#endif

#include LOOPS

#undef SCALAR
#undef V
#undef LANES
#undef NAME
#undef LOAD
#undef STORE
#undef LOAD_PART
#undef STORE_PART
#undef EXP
#undef EXPM1
#undef LOG1P
#undef TANH
