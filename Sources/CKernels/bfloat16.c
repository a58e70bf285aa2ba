#include "bfloat16.h"

#include <string.h>

#include "instruction_sets.h"

#define LOOP static inline __attribute__((always_inline))

LOOP void round_loop(size_t count, const float *x, uint16_t *y) {
  for (size_t k = 0; k < count; k++) {
    uint32_t bits;
    memcpy(&bits, x + k, sizeof bits);
    // Half of the last place that stays, less one bit where that place is even, so that ties do not carry into it.
    uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    // A NaN may have all its bits in the half that goes.
    uint32_t quiet = (bits >> 16) | 0x40;
    y[k] = (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded);
  }
}

LOOP void widen_loop(size_t count, const uint16_t *x, float *y) {
  for (size_t k = 0; k < count; k++) {
    uint32_t bits = (uint32_t)x[k] << 16;
    memcpy(y + k, &bits, sizeof bits);
  }
}

// Of a block that stays in the nearest cache while all parts are added to it.
enum { block = 1024 };

LOOP void sum_loop(size_t parts, size_t count, const uint16_t *x, uint16_t *y) {
  float sums[block];
  for (size_t start = 0; start < count; start += block) {
    size_t length = count - start < block ? count - start : block;
    memset(sums, 0, sizeof sums);
    for (size_t part = 0; part < parts; part++) {
      const uint16_t *addends = x + part * count + start;
      for (size_t k = 0; k < length; k++) {
        uint32_t bits = (uint32_t)addends[k] << 16;
        float addend;
        memcpy(&addend, &bits, sizeof addend);
        sums[k] += addend;
      }
    }
    round_loop(length, sums, y + start);
  }
}

#if defined(__x86_64__)

#define VERSIONS(suffix, isa)                                                                                        \
  __attribute__((target(isa))) static void round_##suffix(size_t count, const float *x, uint16_t *y) {               \
    round_loop(count, x, y);                                                                                         \
  }                                                                                                                  \
  __attribute__((target(isa))) static void widen_##suffix(size_t count, const uint16_t *x, float *y) {               \
    widen_loop(count, x, y);                                                                                         \
  }                                                                                                                  \
  __attribute__((target(isa))) static void sum_##suffix(size_t parts, size_t count, const uint16_t *x, uint16_t *y) { \
    sum_loop(parts, count, x, y);                                                                                    \
  }

VERSIONS(avx512, "avx512f,avx512bw,avx512vl,avx512dq")
VERSIONS(avx2, "avx2")

#define DISPATCH(name, ...)                                        \
  switch (widest_instruction_set()) {                                 \
    case instructions_avx512: return name##_avx512(__VA_ARGS__);      \
    case instructions_avx2: return name##_avx2(__VA_ARGS__);          \
    case instructions_plain: return name##_loop(__VA_ARGS__); \
  }

#else
#define DISPATCH(name, ...) name##_loop(__VA_ARGS__);
#endif

void bfloat16_round(size_t count, const float *x, uint16_t *y) { DISPATCH(round, count, x, y) }
void bfloat16_widen(size_t count, const uint16_t *x, float *y) { DISPATCH(widen, count, x, y) }
void bfloat16_sum(size_t parts, size_t count, const uint16_t *x, uint16_t *y) { DISPATCH(sum, parts, count, x, y) }
