// Whose code a call comes from.
#pragma once

// Whether the code at an address is OpenBLAS's or, where that is asked for, that of Open MPI's libraries or of the C library,
// which calls on their behalf.
int is_of_another(const void *caller, int or_mpi);
