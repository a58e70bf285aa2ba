// Sums over one array, in an order that depends on its length alone: not on where it lies in memory, on threads, or on the
// processor. (OpenBLAS's asum for AVX-512 begins at the next cache line.) Number k goes to partial sum k mod 32, for doubles
// k mod 16; the partial sums are added up in halves.
#pragma once
#include <stddef.h>

// Σ |x_k|.
float sum_magnitudes_f32(size_t count, const float *x);
double sum_magnitudes_f64(size_t count, const double *x);

// Σ x_k y_k, each product added with one rounding.
float sum_products_f32(size_t count, const float *x, const float *y);
double sum_products_f64(size_t count, const double *x, const double *y);
