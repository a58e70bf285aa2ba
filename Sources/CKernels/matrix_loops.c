#include "matrix_loops.h"

#define LOOPS "matrix_variants.h"
#include "every_variant.h"

void matrix_sum_rows(
    instruction_set instructions, int is_double, size_t rows, size_t columns, const void *x, size_t stride, void *sums,
    int accumulates) {
  DISPATCH(sum_rows, instructions, is_double, rows, columns, x, stride, sums, accumulates);
}

double matrix_squared_error(
    instruction_set instructions, int is_double, size_t rows, size_t columns, const void *y, const void *t, void *y_dot,
    void *z, const void *u) {
  DISPATCH(squared_error, instructions, is_double, rows, columns, y, t, y_dot, z, u);
}

void matrix_scale_bytes(
    instruction_set instructions, int is_double, size_t count, const uint8_t *x, const double *scale,
    const double *offset, int is_per_number, void *y) {
  DISPATCH(scale_bytes, instructions, is_double, count, x, scale, offset, is_per_number, y);
}
