#define _GNU_SOURCE
#include "allocation_count.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "callers.h"

// A program's own malloc takes the place of glibc's for all its libraries; these are the names glibc keeps for itself.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

enum { OFF, EXCEPT_BLAS, EXCEPT_BLAS_AND_MPI, LARGEST };
static atomic_int mode = OFF;
static atomic_long count = 0;
static atomic_size_t largest = 0;

static void note(const void *caller, size_t size) {
  int now = atomic_load_explicit(&mode, memory_order_relaxed);
  if (now == OFF) return;
  if (now == LARGEST) {
    size_t before = atomic_load(&largest);
    while (size > before && !atomic_compare_exchange_weak(&largest, &before, size)) {}
    return;
  }
  if (is_of_another(caller, now == EXCEPT_BLAS_AND_MPI)) return;
  atomic_fetch_add(&count, 1);
}

#define NOTE(size) note(__builtin_return_address(0), size)

void *malloc(size_t size) {
  NOTE(size);
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  NOTE(number * size);
  return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
  NOTE(size);
  return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
  NOTE(size);
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  NOTE(size);
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  NOTE(size);
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
  void *found = __libc_memalign(alignment, size);
  if (!found) return ENOMEM;
  *block = found;
  return 0;
}

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
  NOTE(size);
  return (void *)syscall(SYS_mmap, address, size, protection, flags, file, offset);
}

void allocation_count_begin(int except_mpi) {
  atomic_store(&count, 0);
  atomic_store(&mode, except_mpi ? EXCEPT_BLAS_AND_MPI : EXCEPT_BLAS);
}

long allocation_count_end(void) {
  atomic_store(&mode, OFF);
  return atomic_load(&count);
}

void allocation_largest_begin(void) {
  atomic_store(&largest, 0);
  atomic_store(&mode, LARGEST);
}

size_t allocation_largest_end(void) {
  atomic_store(&mode, OFF);
  return atomic_load(&largest);
}
