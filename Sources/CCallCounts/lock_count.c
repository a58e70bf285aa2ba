#define _GNU_SOURCE
#include "lock_count.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

#include "callers.h"

static atomic_int counts = 0, excepts_mpi = 0;
static atomic_long count = 0;

static void note(const void *caller) {
  if (!atomic_load_explicit(&counts, memory_order_relaxed)) return;
  if (!is_of_another(caller, atomic_load_explicit(&excepts_mpi, memory_order_relaxed))) atomic_fetch_add(&count, 1);
}

// A program's own function takes the place of the C library's for all its libraries, and calls it.
#define COUNTED(name, type)                                             \
  int name(type *lock) {                                                \
    static _Atomic(int (*)(type *)) next = NULL;                        \
    int (*function)(type *) = atomic_load(&next);                       \
    if (!function) {                                                    \
      function = (int (*)(type *))dlsym(RTLD_NEXT, #name);              \
      atomic_store(&next, function);                                    \
    }                                                                   \
    note(__builtin_return_address(0));                                  \
    return function(lock);                                              \
  }

COUNTED(pthread_mutex_lock, pthread_mutex_t)
COUNTED(pthread_mutex_trylock, pthread_mutex_t)
COUNTED(pthread_rwlock_rdlock, pthread_rwlock_t)
COUNTED(pthread_rwlock_wrlock, pthread_rwlock_t)

void lock_count_begin(int except_mpi) {
  atomic_store(&count, 0);
  atomic_store(&excepts_mpi, except_mpi);
  atomic_store(&counts, 1);
}

long lock_count_end(void) {
  atomic_store(&counts, 0);
  return atomic_load(&count);
}
