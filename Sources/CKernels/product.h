// The products for one precision and one set of instructions. The including file defines
//   T, V, WIDTH      the number type, its vector, and how many numbers a vector has
//   PRODUCT, STEP    the types of a product and of a step
//   ROWS             the largest number of rows of a tile: ROWS × 2 vectors of sums stay in registers
//   NAME(x), TARGET  the name of a function, and its attribute
//   PACKS_TERMS      whether A is packed where the rows of op(A) are the columns of A
//   DIRECT_PANELS    the largest number of panels of B for which A is read in place
//   DIRECT_TILES     the largest number of tiles of A's rows for which a panel of B is read in place
//   BLOCK_RESULTS    the largest number of elements of C that are finished before the next ones begin
//   LOAD, STORE, LOAD_PART, STORE_PART, FMA, MAGNITUDE
//   DROP_SIGNS(x)    x = MAGNITUDE(x), in the register of x
//   load_columns

// op(A) of one product, or of two. `magnitude`: |A| in place of A, with one product only. If `transposed`, the numbers
// of a column of op(A) are contiguous, otherwise the numbers of a row. `is_ahead`: the rows come from memory.
typedef struct {
  const T *a1, *a2;
  size_t lda;
  int transposed, magnitude, is_ahead;
} NAME(factor);

// Columns of B.
typedef struct {
  const T *b;
  size_t ldb, columns;
} NAME(panel);

// C; whether it holds sums of earlier terms; the row and the column that are added to C1 and C2 with the first terms;
// the lanes of the terms; and the step that is taken instead of storing sums. See MATRIX_PRODUCT.
typedef struct {
  T *c1, *c2;
  size_t ldc;
  T beta;
  int accumulates;
  const T *row1, *column2;
  const matrix_lane *lanes;
  size_t lane_count;
  const STEP *step;
} NAME(place);

// The sums of one tile: `rows` rows of the first product, and as many of the second where there are two, each with
// `vectors` vectors of columns. For each k, the columns of B are contiguous. The rows of A1 and A2 are contiguous if A
// is `transposed`; otherwise they are lda numbers apart. `is_ahead`: the rows of the next tile are fetched.
INLINE void NAME(add_up)(
    const int transposed, const int is_ahead, const int rows, const int factors, const int vectors, size_t k,
    const T *a1, const T *a2, size_t lda, const T *b, size_t ldb, V sum[ROWS][2]) {
#pragma clang loop unroll(full)
  for (int r = 0; r < rows * factors; r++) sum[r][0] = sum[r][1] = (V)(0);

  const size_t row = transposed ? 1 : lda, term = transposed ? lda : 1;
  // Each term fetches from another row: in a cache line of 16 floats every row has its turn.
  const size_t turns = rows > 8 ? 16 : rows > 4 ? 8 : rows > 2 ? 4 : rows;
  __attribute__((code_align(64))) for (; k > 0; k--, a1 += term, a2 += term, b += ldb) {
    if (is_ahead) {
      const size_t next = (rows + k % turns) * lda;
      __builtin_prefetch(a1 + next);
      if (factors > 1) __builtin_prefetch(a2 + next);
    }
    V b0 = LOAD(b), b1 = vectors > 1 ? LOAD(b + WIDTH) : b0;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows * factors; r++) {
      if (r == rows) {
        DROP_SIGNS(b0);
        DROP_SIGNS(b1);
      }
      V x = (V)(r < rows ? a1[r * row] : a2[(r - rows) * row]);
      sum[r][0] = FMA(x, b0, sum[r][0]);
      if (vectors > 1) sum[r][1] = FMA(x, b1, sum[r][1]);
    }
  }
}

// One tile of C, whose last vector has `last` columns. Adds a row to C1 and a column to C2, unless they are null.
INLINE void NAME(tile)(
    const int transposed, const int is_ahead, const int rows, const int factors, const int vectors, size_t k,
    const T *a1, const T *a2, size_t lda, const T *b, size_t ldb, T *c1, T *c2, size_t ldc, T beta, size_t last,
    const T *row1, const T *column2) {
  T *c[ROWS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows * factors; r++) {
    c[r] = r < rows ? c1 + r * ldc : c2 + (r - rows) * ldc;
    __builtin_prefetch(c[r], 1);
    __builtin_prefetch(c[r] + (vectors - 1) * WIDTH + last - 1, 1);
  }
  V sum[ROWS][2];
  NAME(add_up)(transposed, is_ahead, rows, factors, vectors, k, a1, a2, lda, b, ldb, sum);

  const int end = vectors - 1, is_whole = last == WIDTH;
  if (beta != 0) {
#pragma clang loop unroll(full)
    for (int r = 0; r < rows * factors; r++) {
      if (vectors > 1) sum[r][0] += beta * LOAD(c[r]);
      sum[r][end] += beta * (is_whole ? LOAD(c[r] + end * WIDTH) : LOAD_PART(c[r] + end * WIDTH, last));
    }
  }
  if (row1 != NULL) {
    V x[2];
    x[0] = vectors > 1 ? LOAD(row1) : (V)(0);
    x[end] = is_whole ? LOAD(row1 + end * WIDTH) : LOAD_PART(row1 + end * WIDTH, last);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      if (vectors > 1) sum[r][0] += x[0];
      sum[r][end] += x[end];
    }
  }
  if (factors > 1 && column2 != NULL) {
#pragma clang loop unroll(full)
    for (int r = rows; r < rows * factors; r++) {
      const V x = (V)(column2[r - rows]);
      if (vectors > 1) sum[r][0] += x;
      sum[r][end] += x;
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows * factors; r++) {
    if (vectors > 1) STORE(c[r], sum[r][0]);
    if (is_whole) STORE(c[r] + end * WIDTH, sum[r][end]);
    else STORE_PART(c[r] + end * WIDTH, sum[r][end], last);
  }
}

// W after a step, computed from the elements of the products. Each operation is rounded separately.
INLINE V NAME(stepped)(const int factors, const int has_l1, V w, V sum1, V sum2, const STEP *step) {
#pragma clang fp contract(off)
  typedef __typeof__(w > w) mask;
  V g = sum1 * step->per_sample + step->l2 * w;
  // Without l1, its term is a zero of either sign. The sign matters only for a weight of zero, whose term is the +0
  // added here.
  if (has_l1) g += (V)(((w > 0) & (mask)(V)(step->l1)) | ((w < 0) & (mask)(V)(-step->l1)));
  else g += 0;
  if (factors == 1) return w - step->rate * g;
  const V d = sum2 * step->per_sample + step->base;
  return w - (V)((d != 0) & (mask)(step->rate * g / d));
}

// Updates the rows of W from the sums of their tile.
INLINE void NAME(move)(
    const int rows, const int factors, const int vectors, const int has_l1, const V sum[ROWS][2], T *w, size_t ldw,
    size_t last, const STEP *step) {
  const int end = vectors - 1, is_whole = last == WIDTH, second = rows * (factors - 1);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++, w += ldw) {
    if (vectors > 1) STORE(w, NAME(stepped)(factors, has_l1, LOAD(w), sum[r][0], sum[second + r][0], step));
    T *at = w + end * WIDTH;
    const V moved = NAME(stepped)(
        factors, has_l1, is_whole ? LOAD(at) : LOAD_PART(at, last), sum[r][end], sum[second + r][end], step);
    if (is_whole) STORE(at, moved);
    else STORE_PART(at, moved, last);
  }
}

// Takes the step of one tile of W; see `tile`.
INLINE void NAME(moving_tile)(
    const int rows, const int factors, const int vectors, size_t k, const T *a1, const T *a2, size_t lda, const T *b,
    size_t ldb, T *w, size_t ldw, size_t last, const STEP *step) {
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    for (int v = 0; v < vectors; v++) __builtin_prefetch(w + r * ldw + v * WIDTH, 1);
    __builtin_prefetch(w + r * ldw + (vectors - 1) * WIDTH + last - 1, 1);
  }
  V sum[ROWS][2];
  const size_t terms = even_part(k, BLOCK_TERMS);
  NAME(add_up)(1, 0, rows, factors, vectors, terms, a1, a2, lda, b, ldb, sum);
  // Later blocks of terms, added in the same order as sums that are stored in C.
  for (size_t p = terms; p < k; p += terms) {
    V first[ROWS][2];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows * factors; r++) {
      first[r][0] = sum[r][0];
      first[r][1] = sum[r][1];
    }
    NAME(add_up)(
        1, 0, rows, factors, vectors, SMALLER(terms, k - p), a1 + p * lda, a2 + p * lda, lda, b + p * ldb, ldb, sum);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows * factors; r++) {
      sum[r][0] += first[r][0];
      sum[r][1] += first[r][1];
    }
  }

  if (step->l1 == 0) NAME(move)(rows, factors, vectors, 0, sum, w, ldw, last, step);
  else NAME(move)(rows, factors, vectors, 1, sum, w, ldw, last, step);
}

typedef void NAME(tile_function)(
    size_t k, const T *a1, const T *a2, size_t lda, const T *b, size_t ldb, T *c1, T *c2, size_t ldc, T beta,
    size_t last, const T *row1, const T *column2, const STEP *step);

#define TILE_FUNCTION(order, rows, factors, vectors, ...)                                                  \
  TARGET static void NAME(tile_##order##_##rows##_##factors##_##vectors)(                                  \
      size_t k, const T *a1, const T *a2, size_t lda, const T *b, size_t ldb, T *c1, T *c2, size_t ldc,    \
      T beta, size_t last, const T *row1, const T *column2, const STEP *step) {                            \
    __VA_ARGS__;                                                                                           \
  }
#define TILE(order, transposed, is_ahead, rows, factors, vectors)                                          \
  TILE_FUNCTION(                                                                                           \
      order, rows, factors, vectors,                                                                       \
      NAME(tile)(                                                                                          \
          transposed, is_ahead, rows, factors, vectors, k, a1, a2, lda, b, ldb, c1, c2, ldc, beta, last, row1,  \
          column2))
#define MOVING_TILE(rows, factors, vectors)                                                                \
  TILE_FUNCTION(                                                                                           \
      moving, rows, factors, vectors,                                                                      \
      NAME(moving_tile)(rows, factors, vectors, k, a1, a2, lda, b, ldb, c1, ldc, last, step))
#define TILES_OF(rows, factors)                                                                            \
  TILE(by_rows, 0, 0, rows, factors, 1) TILE(by_rows, 0, 0, rows, factors, 2)                              \
  TILE(by_terms, 1, 0, rows, factors, 1) TILE(by_terms, 1, 0, rows, factors, 2)                            \
  TILE(ahead, 0, 1, rows, factors, 1) TILE(ahead, 0, 1, rows, factors, 2)                                  \
  MOVING_TILE(rows, factors, 1) MOVING_TILE(rows, factors, 2)
#define TILES(rows) TILES_OF(rows, 1)
#define PAIRS(rows) TILES_OF(rows, 2)
TILES(1) TILES(2) TILES(3) TILES(4) TILES(5) TILES(6)
PAIRS(1) PAIRS(2) PAIRS(3)
#define ENTRIES_3(order, factors, vectors)                                                                 \
  NAME(tile_##order##_1_##factors##_##vectors), NAME(tile_##order##_2_##factors##_##vectors),              \
      NAME(tile_##order##_3_##factors##_##vectors)
#define ENTRIES_6(order, factors, vectors)                                                                 \
  ENTRIES_3(order, factors, vectors), NAME(tile_##order##_4_##factors##_##vectors),                        \
      NAME(tile_##order##_5_##factors##_##vectors), NAME(tile_##order##_6_##factors##_##vectors)
#if ROWS == 12
TILES(7) TILES(8) TILES(9) TILES(10) TILES(11) TILES(12)
PAIRS(4) PAIRS(5) PAIRS(6)
#define ENTRIES_12(order, factors, vectors)                                                                \
  ENTRIES_6(order, factors, vectors), NAME(tile_##order##_7_##factors##_##vectors),                        \
      NAME(tile_##order##_8_##factors##_##vectors), NAME(tile_##order##_9_##factors##_##vectors),          \
      NAME(tile_##order##_10_##factors##_##vectors), NAME(tile_##order##_11_##factors##_##vectors),        \
      NAME(tile_##order##_12_##factors##_##vectors)
#define ENTRIES(order)                                                                                     \
  {{{ENTRIES_12(order, 1, 1)}, {ENTRIES_12(order, 1, 2)}}, {{ENTRIES_6(order, 2, 1)}, {ENTRIES_6(order, 2, 2)}}}
#else
#define ENTRIES(order)                                                                                     \
  {{{ENTRIES_6(order, 1, 1)}, {ENTRIES_6(order, 1, 2)}}, {{ENTRIES_3(order, 2, 1)}, {ENTRIES_3(order, 2, 2)}}}
#endif
// Indexed by kind (A not transposed, A transposed, step of W, A not transposed but from memory), factors, vectors and
// rows.
static NAME(tile_function) *const NAME(tiles)[4][2][2][ROWS] = {
    ENTRIES(by_rows), ENTRIES(by_terms), ENTRIES(moving), ENTRIES(ahead)};
enum { NAME(moving) = 2, NAME(ahead) = 3 };
#undef TILE_FUNCTION
#undef TILE
#undef MOVING_TILE
#undef TILES_OF
#undef TILES
#undef PAIRS
#undef ENTRIES_3
#undef ENTRIES_6
#undef ENTRIES_12
#undef ENTRIES

// to[p × stride + j] ← rows[j][p] for j < WIDTH and p < k, in whole vectors.
INLINE void NAME(pack_columns)(const T *const rows[WIDTH], size_t k, const int magnitude, T *to, size_t stride) {
  V block[WIDTH];
  size_t p = 0;
  for (; p + WIDTH <= k; p += WIDTH) {
    NAME(load_columns)(rows, p, block);
#pragma clang loop unroll(full)
    for (int q = 0; q < WIDTH; q++) STORE(to + (p + q) * stride, magnitude ? MAGNITUDE(block[q]) : block[q]);
  }
  if (p == k) return;
  T rest[WIDTH][WIDTH];
  const T *rest_rows[WIDTH];
  for (size_t j = 0; j < WIDTH; j++) {
    STORE(rest[j], LOAD_PART(rows[j] + p, k - p));
    rest_rows[j] = rest[j];
  }
  NAME(load_columns)(rest_rows, 0, block);
  for (size_t q = 0; p + q < k; q++) STORE(to + (p + q) * stride, magnitude ? MAGNITUDE(block[q]) : block[q]);
}

// Packs a panel of B: k rows of whole vectors. The padding beyond its columns holds arbitrary numbers, which belong to
// columns that C does not have. `is_ahead`: fetches the next panel, which is needed when this panel's tiles are done.
TARGET static void NAME(pack_panel)(
    const T *b, size_t ldb, int transposed, size_t k, size_t columns, const int magnitude, const int is_ahead, T *to) {
  const size_t width = WHOLE_VECTORS(columns);
  for (size_t start = 0; start < columns; start += WIDTH) {
    const size_t count = SMALLER(WIDTH, columns - start);
    if (transposed) {
      const T *rows[WIDTH];
      for (size_t j = 0; j < WIDTH; j++) rows[j] = b + (start + SMALLER(j, count - 1)) * ldb;
      if (magnitude) NAME(pack_columns)(rows, k, 1, to + start, width);
      else NAME(pack_columns)(rows, k, 0, to + start, width);
    } else if (count == WIDTH) {
      for (size_t p = 0; p < k; p++) {
        if (is_ahead) __builtin_prefetch(b + p * ldb + start + columns);
        V x = LOAD(b + p * ldb + start);
        STORE(to + p * width + start, magnitude ? MAGNITUDE(x) : x);
      }
    } else {
      for (size_t p = 0; p < k; p++) {
        V x = LOAD_PART(b + p * ldb + start, count);
        STORE(to + p * width + start, magnitude ? MAGNITUDE(x) : x);
      }
    }
  }
}

// Packs a panel of A from rows that are contiguous in k: for each k, the rows of A1 and then the rows of A2 where there
// are two factors, in whole vectors. The padding beyond them holds arbitrary numbers, which are not read.
TARGET static void NAME(pack_rows)(NAME(factor) a, const int factors, size_t k, size_t rows, T *to) {
  const size_t all = rows * factors, width = WHOLE_VECTORS(all);
  for (size_t start = 0; start < all; start += WIDTH) {
    const T *from[WIDTH];
    for (size_t j = 0; j < WIDTH; j++) {
      const size_t r = SMALLER(start + j, all - 1);
      from[j] = r < rows ? a.a1 + r * a.lda : a.a2 + (r - rows) * a.lda;
    }
    NAME(pack_columns)(from, k, 0, to + start, width);
  }
}

// The row counts of full tiles are known at compile time and need no loop.
INLINE void NAME(copy)(T *to, const T *from, size_t count) {
  switch (count) {
    case 3: memcpy(to, from, 3 * sizeof(T)); break;
    case 6: memcpy(to, from, 6 * sizeof(T)); break;
    default:
      for (size_t j = 0; j < count; j++) to[j] = from[j];
  }
}

// Packs a block of A as panels, from contiguous columns of op(A). A panel takes a few numbers of each column; the next one
// finds their cache lines in the first-level cache. A tile that read them in place would need that cache for its panel of B.
TARGET static void NAME(pack_terms)(
    NAME(factor) a, const int factors, size_t k, size_t rows, size_t tile_rows, T *to) {
  for (size_t r = 0; r < rows; r += tile_rows) {
    const size_t count = SMALLER(tile_rows, rows - r), width = WHOLE_VECTORS(count * factors);
    for (size_t p = 0; p < k; p++, to += width) {
      NAME(copy)(to, a.a1 + p * a.lda + r, count);
      if (factors == 2) NAME(copy)(to + count, a.a2 + p * a.lda + r, count);
    }
  }
}

// Packs a block of A as panels of at most `tile_rows` rows.
TARGET static void NAME(pack_block)(
    NAME(factor) a, int factors, size_t k, size_t rows, size_t tile_rows, T *to) {
  if (a.transposed && !a.magnitude) return NAME(pack_terms)(a, factors, k, rows, tile_rows, to);
  for (size_t r = 0; r < rows; r += tile_rows) {
    const size_t count = SMALLER(tile_rows, rows - r), next = count * (a.transposed ? 1 : a.lda);
    if (a.magnitude) NAME(pack_panel)(a.a1, a.lda, !a.transposed, k, count, 1, 0, to);
    else NAME(pack_rows)(a, factors, k, count, to);
    to += k * WHOLE_VECTORS(count * factors);
    a.a1 += next;
    if (factors == 2) a.a2 += next;
  }
}

// Computes one tile of C at row i and column j.
INLINE void NAME(multiply_tile)(
    size_t k, size_t rows, int factors, NAME(factor) a, NAME(panel) b, NAME(place) c, size_t i, size_t j) {
  const T beta = c.accumulates ? 1 : c.beta;
  const size_t at = i * c.ldc + j;
  const int kind = c.step != NULL ? NAME(moving) : a.is_ahead ? NAME(ahead) : a.transposed;
  NAME(tiles)[kind][factors - 1][b.columns > WIDTH][rows - 1](
      k, a.a1, a.a2, a.lda, b.b, b.ldb, c.c1 + at, factors == 2 && c.step == NULL ? c.c2 + at : NULL, c.ldc, beta,
      (b.columns - 1) % WIDTH + 1, c.accumulates || c.row1 == NULL ? NULL : c.row1 + j,
      c.accumulates || c.column2 == NULL ? NULL : c.column2 + i, c.step);
}

// Computes one tile of C whose terms have lanes, into level 0 of the stack: rows of two vectors, for both products.
TARGET static void NAME(multiply_lanes)(
    size_t rows, int factors, NAME(factor) a, NAME(panel) b, NAME(place) c, T levels[][ROWS * 2 * WIDTH]) {
  const size_t width = 2 * WIDTH, vectors = b.columns > WIDTH ? 2 : 1;
  NAME(tile_function) *const tile = NAME(tiles)[a.transposed][factors - 1][b.columns > WIDTH][rows - 1];
  const size_t term = a.transposed ? a.lda : 1;
  for (size_t n = 0; n < c.lane_count; n++) {
    const matrix_lane lane = c.lanes[n];
    T *to = levels[lane.level];
    tile(
        lane.terms, a.a1, a.a2, a.lda, b.b, b.ldb, to, to + rows * width, width, lane.is_added, WIDTH, NULL, NULL,
        NULL);
    a.a1 += lane.terms * term;
    a.a2 += lane.terms * term;
    b.b += lane.terms * b.ldb;
    for (int join = 1; join <= lane.joins; join++) {
      const T *from = levels[lane.level - join + 1];
      to = levels[lane.level - join];
      for (size_t row = 0; row < rows * factors; row++) {
        for (size_t at = row * width; at < row * width + vectors * WIDTH; at += WIDTH) {
          STORE(to + at, LOAD(to + at) + LOAD(from + at));
        }
      }
    }
  }
}

// The same, followed by writing level 0 to C at row i and column j.
TARGET static void NAME(multiply_tile_lanes)(
    size_t rows, int factors, NAME(factor) a, NAME(panel) b, NAME(place) c, size_t i, size_t j) {
  T levels[MATRIX_LANE_LEVELS][ROWS * 2 * WIDTH] __attribute__((aligned(64)));
  NAME(multiply_lanes)(rows, factors, a, b, c, levels);
  for (size_t row = 0; row < rows * factors; row++) {
    const T *from = levels[0] + row * 2 * WIDTH;
    T *to = (row < rows ? c.c1 + (i + row) * c.ldc : c.c2 + (i + row - rows) * c.ldc) + j;
    for (size_t at = 0; at < b.columns; at += WIDTH) {
      const size_t count = SMALLER(WIDTH, b.columns - at);
      if (count == WIDTH) {
        STORE(to + at, c.beta == 0 ? LOAD(from + at) : LOAD(from + at) + c.beta * LOAD(to + at));
      } else {
        STORE_PART(
            to + at, c.beta == 0 ? LOAD(from + at) : LOAD(from + at) + c.beta * LOAD_PART(to + at, count), count);
      }
    }
  }
}

// Some rows of a column of C. Those of a full tile of 6 are known at compile time: stores under a mask can be slow.
enum { NAME(full) = 6 % WIDTH };
INLINE V NAME(load_rows)(const T *from, size_t count) {
  if (count == WIDTH) return LOAD(from);
  return count == NAME(full) ? NAME(load_part)(from, NAME(full)) : LOAD_PART(from, count);
}
INLINE void NAME(store_rows)(T *to, V x, size_t count) {
  if (count == WIDTH) STORE(to, x);
  else if (count == NAME(full)) NAME(store_part)(to, x, NAME(full));
  else STORE_PART(to, x, count);
}

// Computes one tile of C at row i and column j, where memory holds the transpose of C.
TARGET static void NAME(multiply_turned)(
    size_t k, size_t rows, NAME(factor) a, NAME(panel) b, NAME(place) c, size_t i, size_t j) {
  T levels[MATRIX_LANE_LEVELS][ROWS * 2 * WIDTH] __attribute__((aligned(64)));
  T *corner = levels[0];
  if (c.lane_count > 0) NAME(multiply_lanes)(rows, 1, a, b, c, levels);
  else NAME(multiply_tile)(k, rows, 1, a, b, (NAME(place)){.c1 = corner, .ldc = 2 * WIDTH}, 0, 0);
  const T beta = c.accumulates ? 1 : c.beta;
  const T *row1 = c.accumulates ? NULL : c.row1, *column2 = c.accumulates ? NULL : c.column2;
  // Few rows are written sooner one by one.
  if (rows < 5) {
    for (size_t column = 0; column < b.columns; column++) {
      T *to = c.c1 + (j + column) * c.ldc + i;
      for (size_t row = 0; row < rows; row++) {
        T x = corner[row * 2 * WIDTH + column];
        if (beta != 0) x += beta * to[row];
        if (row1 != NULL) x += row1[i + row];
        if (column2 != NULL) x += column2[j + column];
        to[row] = x;
      }
    }
    return;
  }
  // Rows of the corner become columns, WIDTH rows and columns at a time.
  for (size_t first = 0; first < rows; first += WIDTH) {
    const size_t count = SMALLER(WIDTH, rows - first);
    const T *from[WIDTH];
    for (size_t r = 0; r < WIDTH; r++) from[r] = corner + (first + SMALLER(r, count - 1)) * 2 * WIDTH;
    const V row = row1 == NULL ? (V)(0) : NAME(load_rows)(row1 + i + first, count);
    for (size_t start = 0; start < b.columns; start += WIDTH) {
      V block[WIDTH];
      NAME(load_columns)(from, start, block);
      const size_t columns = SMALLER(WIDTH, b.columns - start);
      for (size_t column = 0; column < columns; column++) {
        T *to = c.c1 + (j + start + column) * c.ldc + i + first;
        V x = block[column];
        if (beta != 0) x += beta * NAME(load_rows)(to, count);
        if (row1 != NULL) x += row;
        if (column2 != NULL) x += (V)(column2[j + start + column]);
        NAME(store_rows)(to, x, count);
      }
    }
  }
}

// C ← op(A) op(B) + β C for one or two factors A, with |A| if the factor's `magnitude` is set, and |B| if the argument
// `magnitude` is set. If `turned`, C is [n × m] in memory.
TARGET static void NAME(multiply_blocks)(
    size_t m, size_t n, size_t all_terms, NAME(factor) a, const int factors, const T *b, size_t ldb, int transpose_b,
    const int magnitude, NAME(place) place, const int turned, T *workspace) {
  // A tile of W needs all its sums before it takes its step.
  const size_t terms = place.step == NULL ? even_part(all_terms, BLOCK_TERMS) : all_terms;
  const size_t tile_rows = even_part(m, ROWS / factors);
  const size_t width = WHOLE_VECTORS(tile_rows * factors), panel_columns = 2 * WIDTH;
  // A is read in place, without packing, if there are too few panels of B to pay for packing. Contiguous columns of
  // op(A) are read in place if the processor does that well; otherwise only if there are few panels of B and the cache
  // can keep the lines of the columns. |A| is always packed.
  const int is_short = n <= DIRECT_PANELS * panel_columns, is_crowded = a.lda * sizeof(T) % CROWDED_BYTES == 0;
  const int is_crowded_b = ldb * sizeof(T) % CROWDED_BYTES == 0, is_ahead_b = n * all_terms > DIRECT_NUMBERS;
  const int is_direct = !a.magnitude && (a.transposed ? !PACKS_TERMS || (is_short && !is_crowded) : is_short);
  // Whether tiles read A from beyond the second-level cache, and the first-level cache can keep the next rows too.
  const int is_ahead = is_direct && !a.transposed && a.lda * sizeof(T) % CROWDED_ROWS_BYTES != 0 &&
                       m * all_terms * factors > DIRECT_NUMBERS;
  const size_t block_tiles = even_part(
      (m + tile_rows - 1) / tile_rows,
      is_direct ? whole_steps(DIRECT_NUMBERS / terms / (tile_rows * factors), 1) : BLOCK_NUMBERS / terms / width);
  const size_t block_rows = block_tiles * tile_rows;
  const size_t block_columns =
      terms == all_terms ? n : whole_steps(BLOCK_RESULTS / (block_rows * factors), panel_columns);
  T *panel = workspace, *packed = workspace + terms * panel_columns;

  for (size_t j0 = 0; j0 < n; j0 += block_columns) {
    const size_t end = SMALLER(j0 + block_columns, n);
    for (size_t i0 = 0; i0 < m; i0 += block_rows) {
      const size_t rows = SMALLER(block_rows, m - i0);
      for (size_t p = 0; p < all_terms; p += terms) {
        const size_t k = SMALLER(terms, all_terms - p);
        NAME(factor) block = a;
        block.a1 += a.transposed ? p * a.lda + i0 : i0 * a.lda + p;
        if (factors == 2) block.a2 += a.transposed ? p * a.lda + i0 : i0 * a.lda + p;
        if (!is_direct) NAME(pack_block)(block, factors, k, rows, tile_rows, packed);
        place.accumulates = p > 0;

        for (size_t j = j0; j < end; j += panel_columns) {
          const size_t columns = SMALLER(panel_columns, end - j);
          NAME(panel) of_b = {b + (transpose_b ? j * ldb + p : p * ldb + j), ldb, columns};
          // A panel of B is read in place if it is used by few tiles, has whole vectors, and needs no transposition and
          // no magnitudes.
          const int is_used_often = rows > (is_crowded_b ? 1 : DIRECT_TILES) * tile_rows;
          if (transpose_b || magnitude || is_used_often || columns % WIDTH != 0) {
            NAME(pack_panel)(of_b.b, ldb, transpose_b, k, columns, magnitude, is_ahead_b, panel);
            of_b.b = panel;
            of_b.ldb = WHOLE_VECTORS(columns);
          }
          for (size_t r = 0; r < rows; r += tile_rows) {
            const size_t count = SMALLER(tile_rows, rows - r);
            NAME(factor) tile = {packed + r / tile_rows * k * width, NULL, WHOLE_VECTORS(count * factors), 1, 0, 0};
            tile.a2 = tile.a1 + count;
            if (is_direct) {
              const size_t skipped = r * (a.transposed ? 1 : a.lda);
              tile = (NAME(factor)){
                  block.a1 + skipped, factors == 2 ? block.a2 + skipped : block.a1, a.lda, a.transposed, 0, is_ahead};
            }
            if (turned) NAME(multiply_turned)(k, count, tile, of_b, place, i0 + r, j);
            else if (place.lane_count > 0) NAME(multiply_tile_lanes)(count, factors, tile, of_b, place, i0 + r, j);
            else NAME(multiply_tile)(k, count, factors, tile, of_b, place, i0 + r, j);
          }
        }
      }
    }
  }
}

TARGET static void NAME(multiply)(const PRODUCT *q, T *workspace) {
  const size_t m = q->m, n = q->n;
  const int both = q->a1 != NULL && q->a2 != NULL;
  if (m == 0 || n == 0) return;
  if (q->k == 0) {
    for (size_t i = 0; i < m; i++) {
      for (size_t j = 0; j < n; j++) {
        const size_t at = i * q->ldc + j;
        if (q->a1 != NULL) {
          q->c1[at] = (q->beta == 0 ? 0 : q->beta * q->c1[at]) + (q->row1 == NULL ? 0 : q->row1[j]);
        }
        if (q->a2 != NULL) {
          q->c2[at] = (q->beta == 0 ? 0 : q->beta * q->c2[at]) + (q->column2 == NULL ? 0 : q->column2[i]);
        }
      }
    }
    return;
  }
  // Narrow results fill their vectors better when transposed: Cᵀ = op(B)ᵀ op(A)ᵀ. Two products are then computed one
  // after the other.
  if (q->step == NULL && VECTORS(m, n) * q->k > VECTORS(n, m) * q->k + TURN * m * n) {
    for (int second = 0; second < 2; second++) {
      const T *a = second ? q->a2 : q->a1;
      if (a == NULL) continue;
      NAME(factor) factor = {q->b, NULL, q->ldb, !q->transpose_b, second, 0};
      NAME(place) place = {
          second ? q->c2 : q->c1, NULL, q->ldc, q->beta, 0, second ? NULL : q->row1, second ? q->column2 : NULL,
          q->lanes, q->lane_count, NULL};
      NAME(multiply_blocks)(n, m, q->k, factor, 1, a, q->lda, !q->transpose_a, 0, place, 1, workspace);
    }
    return;
  }
  const int alone = q->a1 == NULL;
  NAME(factor) factor = {alone ? q->a2 : q->a1, q->a2, q->lda, q->transpose_a, 0, 0};
  NAME(place) place = {
      alone ? q->c2 : q->c1, q->c2, q->ldc, q->beta, 0, alone ? NULL : q->row1, both ? q->column2 : NULL, q->lanes,
      q->lane_count, q->step};
  NAME(multiply_blocks)(m, n, q->k, factor, both ? 2 : 1, q->b, q->ldb, q->transpose_b, alone, place, 0, workspace);
}
