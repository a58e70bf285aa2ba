// The products of matrix_kernels.h for one number type and one set of instructions, see every_variant.h: the
// transposition of rows to columns, product.h, and the split of a product into parts for threads.

#define PRODUCT JOINED(matrix_product, TYPE)
#define STEP JOINED(matrix_step, TYPE)
#define MAGNITUDE(x) __builtin_elementwise_abs(x)

#if LANES_F32 == 16
#define ROWS 12
#define PACKS_TERMS 0
#define DIRECT_PANELS 4
#define DIRECT_TILES 1
#define BLOCK_RESULTS (1 << 17)
#else
#define ROWS 6
#define PACKS_TERMS 1
#define DIRECT_PANELS 8
#define DIRECT_TILES 4
#define BLOCK_RESULTS (1 << 19)
#endif

// A tile needs all 16 registers of AVX2. Otherwise the compiler would keep a mask in one of them, and move sums around.
#if LANES_F32 != 8
#define DROP_SIGNS(x) x = MAGNITUDE(x)
#elif WIDTH == LANES_F32
static const unsigned magnitude_bits_f32[8] = {
    ~0u >> 1, ~0u >> 1, ~0u >> 1, ~0u >> 1, ~0u >> 1, ~0u >> 1, ~0u >> 1, ~0u >> 1};
#define DROP_SIGNS(x) __asm__("vandps %1, %0, %0" : "+x"(x) : "m"(magnitude_bits_f32))
#else
static const unsigned long long magnitude_bits_f64[4] = {~0ull >> 1, ~0ull >> 1, ~0ull >> 1, ~0ull >> 1};
#define DROP_SIGNS(x) __asm__("vandpd %1, %0, %0" : "+x"(x) : "m"(magnitude_bits_f64))
#endif

// Multiplication and addition are fused where the processor is known to have the instruction.
#if LANES_F32 > 4 || defined(__FP_FAST_FMA) || defined(__ARM_FEATURE_FMA)
#define FMA(x, y, z) __builtin_elementwise_fma(x, y, z)
#else
#define FMA(x, y, z) ((x) * (y) + (z))
#endif

// A vector of 16-byte pieces, taken from rows that are `step` rows apart.
#define PIECE(from) _mm_loadu_ps((const float *)(from))
#if LANES_F32 == 16
#define PIECES(rows, step, at)                                                                  \
  ((V)_mm512_insertf32x4(                                                                       \
      _mm512_insertf32x4(                                                                       \
          _mm512_insertf32x4(                                                                   \
              _mm512_castps128_ps512(PIECE((rows)[0] + (at))), PIECE((rows)[step] + (at)), 1),  \
          PIECE((rows)[2 * (step)] + (at)), 2),                                                 \
      PIECE((rows)[3 * (step)] + (at)), 3))
#elif LANES_F32 == 8
#define PIECES(rows, step, at) ((V)_mm256_set_m128(PIECE((rows)[step] + (at)), PIECE((rows)[0] + (at))))
#else
#define PIECES(rows, step, at) LOAD((rows)[0] + (at))
#endif

// Loads columns from contiguous rows: block[c][j] ← rows[j][p + c]. One vector holds pieces of several rows.
INLINE void NAME(load_columns)(const T *const rows[WIDTH], size_t p, V block[WIDTH]) {
#if WIDTH == LANES_F32
  typedef double doubles __attribute__((ext_vector_type(LANES_F64)));
#pragma clang loop unroll(full)
  for (int c = 0; c < WIDTH; c += 4) {
    const V x0 = PIECES(rows, 4, p + c), x1 = PIECES(rows + 1, 4, p + c);
    const V x2 = PIECES(rows + 2, 4, p + c), x3 = PIECES(rows + 3, 4, p + c);
    const doubles low01 = (doubles)TURNS_LOW(x0, x1), high01 = (doubles)TURNS_HIGH(x0, x1);
    const doubles low23 = (doubles)TURNS_LOW(x2, x3), high23 = (doubles)TURNS_HIGH(x2, x3);
    block[c] = (V)LOW(low01, low23);
    block[c + 1] = (V)HIGH(low01, low23);
    block[c + 2] = (V)LOW(high01, high23);
    block[c + 3] = (V)HIGH(high01, high23);
  }
#else
#pragma clang loop unroll(full)
  for (int c = 0; c < WIDTH; c += 2) {
    const V x0 = PIECES(rows, 2, p + c), x1 = PIECES(rows + 1, 2, p + c);
    block[c] = LOW(x0, x1);
    block[c + 1] = HIGH(x0, x1);
  }
#endif
}

#include "product.h"

// A product split into parts of whole tiles: by columns of C if there are at least as many of them as rows, else by
// rows.
typedef struct {
  const PRODUCT *product;
  T *workspace;
  size_t numbers, parts;
} NAME(in_parts);

TARGET static void NAME(multiply_part)(void *context, int part) {
  const NAME(in_parts) *all = context;
  PRODUCT product = *all->product;
  const int by_columns = product.n >= product.m;
  const size_t count = by_columns ? product.n : product.m, step = by_columns ? PANEL_COLUMNS : 12;
  const size_t steps = (count + step - 1) / step;
  const size_t start = SMALLER(steps * part / all->parts * step, count);
  const size_t end = SMALLER(steps * (part + 1) / all->parts * step, count);
  if (by_columns) {
    product.n = end - start;
    product.b += start * (product.transpose_b ? product.ldb : 1);
  } else {
    const size_t skipped = start * (product.transpose_a ? 1 : product.lda);
    product.m = end - start;
    if (product.a1 != NULL) product.a1 += skipped;
    if (product.a2 != NULL) product.a2 += skipped;
  }
  if (product.row1 != NULL && by_columns) product.row1 += start;
  if (product.column2 != NULL && !by_columns) product.column2 += start;
  if (product.c1 != NULL) product.c1 += start * (by_columns ? 1 : product.ldc);
  if (product.c2 != NULL) product.c2 += start * (by_columns ? 1 : product.ldc);
  NAME(multiply)(&product, all->workspace + part * all->numbers);
}

TARGET static void NAME(multiply_in_parts)(const PRODUCT *product, T *workspace, size_t numbers) {
  NAME(in_parts) all = {product, workspace, 0, 1};
  all.numbers = product->step == NULL ? matrix_product_workspace(product->m, product->n, product->k)
                                      : matrix_step_workspace(product->m, product->n, product->k);
  const size_t cost = product->m * product->n * product->k;
  if (team_size() > 1 && all.numbers > 0) {
    all.parts = SMALLER((size_t)team_size(), SMALLER(numbers / all.numbers, cost / PART_TERMS));
  }
  if (all.parts < 2) NAME(multiply)(product, workspace);
  else team_run(NAME(multiply_part), &all, (int)all.parts);
}

#undef PRODUCT
#undef STEP
#undef MAGNITUDE
#undef ROWS
#undef PACKS_TERMS
#undef DIRECT_PANELS
#undef DIRECT_TILES
#undef BLOCK_RESULTS
#undef DROP_SIGNS
#undef FMA
#undef PIECE
#undef PIECES
