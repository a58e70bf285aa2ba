#include "bfloat16.h"

// The length of a block of sums, which stays in the nearest cache while all parts are added to it.
enum { block = 1024 };

#define LOOPS "bfloat16_variants.h"
#include "every_variant.h"

void bfloat16_round(size_t count, const float *x, uint16_t *y) {
  DISPATCH_TYPE(round, f32, widest_instruction_set(), count, x, y);
}

void bfloat16_widen(size_t count, const uint16_t *x, float *y) {
  DISPATCH_TYPE(widen, f32, widest_instruction_set(), count, x, y);
}

void bfloat16_sum(size_t parts, size_t count, const uint16_t *x, uint16_t *y) {
  DISPATCH_TYPE(sum, f32, widest_instruction_set(), parts, count, x, y);
}
