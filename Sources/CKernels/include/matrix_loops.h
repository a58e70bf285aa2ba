// Loops over the rows of matrices, of float, or of double where is_double is not 0. Compiled for AVX-512, AVX2 and any
// processor, and chosen at run time.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "instruction_sets.h"

// sums_k ← Σ_s x_sk, or sums_k + Σ_s x_sk where it accumulates: row by row, so that a sum's bits depend on its column
// alone. The rows of x begin at distances of `stride` numbers. sums does not overlap x.
void matrix_sum_rows(
    instruction_set instructions, int is_double, size_t rows, size_t columns, const void *x, size_t stride, void *sums,
    int accumulates);

// Squared errors of rows · columns outputs: y_dot ← 2 (y − t), and z ← 2 u, or 2 where u is null; z may be null.
//
// Returns Σ (y − t)², each row's sum added in double: a row's share has the same bits wherever the row lies.
double matrix_squared_error(
    instruction_set instructions, int is_double, size_t rows, size_t columns, const void *y, const void *t, void *y_dot,
    void *z, const void *u);

// y_k ← x_k scale_k + offset_k in double, rounded once; one pair of scale and offset for all numbers where it is not
// is_per_number.
void matrix_scale_bytes(
    instruction_set instructions, int is_double, size_t count, const uint8_t *x, const double *scale,
    const double *offset, int is_per_number, void *y);
