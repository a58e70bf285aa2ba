// What an activation layer does with every number of a minibatch, in one pass over the arrays each way. Compiled for
// AVX-512, AVX2 and any processor, and chosen at run time. A number's result has the same bits wherever it lies.
#pragma once
#include <stddef.h>

#include "instruction_sets.h"

// The functions. To add one is its name here and its case in `forward_vector` of activation_variants.h; where σ' and σ'' follow
// from σ itself, so that the way back needs no other memory of the way forward, in `derive_of_value` too.
#define ACTIVATIONS_OF_VALUE(EACH) EACH(identity) EACH(tanh) EACH(relu) EACH(leaky_relu) EACH(elu)
#define OTHER_ACTIVATIONS(EACH) EACH(sigmoid) EACH(softplus) EACH(swish)

#define ENTRY(name) activation_##name,
typedef enum { ACTIVATIONS_OF_VALUE(ENTRY) OTHER_ACTIVATIONS(ENTRY) } activation_function;
#undef ENTRY

// Whether σ' and σ'' follow from σ.
int activation_has_derivatives_of_value(activation_function function);

// The arrays are of float, or of double where is_double is not 0, and do not overlap but where that is said.
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
  void *y_dot;                       // in place: Ẏ σ'
  void *z;                           // in place: | Z |σ'| + Ẏ σ'' u |, or null
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

// The squared error of outputs that an activation made, with both signals below it, in one pass.
//
// Returns Σ (y − t)², each row's sum added in double: a row's share has the same bits wherever the row lies.
double activation_squared_error(const activation_error_pass *pass);
