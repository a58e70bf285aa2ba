// The functions of OpenBLAS that the program calls, from a library that is opened when it is needed.
//
// The prototypes are those of OpenBLAS's cblas.h with numbers of 32 bits (LP64).
#pragma once

#include <stddef.h>

enum { OPENBLAS_ROW_MAJOR = 101, OPENBLAS_NO_TRANSPOSE = 111, OPENBLAS_TRANSPOSE = 112, OPENBLAS_LOWER = 122 };

// C ← α op(A) op(B) + β C.
#define OPENBLAS_GEMM(T)                                                                                              \
  (int order, int transpose_a, int transpose_b, int m, int n, int k, T alpha, const T *a, int lda, const T *b, int ldb, \
   T beta, T *c, int ldc)

// C ← α Aᵀ A + β C or α A Aᵀ + β C, in one triangle of C.
#define OPENBLAS_SYRK(T)                                                                                             \
  (int order, int triangle, int transpose, int n, int k, T alpha, const T *a, int lda, T beta, T *c, int ldc)

// The functions of LAPACK have the names of Fortran; the lengths of their words come last. Debian's library has them,
// but no header.

// Eigenvalues w in ascending order and eigenvectors, in place of a symmetric matrix, by divide and conquer.
#define OPENBLAS_SYEVD(T)                                                                                            \
  (const char *job, const char *triangle, const int *n, T *a, const int *lda, T *w, T *work, const int *lwork,       \
   int *iwork, const int *liwork, int *info, size_t, size_t)

// The Cholesky factor in place of a positive definite matrix, and the inverse in place of the factor.
#define OPENBLAS_CHOLESKY(T) (const char *triangle, const int *n, T *a, const int *lda, int *info, size_t)

typedef struct {
  // What dlopen gave.
  void *handle;
  void(*sgemm) OPENBLAS_GEMM(float);
  void(*dgemm) OPENBLAS_GEMM(double);
  // Null where the library was built without LAPACK.
  void(*ssyrk) OPENBLAS_SYRK(float);
  void(*dsyrk) OPENBLAS_SYRK(double);
  void(*ssyevd) OPENBLAS_SYEVD(float);
  void(*dsyevd) OPENBLAS_SYEVD(double);
  void(*spotrf) OPENBLAS_CHOLESKY(float);
  void(*dpotrf) OPENBLAS_CHOLESKY(double);
  void(*spotri) OPENBLAS_CHOLESKY(float);
  void(*dpotri) OPENBLAS_CHOLESKY(double);
  void (*set_num_threads)(int threads);
  int (*get_num_threads)(void);
  const char *(*get_config)(void);
  const char *(*get_corename)(void);
} openblas_library;

// Opens the library of this name. Returns null, or what is wrong; nothing is open then.
const char *openblas_open(const char *name, openblas_library *library);

// Closes it; its threads end.
void openblas_close(openblas_library library);
