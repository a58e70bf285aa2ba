// Vectors of both precisions, and how columns are made of rows.
#pragma once

// Vectors of so many numbers.
typedef float f32_avx512 __attribute__((ext_vector_type(16)));
typedef double f64_avx512 __attribute__((ext_vector_type(8)));
typedef float f32_avx2 __attribute__((ext_vector_type(8)));
typedef double f64_avx2 __attribute__((ext_vector_type(4)));
typedef float f32_plain __attribute__((ext_vector_type(4)));
typedef double f64_plain __attribute__((ext_vector_type(2)));

#define MAGNITUDE(x) __builtin_elementwise_abs(x)
#define INLINE TARGET static inline __attribute__((always_inline))

// Of every piece of 16 bytes the low half of a and that of b, or the high halves; for 2, 4 and 8 pieces of doubles or four
// floats.
#define LOW_2(a, b) __builtin_shufflevector(a, b, 0, 2)
#define HIGH_2(a, b) __builtin_shufflevector(a, b, 1, 3)
#define LOW_4(a, b) __builtin_shufflevector(a, b, 0, 4, 2, 6)
#define HIGH_4(a, b) __builtin_shufflevector(a, b, 1, 5, 3, 7)
#define LOW_8(a, b) __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14)
#define HIGH_8(a, b) __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15)
// Of every piece of four floats the low half of a and b in turn, or the high half.
#define TURNS_LOW_4(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define TURNS_HIGH_4(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define TURNS_LOW_8(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define TURNS_HIGH_8(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define TURNS_LOW_16(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define TURNS_HIGH_16(a, b) __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)

// Columns of rows that are contiguous: block[c][j] ← rows[j][c], from pieces of 16 bytes of several rows in one vector.
#define COLUMNS_F32(W, LOW, HIGH, TURNS_LOW, TURNS_HIGH)                                       \
  INLINE void NAME(load_columns)(const T *const rows[LANES], size_t p, V block[LANES]) {       \
    _Pragma("clang loop unroll(full)") for (int c = 0; c < LANES; c += 4) {                    \
      V x0 = PIECES(rows, 4, p + c), x1 = PIECES(rows + 1, 4, p + c);                          \
      V x2 = PIECES(rows + 2, 4, p + c), x3 = PIECES(rows + 3, 4, p + c);                      \
      W low01 = (W)TURNS_LOW(x0, x1), high01 = (W)TURNS_HIGH(x0, x1);                          \
      W low23 = (W)TURNS_LOW(x2, x3), high23 = (W)TURNS_HIGH(x2, x3);                          \
      block[c] = (V)LOW(low01, low23);                                                         \
      block[c + 1] = (V)HIGH(low01, low23);                                                    \
      block[c + 2] = (V)LOW(high01, high23);                                                   \
      block[c + 3] = (V)HIGH(high01, high23);                                                  \
    }                                                                                          \
  }
#define COLUMNS_F64(LOW, HIGH)                                                                 \
  INLINE void NAME(load_columns)(const T *const rows[LANES], size_t p, V block[LANES]) {       \
    _Pragma("clang loop unroll(full)") for (int c = 0; c < LANES; c += 2) {                    \
      V x0 = PIECES(rows, 2, p + c), x1 = PIECES(rows + 1, 2, p + c);                          \
      block[c] = LOW(x0, x1);                                                                  \
      block[c + 1] = HIGH(x0, x1);                                                             \
    }                                                                                          \
  }
