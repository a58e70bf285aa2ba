// Loops over the rows of matrices of floats, or of doubles if is_double is not 0. They are compiled for AVX-512, AVX2
// and any processor; the variant is chosen at run time.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "instruction_sets.h"

// sums_k ← Σ_s x_sk, or sums_k + Σ_s x_sk if `accumulates` is not 0. Rows are added one by one, so that a sum's bits
// depend on its column alone. The rows of x start `stride` numbers apart. sums does not overlap x.
void matrix_sum_rows(
    instruction_set instructions, int is_double, size_t rows, size_t columns, const void *x, size_t stride, void *sums,
    int accumulates);

// Squared errors of rows · columns outputs: y_dot ← 2 (y − t), and z ← 2 u, or 2 where u is null; z may be null.
//
// Returns Σ (y − t)². The sum of each row is added in double, so a row's share has the same bits wherever the row lies.
double matrix_squared_error(
    instruction_set instructions, int is_double, size_t rows, size_t columns, const void *y, const void *t, void *y_dot,
    void *z, const void *u);

// y_k ← x_k scale_k + offset_k, computed in double and then rounded to the type of y. If is_per_number is 0, one scale
// and one offset apply to all numbers.
void matrix_scale_bytes(
    instruction_set instructions, int is_double, size_t count, const uint8_t *x, const double *scale,
    const double *offset, int is_per_number, void *y);
