#include "vector_math.h"

#define LOOPS "vector_math_variants.h"
#include "every_variant.h"

void vector_exp_f32(size_t count, const float *x, float *y) {
  DISPATCH_TYPE(vector_exp, f32, widest_instruction_set(), count, x, y);
}

void vector_exp_f64(size_t count, const double *x, double *y) {
  DISPATCH_TYPE(vector_exp, f64, widest_instruction_set(), count, x, y);
}

void vector_log1p_f32(size_t count, const float *x, float *y) {
  DISPATCH_TYPE(vector_log1p, f32, widest_instruction_set(), count, x, y);
}

void vector_log1p_f64(size_t count, const double *x, double *y) {
  DISPATCH_TYPE(vector_log1p, f64, widest_instruction_set(), count, x, y);
}
