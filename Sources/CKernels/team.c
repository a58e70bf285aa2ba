#include "team.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

#if defined(__x86_64__)
#define PAUSE() __builtin_ia32_pause()
#else
#define PAUSE() sched_yield()
#endif

// How often a thread checks before it sleeps or yields its core: about ten microseconds.
enum { LOOKS = 1 << 11 };

static atomic_int size = 1;
static atomic_flag is_taken = ATOMIC_FLAG_INIT;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;

// The current job, written before its number.
static struct {
  void (*work)(void *, int);
  void *context;
  int parts;
} job;
static atomic_uint number;
static atomic_int sleepers, helpers, remaining;

static unsigned wait_for_job(unsigned last) {
  for (int look = 0; look < LOOKS; look++) {
    if (atomic_load(&number) != last) return atomic_load(&number);
    PAUSE();
  }
  // A caller that writes a new number after this thread is counted in `sleepers` sees the count, and wakes the thread.
  pthread_mutex_lock(&mutex);
  atomic_fetch_add(&sleepers, 1);
  while (atomic_load(&number) == last) pthread_cond_wait(&wake, &mutex);
  atomic_fetch_sub(&sleepers, 1);
  pthread_mutex_unlock(&mutex);
  return atomic_load(&number);
}

static void *help(void *part) {
  // There is no job when a helper starts, and none begins before the helper has read `number`.
  unsigned last = atomic_load(&number);
  atomic_fetch_sub(&remaining, 1);
  for (;;) {
    last = wait_for_job(last);
    if ((intptr_t)part < job.parts) job.work(job.context, (int)(intptr_t)part);
    atomic_fetch_sub(&remaining, 1);
  }
  return NULL;
}

static void wait_for_helpers(void) {
  for (int look = 0; atomic_load(&remaining) > 0; look++) {
    if (look < LOOKS) PAUSE();
    else sched_yield();
  }
}

int team_size(void) { return atomic_load(&size); }

void team_set_size(int threads) {
  if (threads > TEAM_MOST) threads = TEAM_MOST;
  while (atomic_flag_test_and_set(&is_taken)) sched_yield();
  while (atomic_load(&helpers) < threads - 1) {
    pthread_t thread;
    atomic_fetch_add(&remaining, 1);
    if (pthread_create(&thread, NULL, help, (void *)(intptr_t)(atomic_load(&helpers) + 1)) != 0) {
      // Where parts outnumber the threads, the caller computes all of them: a smaller team is slower, not wrong.
      atomic_fetch_sub(&remaining, 1);
      threads = atomic_load(&helpers) + 1;
      break;
    }
    pthread_detach(thread);
    atomic_fetch_add(&helpers, 1);
    wait_for_helpers();
  }
  atomic_store(&size, threads < 1 ? 1 : threads);
  atomic_flag_clear(&is_taken);
}

void team_run(void (*work)(void *, int), void *context, int parts) {
  if (parts < 2 || parts > atomic_load(&size) || atomic_flag_test_and_set(&is_taken)) {
    for (int part = 0; part < parts; part++) work(context, part);
    return;
  }
  job.work = work;
  job.context = context;
  job.parts = parts;
  atomic_store(&remaining, atomic_load(&helpers));
  atomic_fetch_add(&number, 1);
  if (atomic_load(&sleepers) > 0) {
    pthread_mutex_lock(&mutex);
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&mutex);
  }
  work(context, 0);
  wait_for_helpers();
  atomic_flag_clear(&is_taken);
}
