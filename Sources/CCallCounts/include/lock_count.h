// The locks that a program takes that is linked with this: POSIX mutexes and locks of readers and writers, without those with a
// time limit.
#pragma once

// Counts from now on. Calls from OpenBLAS do not count; with `except_mpi` neither do those from the libraries of Open MPI, and
// from the C library on their behalf.
void lock_count_begin(int except_mpi);

// Stops counting and returns how many were taken or tried, by any thread.
long lock_count_end(void);
