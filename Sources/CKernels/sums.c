#include "sums.h"

#define LOOPS "sum_variants.h"
#include "every_variant.h"

float sum_magnitudes_f32(size_t count, const float *x) { return CALL_SUFFICIENT(sum_magnitudes, f32, count, x); }

double sum_magnitudes_f64(size_t count, const double *x) { return CALL_SUFFICIENT(sum_magnitudes, f64, count, x); }

float sum_products_f32(size_t count, const float *x, const float *y) {
  return CALL_SUFFICIENT(sum_products, f32, count, x, y);
}

double sum_products_f64(size_t count, const double *x, const double *y) {
  return CALL_SUFFICIENT(sum_products, f64, count, x, y);
}

double sum_squares(int is_double, size_t count, const void *x) {
  return is_double ? CALL_SUFFICIENT(sum_squares, f64, count, x) : CALL_SUFFICIENT(sum_squares, f32, count, x);
}

double scale_summing_squares(int is_double, size_t count, void *x, double factor) {
  return is_double ? CALL_SUFFICIENT(scale_summing_squares, f64, count, x, factor)
                   : CALL_SUFFICIENT(scale_summing_squares, f32, count, x, (float)factor);
}
