#include "activation_loops.h"

#define LOOPS "activation_variants.h"
#include "every_variant.h"

int activation_has_derivatives_of_value(activation_function function) {
  switch (function) {
    case activation_identity:
    case activation_tanh:
    case activation_relu:
    case activation_leaky_relu:
    case activation_elu: return 1;
    case activation_sigmoid:
    case activation_softplus:
    case activation_swish: return 0;
  }
}

void activation_forward(const activation_forward_pass *pass) {
  DISPATCH(forward, pass->instructions, pass->is_double, pass);
}

void activation_backward(const activation_backward_pass *pass) {
  DISPATCH(backward, pass->instructions, pass->is_double, pass);
}

double activation_squared_error(const activation_error_pass *pass) {
  DISPATCH(squared_error, pass->instructions, pass->is_double, pass);
}
