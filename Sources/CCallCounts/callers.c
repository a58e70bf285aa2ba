#define _GNU_SOURCE
#include "callers.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

static const char *const blas[] = {"libopenblas", "libblas"};
static const char *const mpi[] = {"libmpi",   "libopen-", "mca_",  "libpmix", "libprrte",  "libevent",
                                  "libhwloc", "libuc",    "libpsm", "libfabric", "libc.so"};

static int is_one_of(const char *const *libraries, size_t number, const char *name) {
  for (size_t i = 0; i < number; i++)
    if (strncmp(name, libraries[i], strlen(libraries[i])) == 0) return 1;
  return 0;
}

int is_of_another(const void *caller, int or_mpi) {
  Dl_info info;
  if (!dladdr(caller, &info) || !info.dli_fname) return 0;
  const char *slash = strrchr(info.dli_fname, '/');
  const char *name = slash ? slash + 1 : info.dli_fname;
  return is_one_of(blas, sizeof blas / sizeof *blas, name) ||
         (or_mpi && is_one_of(mpi, sizeof mpi / sizeof *mpi, name));
}
