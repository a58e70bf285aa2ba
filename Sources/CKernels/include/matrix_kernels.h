// Matrix products by the program's own kernels, for AVX-512, AVX2 and any other processor: one product, or two that
// share their second factor, where the second product uses the magnitudes of that factor.
//
//   C1 ← op(A1) op(B) + β C1 + 1 row1ᵀ,   C2 ← op(A2) op(|B|) + β C2 + column2 1ᵀ
//
// Every sum adds its terms in their order, in blocks whose length depends only on k. So the bits of an element of C do
// not depend on which rows and columns are computed with it. Nothing is allocated.
#pragma once
#include <stddef.h>

#include "instruction_sets.h"

// Sums of terms that are split into lanes: each lane is summed by itself, and the sums are added in a tree, with a
// stack of levels. A lane's sum overwrites its level or, if is_added, is added to it. Then, `joins` times, a level is
// added to the level below it, starting at the lane's level. The result is level 0.
typedef struct {
  size_t terms;
  int level, is_added, joins;
} matrix_lane;

// The largest number of terms of a product with lanes, and one more than its highest level.
enum { MATRIX_LANE_TERMS = 192, MATRIX_LANE_LEVELS = 12 };

// The largest number of terms of a product that is a step. With more terms, a panel of B and the lines of A leave the
// first-level cache, and sums that are stored in C cost less.
enum { MATRIX_STEP_TERMS = 256 };

// A step that is taken instead of storing the sums: C1 holds W, and
//
//   W ← W − rate g / d,   g = Σ1 per_sample + l2 W + l1 sgn W,   d = Σ2 per_sample + base, 1 where there is one product alone
//
// with Σ1 and Σ2 the elements of the two products; W does not change where d is 0. Every operation of the formula is
// rounded, so the bits are those of the loops over parameters, which read the sums from memory.
#define MATRIX_STEP(T)                    \
  struct {                                \
    T rate, per_sample, l2, l1, base;     \
  }

typedef MATRIX_STEP(float) matrix_step_f32;
typedef MATRIX_STEP(double) matrix_step_f64;

// The matrices A, B and C of a product. They are row-major; lda, ldb and ldc are the distances between two rows.
#define MATRIX_PRODUCT(T, STEP)                                                                 \
  struct {                                                                                      \
    /* op(A) [m × k], op(B) [k × n], C [m × n]. */                                              \
    size_t m, n, k;                                                                             \
    /* Of a product alone one A and one C are given, the other two are null. */                 \
    const T *a1, *a2;                                                                           \
    size_t lda;                                                                                 \
    int transpose_a;                                                                            \
    const T *b;                                                                                 \
    size_t ldb;                                                                                 \
    int transpose_b;                                                                            \
    T *c1, *c2;                                                                                 \
    size_t ldc;                                                                                 \
    /* 0 ignores what C held. */                                                                \
    T beta;                                                                                     \
    /* Null, or what is added to every row of C1, and to every column of C2 where there are two products. */ \
    const T *row1, *column2;                                                                    \
    /* The lanes of the terms, which they add up to, or none. */                                \
    const matrix_lane *lanes;                                                                   \
    size_t lane_count;                                                                          \
    /* Null, or a step that is taken; then k is from 1 to MATRIX_STEP_TERMS, c2 null, and there are no lanes. */ \
    const STEP *step;                                                                           \
  }

typedef MATRIX_PRODUCT(float, matrix_step_f32) matrix_product_f32;
typedef MATRIX_PRODUCT(double, matrix_step_f64) matrix_product_f64;

// The number of threads that a product may use; 1 until it is set.
void matrix_kernel_set_threads(int threads);
int matrix_kernel_threads(void);

// How many numbers the workspace must hold for each thread: for one product or two, and for a product that is a step.
size_t matrix_product_workspace(size_t m, size_t n, size_t k);
size_t matrix_step_workspace(size_t m, size_t n, size_t k);

// numbers: how many numbers the workspace holds. A product uses no more threads than have room in it.
void matrix_multiply_f32(
    const matrix_product_f32 *product, float *workspace, size_t numbers, instruction_set instructions);
void matrix_multiply_f64(
    const matrix_product_f64 *product, double *workspace, size_t numbers, instruction_set instructions);
