// Times the program's product kernels beside OpenBLAS and oneDNN; built and started by scripts/bench-products.
//
//   products [--turns N] [--milliseconds T] [--instructions avx512|avx2|plain] [FORM:MxNxK ...]
//
// FORM says what is transposed: forward C = A Bᵀ (y Wᵀ), back C = A B (Ẏ W), sums C = Aᵀ B (Ẏᵀ y); C is [M × N], with K
// terms. A pair is two such products, the second one with |B|. In each turn all programs are timed one after the other,
// each in at least T milliseconds; printed are medians over the turns.
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <dnnl.h>

#include "instruction_sets.h"
#include "matrix_kernels.h"

enum { MOST_TURNS = 101, MOST_SHAPES = 256, MOST_NUMBERS = 1 << 28 };

typedef void sgemm_function(
    int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda,
    const float *b, int ldb, float beta, float *c, int ldc);
static sgemm_function *openblas_sgemm;

enum { forward, back, sums };
// In the order of instruction_set.
static const char *const set_names[] = {"plain", "avx2", "avx512"};
static const char *const form_names[] = {"forward", "back", "sums"};

typedef struct {
  int form;
  size_t m, n, k;
  float *a1, *a2, *b, *magnitudes, *c1, *c2, *workspace;
  size_t numbers;
} shape;

static int transposes_a(const shape *s) { return s->form == sums; }
static int transposes_b(const shape *s) { return s->form == forward; }
static size_t lda(const shape *s) { return transposes_a(s) ? s->m : s->k; }
static size_t ldb(const shape *s) { return transposes_b(s) ? s->k : s->n; }

static instruction_set instructions = instructions_plain;

static void own(const shape *s, int is_pair) {
  const matrix_product_f32 product = {
      .m = s->m, .n = s->n, .k = s->k, .a1 = s->a1, .a2 = is_pair ? s->a2 : NULL, .lda = lda(s),
      .transpose_a = transposes_a(s), .b = s->b, .ldb = ldb(s), .transpose_b = transposes_b(s), .c1 = s->c1,
      .c2 = is_pair ? s->c2 : NULL, .ldc = s->n};
  matrix_multiply_f32(&product, s->workspace, s->numbers, instructions);
}
static void own_pair(const shape *s) { own(s, 1); }
static void own_single(const shape *s) { own(s, 0); }

static void by_openblas(const shape *s) {
  openblas_sgemm(
      101, transposes_a(s) ? 112 : 111, transposes_b(s) ? 112 : 111, (int)s->m, (int)s->n, (int)s->k, 1, s->a1,
      (int)lda(s), s->b, (int)ldb(s), 0, s->c1, (int)s->n);
}

static void by_onednn(const shape *s) {
  const dnnl_status_t status = dnnl_sgemm(
      transposes_a(s) ? 'T' : 'N', transposes_b(s) ? 'T' : 'N', (dnnl_dim_t)s->m, (dnnl_dim_t)s->n, (dnnl_dim_t)s->k,
      1, s->a1, (dnnl_dim_t)lda(s), s->b, (dnnl_dim_t)ldb(s), 0, s->c1, (dnnl_dim_t)s->n);
  if (status != dnnl_success) exit(70);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// GFLOP/s of calls that take at least so many seconds together.
static double rate(void (*call)(const shape *), const shape *s, double products, double seconds) {
  call(s);
  const double start = now();
  double time;
  size_t count = 0;
  do {
    call(s);
    count++;
    time = now() - start;
  } while (time < seconds);
  return 2e-9 * products * (double)s->m * (double)s->n * (double)s->k * (double)count / time;
}

// The processor's peak: fused multiplications and additions of registers, enough of them to hide their latency.
#define PEAK(name, width, count, attribute)                                                 \
  attribute static double name(double seconds) {                                            \
    typedef float V __attribute__((ext_vector_type(width)));                                \
    V sum[count], x = (V)(0.5f), y = (V)(0.25f);                                            \
    for (int i = 0; i < count; i++) sum[i] = (V)((float)i);                                 \
    const double start = now();                                                             \
    double time, done = 0;                                                                  \
    do {                                                                                    \
      for (int repeat = 0; repeat < 20000; repeat++) {                                      \
        __asm__ volatile("" : "+x"(x), "+x"(y));                                            \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++)                  \
            sum[i] = __builtin_elementwise_fma(sum[i], x, y);                               \
      }                                                                                     \
      done += 20000.0 * count * width * 2;                                                  \
      time = now() - start;                                                                 \
    } while (time < seconds);                                                               \
    for (int i = 0; i < count; i++) __asm__ volatile("" : : "x"(sum[i]));                   \
    return 1e-9 * done / time;                                                              \
  }
#if defined(__x86_64__)
PEAK(peak_avx512, 16, 24, __attribute__((target("avx512f,avx512vl"))))
PEAK(peak_avx2, 8, 12, __attribute__((target("avx2,fma"))))
static double peak(double seconds) {
  switch (instructions) {
    case instructions_avx512: return peak_avx512(seconds);
    case instructions_avx2: return peak_avx2(seconds);
    default: return NAN;
  }
}
#else
static double peak(double seconds) { return NAN; }
#endif

static float *random_numbers(size_t count, uint64_t *state) {
  float *numbers = aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64);
  if (numbers == NULL) exit(71);
  for (size_t i = 0; i < count; i++) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    numbers[i] = (float)((double)(*state >> 11) / 9007199254740992.0 - 0.5);
  }
  return numbers;
}

// A size, which ends with the character `end`; 0 if it is none, or too large.
static size_t size(const char **text, char end) {
  char *rest;
  const unsigned long number = **text >= '0' && **text <= '9' ? strtoul(*text, &rest, 10) : 0;
  if (number == 0 || number > 1 << 20 || *rest != end) return 0;
  *text = rest + 1;
  return number;
}

static int parse(const char *text, shape *s) {
  for (int form = forward; form <= sums; form++) {
    const size_t length = strlen(form_names[form]);
    if (strncmp(text, form_names[form], length) || text[length] != ':') continue;
    text += length + 1;
    s->form = form;
    s->m = size(&text, 'x');
    s->n = s->m == 0 ? 0 : size(&text, 'x');
    s->k = s->n == 0 ? 0 : size(&text, 0);
    return s->k > 0 && s->m * s->n <= MOST_NUMBERS && s->m * s->k <= MOST_NUMBERS && s->n * s->k <= MOST_NUMBERS;
  }
  return 0;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}
static double median(double *x, int count) {
  qsort(x, (size_t)count, sizeof(double), ascending);
  return x[count / 2];
}

// The most that results differ from products in double, in units of the sum of magnitudes of their terms: of all
// results, or of about a thousand of many. Not-a-number where a result is.
static double error(const shape *s, const float *a, const float *b, const float *c) {
  double most = 0;
  for (size_t at = 0; at < s->m * s->n; at += 1 + s->m * s->n / 997) {
    const size_t i = at / s->n, j = at % s->n;
    double sum = 0, magnitude = 0;
    for (size_t p = 0; p < s->k; p++) {
      const double x = a[transposes_a(s) ? p * s->m + i : i * s->k + p];
      const double y = b[transposes_b(s) ? j * s->k + p : p * s->n + j];
      sum += x * y;
      magnitude += fabs(x * y);
    }
    const double own_error = fabs(sum - c[at]) / magnitude;
    if (isnan(own_error)) return NAN;
    most = fmax(most, own_error);
  }
  return most;
}

// Computes a product into results that are not-a-number before, and ends the program if they are wrong.
static void check(const shape *s, void (*call)(const shape *), int is_pair, const char *name) {
  for (size_t i = 0; i < s->m * s->n; i++) s->c1[i] = s->c2[i] = NAN;
  call(s);
  // Sums of k terms in any order: at most k roundings, of which few are one-sided.
  const double most = 6e-8 * (4 + sqrt((double)s->k));
  if (error(s, s->a1, s->b, s->c1) < most && (!is_pair || error(s, s->a2, s->magnitudes, s->c2) < most)) return;
  fprintf(stderr, "bench-products: %s is not the product that it is in double\n", name);
  exit(70);
}

static const char *const usual[] = {
    // The classifier 784-400-100-36-10 at batch 100: forward, back, sums.
    "forward:100x400x784", "forward:100x100x400", "forward:100x36x100", "back:100x400x100", "back:100x100x36",
    "sums:400x784x100", "sums:100x400x100", "sums:36x100x100", "sums:10x36x100",
    // M P by unit, in blocks of 196 and 256 inputs.
    "back:400x196x196", "back:400x256x256",
    // Large ones, and those of 3 × 3 convolutions: rows are samples × positions, terms 9 × channels.
    "forward:100x2048x2048", "back:100x2048x2048", "sums:2048x2048x100", "forward:6400x32x288", "forward:6400x64x576",
    "forward:1600x128x1152", "sums:32x288x6400", "sums:64x576x6400", "sums:128x1152x1600",
    // Odd ones.
    "forward:7x13x31", "sums:37x41x43", "forward:101x33x257", "sums:3x784x100", "back:1x784x400"};

static int refused(const char *what, const char *why) {
  fprintf(stderr, "bench-products: %s %s\n", what, why);
  return 64;
}

int main(int argc, char **argv) {
  double turns = 5, milliseconds = 30;
  instructions = widest_instruction_set();
  static shape shapes[MOST_SHAPES];
  size_t count = 0;
  for (int i = 1; i < argc; i++) {
    const char *name = argv[i];
    if (strncmp(name, "--", 2)) {
      if (count == MOST_SHAPES) return refused("there are more than 256 shapes", "");
      if (!parse(name, &shapes[count++])) {
        return refused(
            name, "is no shape; write one as forward:100x400x784, back:… or sums:…, sizes up to 2^20, matrices up to "
                  "2^28 numbers");
      }
      continue;
    }
    const char *value = i + 1 < argc ? argv[++i] : "";
    char *rest = NULL;
    if (!strcmp(name, "--turns")) turns = strtod(value, &rest);
    else if (!strcmp(name, "--milliseconds")) milliseconds = strtod(value, &rest);
    else if (!strcmp(name, "--instructions")) {
      int wanted = 0;
      while (wanted < 3 && strcmp(value, set_names[wanted])) wanted++;
      if (wanted == 3) return refused(value, "is no instruction set; take avx512, avx2 or plain");
      if (wanted > (int)widest_instruction_set()) return refused(value, "is not what this processor has");
      instructions = (instruction_set)wanted;
      continue;
    } else return refused(name, "is no option; take --turns, --milliseconds or --instructions");
    if (rest == value || *rest != 0) return refused(name, "needs a number");
  }
  if (!(turns >= 1 && turns <= MOST_TURNS && turns == floor(turns))) return refused("--turns", "is a number from 1 to 101");
  if (!(milliseconds > 0 && milliseconds <= 60000)) return refused("--milliseconds", "is more than 0 and at most 60000");
  const double seconds = 1e-3 * milliseconds;
  if (count == 0) {
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) parse(usual[i], &shapes[count++]);
  }

  void *library = dlopen("libopenblas.so.0", RTLD_NOW);
  openblas_sgemm = library == NULL ? NULL : (sgemm_function *)dlsym(library, "cblas_sgemm");
  if (openblas_sgemm == NULL) {
    fprintf(stderr, "bench-products: there is no libopenblas.so.0\n");
    return 69;
  }

  printf("products of float32, one thread, own kernels for %s; GFLOP/s, medians of %.0f turns\n",
         set_names[instructions], turns);
  printf("%-22s %9s %9s %9s %9s %7s %12s %8s\n", "shape", "own pair", "single", "OpenBLAS", "oneDNN", "peak",
         "pair/oneDNN", "of peak");
  for (size_t at = 0; at < count; at++) {
    shape *s = &shapes[at];
    uint64_t state = 1 + at;
    s->a1 = random_numbers(s->m * s->k, &state);
    s->a2 = random_numbers(s->m * s->k, &state);
    s->b = random_numbers(s->k * s->n, &state);
    s->magnitudes = random_numbers(s->k * s->n, &state);
    for (size_t i = 0; i < s->k * s->n; i++) s->magnitudes[i] = fabsf(s->b[i]);
    s->c1 = random_numbers(s->m * s->n, &state);
    s->c2 = random_numbers(s->m * s->n, &state);
    s->numbers = matrix_product_workspace(s->m, s->n, s->k);
    s->workspace = random_numbers(s->numbers, &state);

    static double rates[5][MOST_TURNS];
    for (int turn = 0; turn < turns; turn++) {
      rates[0][turn] = rate(own_pair, s, 2, seconds);
      rates[1][turn] = rate(own_single, s, 1, seconds);
      rates[2][turn] = rate(by_openblas, s, 1, seconds);
      rates[3][turn] = rate(by_onednn, s, 1, seconds);
      rates[4][turn] = peak(seconds / 3);
    }
    double medians[5];
    for (int i = 0; i < 5; i++) medians[i] = median(rates[i], (int)turns);
    char name[64];
    snprintf(name, sizeof name, "%s:%zux%zux%zu", form_names[s->form], s->m, s->n, s->k);
    printf("%-22s %9.1f %9.1f %9.1f %9.1f ", name, medians[0], medians[1], medians[2], medians[3]);
    if (isnan(medians[4])) printf("%7s %12.2f %8s\n", "-", medians[0] / medians[3], "-");
    else printf("%7.1f %12.2f %7.0f%%\n", medians[4], medians[0] / medians[3], 100 * medians[0] / medians[4]);
    fflush(stdout);

    check(s, own_pair, 1, name);
    check(s, own_single, 0, name);
    float *all[] = {s->a1, s->a2, s->b, s->magnitudes, s->c1, s->c2, s->workspace};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
  }
  return 0;
}
