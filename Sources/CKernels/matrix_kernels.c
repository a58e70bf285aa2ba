#include "matrix_kernels.h"

#include <string.h>

#include "blocking.h"
#include "team.h"
#include "vectors.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define FMA(x, y, z) __builtin_elementwise_fma(x, y, z)

#define TARGET __attribute__((target("avx512f")))
#define ROWS 12
#define PACKS_TERMS 0
#define DROP_SIGNS(x) x = MAGNITUDE(x)

// Pieces of 16 bytes of four rows, at distances of `step` rows.
#define PIECE(from) _mm_loadu_ps((const float *)(from))
#define PIECES_512(rows, step, at)                                                              \
  ((V)_mm512_insertf32x4(                                                                       \
      _mm512_insertf32x4(                                                                       \
          _mm512_insertf32x4(                                                                   \
              _mm512_castps128_ps512(PIECE((rows)[0] + (at))), PIECE((rows)[step] + (at)), 1),  \
          PIECE((rows)[2 * (step)] + (at)), 2),                                                 \
      PIECE((rows)[3 * (step)] + (at)), 3))

#define T float
#define V f32_avx512
#define LANES 16
#define PRODUCT matrix_product_f32
#define STEP matrix_step_f32
#define NAME(x) x##_f32_avx512
#define LOAD(from) ((V)_mm512_loadu_ps(from))
#define STORE(to, x) _mm512_storeu_ps(to, (__m512)(x))
#define LOAD_PART(from, count) ((V)_mm512_maskz_loadu_ps((__mmask16)((1u << (count)) - 1), from))
#define STORE_PART(to, x, count) _mm512_mask_storeu_ps(to, (__mmask16)((1u << (count)) - 1), (__m512)(x))
#define PIECES(rows, step, at) PIECES_512(rows, step, at)
COLUMNS_F32(f64_avx512, LOW_8, HIGH_8, TURNS_LOW_16, TURNS_HIGH_16)
#include "product.h"

#define T double
#define V f64_avx512
#define LANES 8
#define PRODUCT matrix_product_f64
#define STEP matrix_step_f64
#define NAME(x) x##_f64_avx512
#define LOAD(from) ((V)_mm512_loadu_pd(from))
#define STORE(to, x) _mm512_storeu_pd(to, (__m512d)(x))
#define LOAD_PART(from, count) ((V)_mm512_maskz_loadu_pd((__mmask8)((1u << (count)) - 1), from))
#define STORE_PART(to, x, count) _mm512_mask_storeu_pd(to, (__mmask8)((1u << (count)) - 1), (__m512d)(x))
#define PIECES(rows, step, at) PIECES_512(rows, step, at)
COLUMNS_F64(LOW_8, HIGH_8)
#include "product.h"

#undef TARGET
#undef ROWS
#undef PACKS_TERMS
#undef DROP_SIGNS
#define TARGET __attribute__((target("avx2,fma")))
#define ROWS 6
#define PACKS_TERMS 1

// The first `count` numbers of eight are those where −1 is read from here + 8 − count.
static const int mask_32[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
static const long long mask_64[8] = {-1, -1, -1, -1};
#define MASK_32(count) _mm256_loadu_si256((const __m256i *)(mask_32 + 8 - (count)))
#define MASK_64(count) _mm256_loadu_si256((const __m256i *)(mask_64 + 4 - (count)))

// A tile takes all 16 registers. Left to itself the compiler keeps a mask in one of them, and moves sums about.
static const unsigned masks_f32[8] = {~0u >> 1, ~0u >> 1, ~0u >> 1, ~0u >> 1, ~0u >> 1, ~0u >> 1, ~0u >> 1, ~0u >> 1};
#define DROP_SIGNS(x) __asm__("vandps %1, %0, %0" : "+x"(x) : "m"(masks_f32))
#define T float
#define V f32_avx2
#define LANES 8
#define PRODUCT matrix_product_f32
#define STEP matrix_step_f32
#define NAME(x) x##_f32_avx2
#define LOAD(from) ((V)_mm256_loadu_ps(from))
#define STORE(to, x) _mm256_storeu_ps(to, (__m256)(x))
#define LOAD_PART(from, count) ((V)_mm256_maskload_ps(from, MASK_32(count)))
#define STORE_PART(to, x, count) _mm256_maskstore_ps(to, MASK_32(count), (__m256)(x))
#define PIECES(rows, step, at) \
  ((V)_mm256_set_m128(_mm_loadu_ps((rows)[step] + (at)), _mm_loadu_ps((rows)[0] + (at))))
COLUMNS_F32(f64_avx2, LOW_4, HIGH_4, TURNS_LOW_8, TURNS_HIGH_8)
#include "product.h"

#undef DROP_SIGNS
static const unsigned long long masks_f64[4] = {~0ull >> 1, ~0ull >> 1, ~0ull >> 1, ~0ull >> 1};
#define DROP_SIGNS(x) __asm__("vandpd %1, %0, %0" : "+x"(x) : "m"(masks_f64))
#define T double
#define V f64_avx2
#define LANES 4
#define PRODUCT matrix_product_f64
#define STEP matrix_step_f64
#define NAME(x) x##_f64_avx2
#define LOAD(from) ((V)_mm256_loadu_pd(from))
#define STORE(to, x) _mm256_storeu_pd(to, (__m256d)(x))
#define LOAD_PART(from, count) ((V)_mm256_maskload_pd(from, MASK_64(count)))
#define STORE_PART(to, x, count) _mm256_maskstore_pd(to, MASK_64(count), (__m256d)(x))
#define PIECES(rows, step, at) \
  ((V)_mm256_set_m128d(_mm_loadu_pd((rows)[step] + (at)), _mm_loadu_pd((rows)[0] + (at))))
COLUMNS_F64(LOW_4, HIGH_4)
#include "product.h"

#undef TARGET
#undef ROWS
#undef PACKS_TERMS
#undef DROP_SIGNS
#undef FMA
#endif

// Any processor with vectors of 16 bytes, which is every one of 64 bits. Fused where the processor is known to have it.
#define TARGET
#define ROWS 6
#define PACKS_TERMS 1
#define DROP_SIGNS(x) x = MAGNITUDE(x)
#if defined(__FP_FAST_FMA) || defined(__ARM_FEATURE_FMA)
#define FMA(x, y, z) __builtin_elementwise_fma(x, y, z)
#else
#define FMA(x, y, z) ((x) * (y) + (z))
#endif

#define T float
#define V f32_plain
#define LANES 4
#define PRODUCT matrix_product_f32
#define STEP matrix_step_f32
#define NAME(x) x##_f32_plain
#define LOAD(from) load_f32(from, LANES)
#define STORE(to, x) store_f32(to, x, LANES)
#define LOAD_PART(from, count) load_f32(from, count)
#define STORE_PART(to, x, count) store_f32(to, x, count)
static inline __attribute__((always_inline)) V load_f32(const T *from, size_t count) {
  V x = {0};
  memcpy(&x, from, count * sizeof(T));
  return x;
}
static inline __attribute__((always_inline)) void store_f32(T *to, V x, size_t count) {
  memcpy(to, &x, count * sizeof(T));
}
#define PIECES(rows, step, at) LOAD((rows)[0] + (at))
COLUMNS_F32(f64_plain, LOW_2, HIGH_2, TURNS_LOW_4, TURNS_HIGH_4)
#include "product.h"

#define T double
#define V f64_plain
#define LANES 2
#define PRODUCT matrix_product_f64
#define STEP matrix_step_f64
#define NAME(x) x##_f64_plain
#define LOAD(from) load_f64(from, LANES)
#define STORE(to, x) store_f64(to, x, LANES)
#define LOAD_PART(from, count) load_f64(from, count)
#define STORE_PART(to, x, count) store_f64(to, x, count)
static inline __attribute__((always_inline)) V load_f64(const T *from, size_t count) {
  V x = {0};
  memcpy(&x, from, count * sizeof(T));
  return x;
}
static inline __attribute__((always_inline)) void store_f64(T *to, V x, size_t count) {
  memcpy(to, &x, count * sizeof(T));
}
#define PIECES(rows, step, at) LOAD((rows)[0] + (at))
COLUMNS_F64(LOW_2, HIGH_2)
#include "product.h"

// For blocks of so many terms.
static size_t workspace_of(size_t m, size_t n, size_t terms) {
  const size_t rows = m > n ? m : n;
  // Two factors of 6 rows, or one of 12, in each panel.
  const size_t packed = terms * PANEL_ROWS * ((rows + 5) / 6);
  return SMALLER(packed, BLOCK_NUMBERS) + terms * PANEL_COLUMNS;
}

size_t matrix_product_workspace(size_t m, size_t n, size_t k) {
  // Fewer terms can have a longer first part: what is enough for some is enough for fewer.
  return k == 0 ? 0 : workspace_of(m, n, SMALLER(k, BLOCK_TERMS));
}

size_t matrix_step_workspace(size_t m, size_t n, size_t k) {
  return workspace_of(m, n, SMALLER(k, MATRIX_STEP_TERMS));
}

void matrix_kernel_set_threads(int threads) { team_set_size(threads); }

int matrix_kernel_threads(void) { return team_size(); }

// Parts of fewer multiplications, of some twenty microseconds, are not worth waking a thread.
enum { PART_TERMS = 1 << 21 };

// A product as parts of whole tiles, of the columns of C where it has more of them than rows, else of its rows.
#define IN_PARTS(T, suffix, product_type)                                                                   \
  typedef struct {                                                                                          \
    const product_type *product;                                                                            \
    T *workspace;                                                                                           \
    size_t numbers, parts;                                                                                  \
    instruction_set instructions;                                                                                             \
  } parts_##suffix;                                                                                         \
                                                                                                            \
  static void multiply_part_##suffix(void *context, int part) {                                             \
    const parts_##suffix *all = context;                                                                    \
    product_type product = *all->product;                                                                   \
    const int by_columns = product.n >= product.m;                                                          \
    const size_t count = by_columns ? product.n : product.m, step = by_columns ? PANEL_COLUMNS : 12;        \
    const size_t steps = (count + step - 1) / step;                                                         \
    const size_t start = SMALLER(steps * part / all->parts * step, count);                                  \
    const size_t end = SMALLER(steps * (part + 1) / all->parts * step, count);                              \
    if (by_columns) {                                                                                       \
      product.n = end - start;                                                                              \
      product.b += start * (product.transpose_b ? product.ldb : 1);                                         \
    } else {                                                                                                \
      const size_t skipped = start * (product.transpose_a ? 1 : product.lda);                               \
      product.m = end - start;                                                                              \
      if (product.a1 != NULL) product.a1 += skipped;                                                        \
      if (product.a2 != NULL) product.a2 += skipped;                                                        \
    }                                                                                                       \
    if (product.row1 != NULL && by_columns) product.row1 += start;                                          \
    if (product.column2 != NULL && !by_columns) product.column2 += start;                                   \
    if (product.c1 != NULL) product.c1 += start * (by_columns ? 1 : product.ldc);                           \
    if (product.c2 != NULL) product.c2 += start * (by_columns ? 1 : product.ldc);                           \
    multiply_##suffix(&product, all->workspace + part * all->numbers, all->instructions);                         \
  }                                                                                                         \
                                                                                                            \
  void matrix_multiply_##suffix(const product_type *product, T *workspace, size_t numbers, instruction_set instructions) {    \
    parts_##suffix all = {product, workspace, 0, 1, instructions};                                                \
    all.numbers = product->step == NULL ? matrix_product_workspace(product->m, product->n, product->k)      \
                                        : matrix_step_workspace(product->m, product->n, product->k);        \
    const size_t cost = product->m * product->n * product->k;                                               \
    if (team_size() > 1 && all.numbers > 0) {                                                               \
      all.parts = SMALLER((size_t)team_size(), SMALLER(numbers / all.numbers, cost / PART_TERMS));          \
    }                                                                                                       \
    if (all.parts < 2) multiply_##suffix(product, workspace, instructions);                                       \
    else team_run(multiply_part_##suffix, &all, (int)all.parts);                                            \
  }

static void multiply_f32(const matrix_product_f32 *product, float *workspace, instruction_set instructions) {
#if defined(__x86_64__)
  if (instructions == instructions_avx512) return multiply_f32_avx512(product, workspace);
  if (instructions == instructions_avx2) return multiply_f32_avx2(product, workspace);
#endif
  multiply_f32_plain(product, workspace);
}

static void multiply_f64(const matrix_product_f64 *product, double *workspace, instruction_set instructions) {
#if defined(__x86_64__)
  if (instructions == instructions_avx512) return multiply_f64_avx512(product, workspace);
  if (instructions == instructions_avx2) return multiply_f64_avx2(product, workspace);
#endif
  multiply_f64_plain(product, workspace);
}

IN_PARTS(float, f32, matrix_product_f32)
IN_PARTS(double, f64, matrix_product_f64)
