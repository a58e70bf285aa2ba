#define _POSIX_C_SOURCE 200809L
#include "stop_signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

#ifndef SIGXCPU
#error "this system has no limit of processor time"
#endif

// Lock-free, so that a handler may write it while any thread reads it (C11, 7.14.1.1).
static atomic_int came;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal's handler needs an atomic without a lock");

static void note(int number) { atomic_store(&came, number); }

static void handle(int number, void (*handler)(int), int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  sigemptyset(&action.sa_mask);
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(number, &action, NULL);
}

static int is_ignored(int number) {
  struct sigaction action;
  return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

// The system kills a process at its hard limit of processor time without SIGXCPU, where both limits are the same, as ulimit
// sets them. So the soft one is put before it: a tenth of it, 30 seconds at most, for a checkpoint.
static void leave_time_to_stop(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_CPU, &limit) != 0 || limit.rlim_max == RLIM_INFINITY || limit.rlim_max < 2) return;
  rlim_t grace = limit.rlim_max / 10;
  if (grace > 30) grace = 30;
  if (grace < 1) grace = 1;
  if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur <= limit.rlim_max - grace) return;
  limit.rlim_cur = limit.rlim_max - grace;
  setrlimit(RLIMIT_CPU, &limit);
}

void stop_signals_note(int interrupts) {
  static const int numbers[] = {SIGTERM, SIGHUP, SIGXCPU, SIGUSR1, SIGUSR2, SIGINT};
  sigset_t noted;
  sigemptyset(&noted);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    int number = numbers[i];
    if (number == SIGINT && !interrupts) continue;
    if ((number == SIGINT || number == SIGHUP) && is_ignored(number)) continue;
    // System calls that a signal interrupts go on, in libraries too.
    handle(number, note, number == SIGINT ? SA_RESTART | SA_RESETHAND : SA_RESTART);
    sigaddset(&noted, number);
  }
  // A process inherits what its parent has blocked, such as a thread pool of another program.
  sigprocmask(SIG_UNBLOCK, &noted, NULL);
  handle(SIGXFSZ, SIG_IGN, 0);
  leave_time_to_stop();
}

int stop_signals_came(void) { return atomic_load(&came); }

void stop_signals_fail_without_reader(int fails) { handle(SIGPIPE, fails ? SIG_IGN : SIG_DFL, 0); }
