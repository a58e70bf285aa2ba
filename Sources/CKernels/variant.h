// One variant of LOOPS: see both_types.h, which includes this file.

#define V JOINED(TYPE, INSTRUCTIONS)
#define NAME(x) JOINED(x, V)
typedef T V __attribute__((ext_vector_type(WIDTH)));

// A vector that may lie at the address of any number.
typedef T NAME(unaligned) __attribute__((ext_vector_type(WIDTH), aligned(sizeof(T)), may_alias));
#define LOAD(from) ((V)*(const NAME(unaligned) *)(from))
#define STORE(to, x) (*(NAME(unaligned) *)(to) = (x))

INLINE V NAME(load_part)(const T *from, size_t count) {
  V x = {0};
  memcpy(&x, from, count * sizeof(T));
  return x;
}
INLINE void NAME(store_part)(T *to, V x, size_t count) { memcpy(to, &x, count * sizeof(T)); }

// Load or store the first `count` numbers of a vector, or all of them if `is_whole`, which is a compile-time constant.
INLINE V NAME(load)(const T *from, size_t count, const int is_whole) {
  return is_whole ? LOAD(from) : LOAD_PART(from, count);
}
INLINE void NAME(store)(T *to, V x, size_t count, const int is_whole) {
  if (is_whole) STORE(to, x);
  else STORE_PART(to, x, count);
}

#if HAVE_LIBMVEC && defined(LIBMVEC_LETTER)
#define LIBMVEC(letter, lanes, function) LIBMVEC_NAME(letter, lanes, function)
#define LIBMVEC_NAME(letter, lanes, function) _ZGV##letter##N##lanes##v_##function
#define EXP LIBMVEC(LIBMVEC_LETTER, WIDTH, LIBM(exp))
#define EXPM1 LIBMVEC(LIBMVEC_LETTER, WIDTH, LIBM(expm1))
#define LOG1P LIBMVEC(LIBMVEC_LETTER, WIDTH, LIBM(log1p))
#define TANH LIBMVEC(LIBMVEC_LETTER, WIDTH, LIBM(tanh))
TARGET V EXP(V);
TARGET V EXPM1(V);
TARGET V LOG1P(V);
TARGET V TANH(V);
#else
// libm's functions, applied number by number.
#define OF_LANES(function)                                       \
  TARGET static inline V NAME(function##_lanes)(V x) {           \
    for (int k = 0; k < WIDTH; k++) x[k] = LIBM(function)(x[k]); \
    return x;                                                    \
  }
OF_LANES(exp)
OF_LANES(expm1)
OF_LANES(log1p)
OF_LANES(tanh)
#undef OF_LANES
#define EXP NAME(exp_lanes)
#define EXPM1 NAME(expm1_lanes)
#define LOG1P NAME(log1p_lanes)
#define TANH NAME(tanh_lanes)
#endif

#include LOOPS

#undef T
#undef TYPE
#undef WIDTH
#undef PACKED
#undef LIBM
#undef V
#undef NAME
#undef LOAD
#undef STORE
#undef LIBMVEC
#undef LIBMVEC_NAME
#undef EXP
#undef EXPM1
#undef LOG1P
#undef TANH
