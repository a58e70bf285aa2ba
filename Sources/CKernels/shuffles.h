// Shuffles that make one vector of two, for the transposition of rows to columns.
#pragma once

// For every 16-byte piece: the low half of a and the low half of b, or their high halves. The suffix is the number of
// doubles of a vector.
#define LOW_2(a, b) __builtin_shufflevector(a, b, 0, 2)
#define HIGH_2(a, b) __builtin_shufflevector(a, b, 1, 3)
#define LOW_4(a, b) __builtin_shufflevector(a, b, 0, 4, 2, 6)
#define HIGH_4(a, b) __builtin_shufflevector(a, b, 1, 5, 3, 7)
#define LOW_8(a, b) __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14)
#define HIGH_8(a, b) __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15)
#define LOW(a, b) JOINED(LOW, LANES_F64)(a, b)
#define HIGH(a, b) JOINED(HIGH, LANES_F64)(a, b)

// For every piece of four floats: the low halves of a and b, number by number in alternation, or their high halves.
#define TURNS_LOW_4(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define TURNS_HIGH_4(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define TURNS_LOW_8(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define TURNS_HIGH_8(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define TURNS_LOW_16(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define TURNS_HIGH_16(a, b) __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define TURNS_LOW(a, b) JOINED(TURNS_LOW, LANES_F32)(a, b)
#define TURNS_HIGH(a, b) JOINED(TURNS_HIGH, LANES_F32)(a, b)
