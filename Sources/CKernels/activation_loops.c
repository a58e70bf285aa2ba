#include "activation_loops.h"

#define LOOPS "activation_variants.h"
#include "every_variant.h"

int activation_has_derivatives_of_value(activation_function function) {
#define CASE(name) case activation_##name:
  switch (function) {
    ACTIVATIONS_OF_VALUE(CASE) return 1;
    OTHER_ACTIVATIONS(CASE) return 0;
  }
#undef CASE
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
