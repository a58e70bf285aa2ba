// The loops of matrix_loops.h for one number type and one set of instructions, see every_variant.h.

// Sums `vectors` vectors of columns; the sums stay in registers. The last vector has `last` columns.
INLINE void NAME(sum_block)(
    const int vectors, const int is_whole, size_t rows, size_t last, const T *x, size_t stride, T *sums,
    int accumulates) {
  V sum[4];
#pragma clang loop unroll(full)
  for (int v = 0; v < vectors; v++) {
    sum[v] = accumulates ? NAME(load)(sums + v * WIDTH, last, is_whole || v + 1 < vectors) : (V)(0);
  }
  for (size_t row = 0; row < rows; row++, x += stride) {
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) sum[v] += NAME(load)(x + v * WIDTH, last, is_whole || v + 1 < vectors);
  }
#pragma clang loop unroll(full)
  for (int v = 0; v < vectors; v++) NAME(store)(sums + v * WIDTH, sum[v], last, is_whole || v + 1 < vectors);
}

TARGET static void NAME(sum_rows)(
    size_t rows, size_t columns, const T *x, size_t stride, T *sums, int accumulates) {
  size_t at = 0;
  for (; at + 4 * WIDTH <= columns; at += 4 * WIDTH) {
    NAME(sum_block)(4, 1, rows, WIDTH, x + at, stride, sums + at, accumulates);
  }
  for (; at + WIDTH <= columns; at += WIDTH) {
    NAME(sum_block)(1, 1, rows, WIDTH, x + at, stride, sums + at, accumulates);
  }
  if (at < columns) NAME(sum_block)(1, 0, rows, columns - at, x + at, stride, sums + at, accumulates);
}

// The loss of one vector of a row; adds its squared errors to `sum`.
INLINE V NAME(square_vector)(
    const T *y, const T *t, T *y_dot, T *z, const T *u, V sum, size_t count,
    const int is_whole) {
  const V error = NAME(load)(y, count, is_whole) - NAME(load)(t, count, is_whole);
  NAME(store)(y_dot, 2 * error, count, is_whole);
  if (z != NULL) NAME(store)(z, u == NULL ? (V)(2) : 2 * NAME(load)(u, count, is_whole), count, is_whole);
  return sum + error * error;
}

TARGET static double NAME(squared_error)(
    size_t rows, size_t columns, const T *y, const T *t, T *y_dot, T *z, const T *u) {
  double total = 0;
  for (size_t row = 0; row < rows; row++) {
    // Four sums, so that an addition need not wait for the previous one.
    V sum[4] = {(V)(0), (V)(0), (V)(0), (V)(0)};
    const size_t end = (row + 1) * columns;
    size_t at = row * columns;
#define VECTOR(part, count, is_whole) \
  sum[part] = NAME(square_vector)(    \
      y + at, t + at, y_dot + at, z == NULL ? NULL : z + at, u == NULL ? NULL : u + at, sum[part], count, is_whole)
    while (at + 4 * WIDTH <= end) {
#pragma clang loop unroll(full)
      for (int part = 0; part < 4; part++, at += WIDTH) VECTOR(part, WIDTH, 1);
    }
    for (; at + WIDTH <= end; at += WIDTH) VECTOR(0, WIDTH, 1);
    if (at < end) VECTOR(1, end - at, 0);
#undef VECTOR
    const V all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    double of_row = 0;
    for (int lane = 0; lane < WIDTH; lane++) of_row += (double)all[lane];
    total += of_row;
  }
  return total;
}

// The product is rounded before the addition on every processor, so that the results do not depend on the processor.
TARGET static void NAME(scale_bytes)(
    size_t count, const uint8_t *restrict x, const double *restrict scale, const double *restrict offset,
    int is_per_number, T *restrict y) {
#pragma clang fp contract(off)
  if (is_per_number) {
    for (size_t k = 0; k < count; k++) y[k] = (T)((double)x[k] * scale[k] + offset[k]);
  } else {
    const double factor = scale[0], shift = offset[0];
    for (size_t k = 0; k < count; k++) y[k] = (T)((double)x[k] * factor + shift);
  }
}
