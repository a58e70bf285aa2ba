// The allocations of a program that is linked with this: its malloc, with its relatives and mmap, is glibc's, counted.
#pragma once
#include <stddef.h>

// Counts from now on. Calls from OpenBLAS, which takes memory for small products, do not count; with `except_mpi` neither
// do those from the libraries of Open MPI, and from the C library on their behalf.
void allocation_count_begin(int except_mpi);

// Stops counting and returns how many blocks were asked for, by any thread.
long allocation_count_end(void);

// Notes the size of the largest block that is asked for from now on, by whatever library.
void allocation_largest_begin(void);

// Stops noting and returns that size.
size_t allocation_largest_end(void);
