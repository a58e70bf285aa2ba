// Numbers of 16 bits that are the upper halves of floats, with the same exponents and 8 bits of precision. The loops
// over arrays use vectors where the processor has AVX2 or AVX-512; the bits do not depend on the processor.
#pragma once
#include <stddef.h>
#include <stdint.h>

// y[k] ← x[k] rounded to nearest, ties to even. The relative error is at most 2^-8, or the absolute error at most
// 2^-134. Numbers that are too large become infinite; NaN stays NaN.
void bfloat16_round(size_t count, const float *x, uint16_t *y);

// y[k] ← x[k], exactly.
void bfloat16_widen(size_t count, const uint16_t *x, float *y);

// y[k] ← Σ_p x[p, k] for x [parts × count], added in float in the order of the parts and rounded once. y does not overlap x.
void bfloat16_sum(size_t parts, size_t count, const uint16_t *x, uint16_t *y);
