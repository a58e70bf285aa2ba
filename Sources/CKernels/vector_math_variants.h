// The loops of vector_math.h for one number type and one set of instructions, see every_variant.h.

#define ARRAY_LOOP(name, FUNCTION)                                                                   \
  TARGET static void NAME(name)(size_t count, const T *x, T *y) {                                    \
    size_t at = 0;                                                                                   \
    for (; at + WIDTH <= count; at += WIDTH) STORE(y + at, FUNCTION(LOAD(x + at)));                  \
    if (at < count) STORE_PART(y + at, FUNCTION(LOAD_PART(x + at, count - at)), count - at);         \
  }
ARRAY_LOOP(vector_exp, EXP)
ARRAY_LOOP(vector_log1p, LOG1P)
#undef ARRAY_LOOP
