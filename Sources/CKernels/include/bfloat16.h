// Numbers of 16 bits that are the upper halves of floats: the same exponents, 8 bits of precision. Loops over arrays, in
// vectors where the processor has AVX2 or AVX-512; the bits do not depend on which.
#pragma once
#include <stddef.h>
#include <stdint.h>

// y[k] ← x[k] rounded to nearest, ties to even: at most 2^-8 off relatively, or 2^-134. What is too large becomes infinite;
// a NaN stays one.
void bfloat16_round(size_t count, const float *x, uint16_t *y);

// y[k] ← x[k], exactly.
void bfloat16_widen(size_t count, const uint16_t *x, float *y);

// y[k] ← Σ_p x[p, k] for x [parts × count], added in float in the order of the parts and rounded once. y does not overlap x.
void bfloat16_sum(size_t parts, size_t count, const uint16_t *x, uint16_t *y);
