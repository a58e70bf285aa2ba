// How a product is split into blocks. BLOCK_TERMS affects the bits of a result, the other constants only the time.
#pragma once
#include <stddef.h>

#define SMALLER(a, b) ((a) < (b) ? (a) : (b))
// `count`, rounded up to whole vectors.
#define WHOLE_VECTORS(count) (((count) + WIDTH - 1) / WIDTH * WIDTH)

// The largest number of terms of a block of sums: a panel of B with so many rows of two vectors stays in the
// first-level cache.
#define BLOCK_TERMS MATRIX_LANE_TERMS
// The largest number of columns of a panel of B: two vectors of 16.
#define PANEL_COLUMNS 32
// The largest sizes, in numbers, of a packed block of A and of a block of A that is read in place. Both stay in the
// second-level cache.
#define BLOCK_NUMBERS (320 * 192)
#define DIRECT_NUMBERS 100000
// Cache lines whose distances are multiples of so many bytes fall into at most an eighth of the first-level cache.
#define CROWDED_BYTES 512
// Rows at such distances leave no room in it for the rows of two tiles.
#define CROWDED_ROWS_BYTES 2048
// The largest number of elements that a packed panel of A has for each term.
#define PANEL_ROWS 16

// The number of vectors of a result whose rows are split into vectors, and the cost of transposing one element of a
// result, in multiplications of vectors.
#define VECTORS(rows, columns) ((rows) * (((columns) + WIDTH - 1) / WIDTH))
#define TURN 3

// The length of the first part when `count` is split into even parts, none longer than `most`.
static inline size_t even_part(size_t count, size_t most) {
  size_t parts = (count + most - 1) / most;
  return (count + parts - 1) / parts;
}

// The largest multiple of `step` up to `count`, but at least `step`.
static inline size_t whole_steps(size_t count, size_t step) { return count < step ? step : count / step * step; }
