// Matrix products by an own kernel, for AVX-512, AVX2 and any other processor: one product, or two that share
// their second factor, of which the second product takes the magnitudes.
//
//   C1 ← op(A1) op(B) + β C1 + 1 row1ᵀ,   C2 ← op(A2) op(|B|) + β C2 + column2 1ᵀ
//
// Every sum goes over k in its order, in blocks of a length that depends on k alone: an element of C has the same bits
// whichever rows and columns are computed with it. Nothing is allocated.
#pragma once
#include <stddef.h>

#include "instruction_sets.h"

// Sums of terms that are cut into lanes: each lane is summed up by itself, and the sums are added up in a tree, by a stack of
// levels. A lane's sum overwrites its level, or is added to it; then each of so many levels below takes up the one above it.
// The result is level 0.
typedef struct {
  size_t terms;
  int level, is_added, joins;
} matrix_lane;

// The most terms of a product with lanes, and one more than its highest level.
enum { MATRIX_LANE_TERMS = 192, MATRIX_LANE_LEVELS = 12 };

// The most terms of a product that is a step: with more of them a panel of B and the lines of A leave the first-level cache, and
// sums that are kept in C cost less.
enum { MATRIX_STEP_TERMS = 256 };

// A step that takes the place of the sums: C1 holds W, and
//
//   W ← W − rate g / d,   g = Σ1 per_sample + l2 W + l1 sgn W,   d = Σ2 per_sample + base, 1 where there is one product alone
//
// with Σ1 and Σ2 the products' numbers; W stays where d is 0. Every number has the bits of this formula, operation by
// operation: those of the loops over parameters that take the sums from memory.
#define MATRIX_STEP(T)                    \
  struct {                                \
    T rate, per_sample, l2, l1, base;     \
  }

typedef MATRIX_STEP(float) matrix_step_f32;
typedef MATRIX_STEP(double) matrix_step_f64;

// What A, B and C of a product are. Matrices are row-major; their rows follow one another at distances of lda, ldb and ldc.
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

// The threads that a product may use; 1 until it is set.
void matrix_kernel_set_threads(int threads);
int matrix_kernel_threads(void);

// How many numbers the workspace of a product, or of two, must hold for each thread, and that of one that is a step.
size_t matrix_product_workspace(size_t m, size_t n, size_t k);
size_t matrix_step_workspace(size_t m, size_t n, size_t k);

// numbers: how many the workspace holds; a product uses as many threads as have room in it.
void matrix_multiply_f32(
    const matrix_product_f32 *product, float *workspace, size_t numbers, instruction_set instructions);
void matrix_multiply_f64(
    const matrix_product_f64 *product, double *workspace, size_t numbers, instruction_set instructions);
