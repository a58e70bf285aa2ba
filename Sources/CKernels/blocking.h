// How a product is cut into blocks. BLOCK_TERMS decides about the bits of a result, the others about time alone.
#pragma once
#include <stddef.h>

#define SMALLER(a, b) ((a) < (b) ? (a) : (b))
// How many numbers the vectors hold in which `count` numbers fit.
#define WHOLE_VECTORS(count) (((count) + WIDTH - 1) / WIDTH * WIDTH)

// The most terms of a block of sums: a panel of B, of so many rows and two vectors, stays in the first-level cache.
#define BLOCK_TERMS MATRIX_LANE_TERMS
// The most columns of a panel of B: two vectors of 16.
#define PANEL_COLUMNS 32
// The most numbers of a packed block of A, and of a block of A that is read where it lies: they stay in the second-level
// cache.
#define BLOCK_NUMBERS (320 * 192)
#define DIRECT_NUMBERS 100000
// The most panels of B for which A is not packed.
#define DIRECT_PANELS 4
// Lines at a distance of a multiple of so many bytes fall into an eighth of the first-level cache at most.
#define CROWDED_BYTES 512
// The most numbers of C whose sums are finished before the next ones are begun: half a second-level cache of floats.
#define BLOCK_RESULTS (1 << 17)
// The most numbers that a panel of packed A has for each term.
#define PANEL_ROWS 16

// How many vectors a result has whose rows are cut into vectors, and what it costs to turn a number of it, in
// multiplications of vectors.
#define VECTORS(rows, columns) ((rows) * (((columns) + WIDTH - 1) / WIDTH))
#define TURN 3

// The length of the first of the even parts into which `count` is cut, none longer than `most`.
static inline size_t even_part(size_t count, size_t most) {
  size_t parts = (count + most - 1) / most;
  return (count + parts - 1) / parts;
}

// The largest multiple of `step` up to `count`, but at least `step`.
static inline size_t whole_steps(size_t count, size_t step) { return count < step ? step : count / step * step; }
