// Elementwise functions over arrays, by glibc's vector library libmvec (at most 4 ulp) where the processor has AVX2 or
// AVX-512, by libm elsewhere. x and y may be the same array. The last, partial vector goes through the same vector
// function as the others, so an element's bits do not depend on its place in the array.
#pragma once
#include <stddef.h>

void vector_exp_f32(size_t count, const float *x, float *y);
void vector_exp_f64(size_t count, const double *x, double *y);
void vector_log1p_f32(size_t count, const float *x, float *y);
void vector_log1p_f64(size_t count, const double *x, double *y);

// a + b in a sum whose order the compiler may choose, so that a loop of it is computed in vectors. The order is part of
// the program: the same numbers give the same bits.
static inline double relaxed_add(double a, double b) {
#pragma clang fp reassociate(on)
  return a + b;
}
