// The instruction sets for which loops and products are compiled, and the widest one that this processor has.
//
// To add one, name it here in the order of width, detect it in instruction_sets.c, and say in every_variant.h how a
// source is compiled for it and which variant is called. Products need its tile in product_variants.h and, for vectors
// of another length, its shuffles. Swift needs a case of InstructionSet.
#pragma once

// A processor that has one set also has the sets before it.
typedef enum {
  instructions_plain,  // vectors of 16 bytes, which every processor of 64 bits has
  instructions_avx2,   // with fused multiplications, as processors have had since 2013
  instructions_avx512  // with the parts that servers have had since 2017
} instruction_set;

// The widest set that the processor has; on a thread that takes the plain set, the plain one.
instruction_set widest_instruction_set(void);

// Whether this thread takes the plain set, whose results have the same bits on every processor of one architecture.
void take_plain_instructions(int is_plain);

// Whether the processor has the instructions that the numeric modules are compiled for.
int processor_suffices(void);
