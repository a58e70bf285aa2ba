#include "vector_math.h"

#define LOOPS "vector_math_variants.h"
#include "every_variant.h"

#define ARRAY_FUNCTION(name)                                                   \
  void name##_f32(size_t count, const float *x, float *y) {                    \
    DISPATCH_TYPE(name, f32, widest_instruction_set(), count, x, y);           \
  }                                                                            \
  void name##_f64(size_t count, const double *x, double *y) {                  \
    DISPATCH_TYPE(name, f64, widest_instruction_set(), count, x, y);           \
  }
ARRAY_FUNCTION(vector_exp)
ARRAY_FUNCTION(vector_expm1)
ARRAY_FUNCTION(vector_log1p)
ARRAY_FUNCTION(vector_tanh)
