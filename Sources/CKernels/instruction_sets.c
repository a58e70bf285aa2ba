#include "instruction_sets.h"

static _Thread_local int takes_plain = 0;

void take_plain_instructions(int is_plain) { takes_plain = is_plain; }

instruction_set widest_instruction_set(void) {
  if (takes_plain) return instructions_plain;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512cd")) {
    return instructions_avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) {
    return instructions_avx2;
  }
#endif
  return instructions_plain;
}

int processor_suffices(void) {
#if defined(__x86_64__)
  return widest_instruction_set() >= instructions_avx2;
#else
  return 1;
#endif
}
