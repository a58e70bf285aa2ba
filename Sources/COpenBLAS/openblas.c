#include "openblas.h"

#include <dlfcn.h>
#include <stddef.h>

const char *openblas_open(const char *name, openblas_library *library) {
  void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!handle) return dlerror();
  library->handle = handle;
  // POSIX lets a pointer to data, as dlsym gives it, be one to a function.
  const struct {
    const char *name;
    void **place;
    int is_optional;
  } symbols[] = {
      {"cblas_sgemm", (void **)&library->sgemm},
      {"cblas_dgemm", (void **)&library->dgemm},
      {"cblas_ssyrk", (void **)&library->ssyrk, 1},
      {"cblas_dsyrk", (void **)&library->dsyrk, 1},
      {"ssyevd_", (void **)&library->ssyevd, 1},
      {"dsyevd_", (void **)&library->dsyevd, 1},
      {"spotrf_", (void **)&library->spotrf, 1},
      {"dpotrf_", (void **)&library->dpotrf, 1},
      {"spotri_", (void **)&library->spotri, 1},
      {"dpotri_", (void **)&library->dpotri, 1},
      {"openblas_set_num_threads", (void **)&library->set_num_threads},
      {"openblas_get_num_threads", (void **)&library->get_num_threads},
      {"openblas_get_config", (void **)&library->get_config},
      {"openblas_get_corename", (void **)&library->get_corename},
  };
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
    *symbols[i].place = dlsym(handle, symbols[i].name);
    if (*symbols[i].place || symbols[i].is_optional) continue;
    const char *problem = dlerror();
    dlclose(handle);
    return problem;
  }
  return NULL;
}

void openblas_close(openblas_library library) { dlclose(library.handle); }
