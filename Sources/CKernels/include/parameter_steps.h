// The loops of the most common steps, compiled for AVX-512, AVX2 and any processor; the variant is chosen at run time.
// Residual partitioning with both averages, an adaptive layer scale and a found step length needs two passes: one
// before the length is known and one after it. The other steps need one pass.
#pragma once
#include <stddef.h>

#include "instruction_sets.h"

// A block of parameters, or a part of it. All arrays hold floats, or doubles if is_double is not 0.
typedef struct {
  size_t count;
  instruction_set instructions;
  int is_double;
  void *w;
  const void *w_dot;   // Ẇ
  const void *w_ddot;  // Ẅ; null where it was not computed: v then stays
  void *m;
  void *v;
  double per_sample;  // 1/S
  double w_ddot_per_sample;  // 1/S, times a power of two where Ẅ has an exponent: the factor of Ẅ
  double l2, l1;      // ρ₂ and ρ₁
  double m_decay, v_decay;            // β₁ and β₂
  double m_correction, v_correction;  // 1/(1 − βᵗ)
  double base;  // what is added to v̂
  int is_root;  // whether the denominator is √(v̂ + base), not v̂ + base
} parameter_block;

// The measures of the first loop, summed in double.
typedef struct {
  double product;    // Σ g (w₀ − w)
  double magnitude;  // Σ |s|
  double squares;    // Σ (g/d)², d the denominator; 0 where it is 0
} partitioning_measures;

// g = Ẇ/S + ∇R; s ← keep s + gain g, m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) Ẅ/S. w does not change.
partitioning_measures partitioning_take_up(
    const parameter_block *block, const void *origin, void *s, double keep, double gain);

// w ← w − scale m̂/d; the step is 0 where d is 0.
void partitioning_move(const parameter_block *block, double scale);

// Steps of one pass, with the gradient g = Ẇ/S + ∇R. Each step uses only those fields of a block that its formula
// names.

// (M17) w ← w − rate g.
void parameters_descend(const parameter_block *block, double rate);

// (M17) m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², w ← w − rate m̂/(√v̂ + base).
void parameters_step_by_adam(const parameter_block *block, double rate);

// (M11) w ← w − rate g/d with d = Ẅ/S + base or its root; w does not change where d is 0.
void parameters_divide(const parameter_block *block, double rate);

// Parts of steps. Their sums have the same bits on every processor of one architecture; they do not see `instructions`.

typedef struct {
  double gradient, average;
} parameter_squares;

// m ← β₁ m + (1 − β₁) g, with Σ g² and Σ m² of the result, summed in double. With β₁ = 0, m ← g.
parameter_squares parameters_average(const parameter_block *block);

// (M15) Σ g (w − after), of terms in double.
double parameters_decrease(const parameter_block *block, const void *after);
