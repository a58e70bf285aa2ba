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

// Σ x_k² of floats, or of doubles if is_double is not 0, added in double. The order of these sums is the
// compiler's, the same on every processor of one architecture.
double sum_squares(int is_double, size_t count, const void *x);

// x_k ← factor x_k, and Σ x_k² of the result, likewise.
double scale_summing_squares(int is_double, size_t count, void *x, double factor);
