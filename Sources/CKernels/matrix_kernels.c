#include "matrix_kernels.h"

#include "blocking.h"
#include "shuffles.h"
#include "team.h"

// Parts with fewer multiplications (about twenty microseconds) are not worth waking a thread.
enum { PART_TERMS = 1 << 21 };

#define LOOPS "product_variants.h"
#include "every_variant.h"

// The workspace for blocks of `terms` terms.
static size_t workspace_of(size_t m, size_t n, size_t terms) {
  const size_t rows = m > n ? m : n;
  // Two factors of 6 rows, or one of 12, in each panel.
  const size_t packed = terms * PANEL_ROWS * ((rows + 5) / 6);
  return SMALLER(packed, BLOCK_NUMBERS) + terms * PANEL_COLUMNS;
}

size_t matrix_product_workspace(size_t m, size_t n, size_t k) {
  // Fewer terms can have a longer first part, see even_part. The limit used here makes a workspace for k terms large
  // enough for fewer terms too.
  return k == 0 ? 0 : workspace_of(m, n, SMALLER(k, BLOCK_TERMS));
}

size_t matrix_step_workspace(size_t m, size_t n, size_t k) {
  return workspace_of(m, n, SMALLER(k, MATRIX_STEP_TERMS));
}

void matrix_kernel_set_threads(int threads) { team_set_size(threads); }

int matrix_kernel_threads(void) { return team_size(); }

void matrix_multiply_f32(
    const matrix_product_f32 *product, float *workspace, size_t numbers, instruction_set instructions) {
  DISPATCH_TYPE(multiply_in_parts, f32, instructions, product, workspace, numbers);
}

void matrix_multiply_f64(
    const matrix_product_f64 *product, double *workspace, size_t numbers, instruction_set instructions) {
  DISPATCH_TYPE(multiply_in_parts, f64, instructions, product, workspace, numbers);
}
