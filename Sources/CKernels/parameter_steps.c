#include "parameter_steps.h"
#include "vector_math.h"

#define LOOPS "parameter_variants.h"
#include "every_variant.h"

#define OF_BLOCK(function, block, ...) \
  DISPATCH(function, (block)->instructions, (block)->is_double, block, __VA_ARGS__)

partitioning_measures partitioning_take_up(
    const parameter_block *block, const void *origin, void *s, double keep, double gain) {
  OF_BLOCK(take_up, block, origin, s, keep, gain);
}

void partitioning_move(const parameter_block *block, double scale) { OF_BLOCK(move, block, scale); }

void parameters_descend(const parameter_block *block, double rate) { OF_BLOCK(descend, block, rate); }

void parameters_step_by_adam(const parameter_block *block, double rate) { OF_BLOCK(adam, block, rate); }

void parameters_divide(const parameter_block *block, double rate) { OF_BLOCK(divide, block, rate); }

parameter_squares parameters_average(const parameter_block *block) {
  return block->is_double ? CALL_SUFFICIENT(average, f64, block) : CALL_SUFFICIENT(average, f32, block);
}

double parameters_decrease(const parameter_block *block, const void *after) {
  return block->is_double ? CALL_SUFFICIENT(decrease, f64, block, after) : CALL_SUFFICIENT(decrease, f32, block, after);
}
