// The loops of an activation layer over all numbers of a minibatch, with one pass over the arrays in each direction.
// They are compiled for AVX-512, AVX2 and any processor; the variant is chosen at run time. A number's result has the
// same bits wherever it lies.
#pragma once
#include <stddef.h>

#include "instruction_sets.h"

// The functions. To add one, add its name here and its case in `forward_vector` of activation_variants.h. If σ' and σ''
// follow from σ itself, add its name to the first list and its case to `derive_of_value` too: the backward pass then
// needs nothing else from the forward pass.
#define ACTIVATIONS_OF_VALUE(EACH) EACH(identity) EACH(tanh) EACH(relu) EACH(leaky_relu) EACH(elu)
#define OTHER_ACTIVATIONS(EACH) EACH(sigmoid) EACH(softplus) EACH(swish)

#define ENTRY(name) activation_##name,
typedef enum { ACTIVATIONS_OF_VALUE(ENTRY) OTHER_ACTIVATIONS(ENTRY) } activation_function;
#undef ENTRY

// Whether σ' and σ'' follow from σ.
int activation_has_derivatives_of_value(activation_function function);

// The arrays hold floats, or doubles if is_double is not 0. They do not overlap unless a field says so.
typedef struct {
  activation_function function;
  instruction_set instructions;
  int is_double;
  size_t count;
  const void *z;
  void *y;                     // σ(z); may be z itself
  void *slopes, *curvatures;   // σ'(z) and σ''(z), or null
  const void *u;               // the total gradient below, or null
  void *u_above;               // |σ'(z)| u (M5), or null with u
} activation_forward_pass;

void activation_forward(const activation_forward_pass *pass);

typedef struct {
  activation_function function;
  instruction_set instructions;
  int is_double;
  size_t count;
  const void *y;                     // σ(z), for functions that have their derivatives of it; else null
  const void *slopes, *curvatures;   // σ'(z) and σ''(z) where y is null; σ'' not where z is null
  const void *u;                     // the total gradient below, or null with z
  double scale, u_scale;             // powers of two, which may be out of range together
  void *y_dot;                       // in place: Ẏ σ'
  void *z;                           // in place: | Z |σ'| + (scale Ẏ) σ'' (u_scale u) |, or null
} activation_backward_pass;

// (M8)
void activation_backward(const activation_backward_pass *pass);

typedef struct {
  activation_function function;  // one that has its derivatives of its value
  instruction_set instructions;
  int is_double;
  size_t rows, columns;
  const void *y, *t;  // outputs y = σ(z) and targets
  const void *u;      // the total gradient below the activation, or null with z
  void *y_dot;        // 2 (y − t) σ'
  void *z;            // what (M5), (M6) with h = 2 and (M8) make of u below, or null
} activation_error_pass;

// The squared error of the outputs of an activation, with both signals below the activation, in one pass.
//
// Returns Σ (y − t)². The sum of each row is added in double, so a row's share has the same bits wherever the row lies.
double activation_squared_error(const activation_error_pass *pass);
