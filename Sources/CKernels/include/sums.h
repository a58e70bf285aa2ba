// Sums over arrays, in an order that depends only on the length: not on the address, the threads or the processor.
// (OpenBLAS's asum for AVX-512 begins at the next cache line.) Number k goes to partial sum k mod 32, or k mod 16 for
// doubles; then the partial sums are added up in halves.
#pragma once
#include <stddef.h>

// Σ |x_k|.
float sum_magnitudes_f32(size_t count, const float *x);
double sum_magnitudes_f64(size_t count, const double *x);

// Σ x_k y_k, each product added with one rounding.
float sum_products_f32(size_t count, const float *x, const float *y);
double sum_products_f64(size_t count, const double *x, const double *y);
