// The functions of OpenBLAS that the program calls, from a library that is opened when it is needed.
//
// The prototypes are those of OpenBLAS's cblas.h with numbers of 32 bits (LP64).
#pragma once

enum { OPENBLAS_ROW_MAJOR = 101, OPENBLAS_NO_TRANSPOSE = 111, OPENBLAS_TRANSPOSE = 112 };

// C ← α op(A) op(B) + β C.
#define OPENBLAS_GEMM(T)                                                                                              \
  (int order, int transpose_a, int transpose_b, int m, int n, int k, T alpha, const T *a, int lda, const T *b, int ldb, \
   T beta, T *c, int ldc)

typedef struct {
  // What dlopen gave.
  void *handle;
  void(*sgemm) OPENBLAS_GEMM(float);
  void(*dgemm) OPENBLAS_GEMM(double);
  void (*set_num_threads)(int threads);
  int (*get_num_threads)(void);
  const char *(*get_config)(void);
  const char *(*get_corename)(void);
} openblas_library;

// Opens the library of this name. Returns null, or what is wrong; nothing is open then.
const char *openblas_open(const char *name, openblas_library *library);

// Closes it; its threads end.
void openblas_close(openblas_library library);
