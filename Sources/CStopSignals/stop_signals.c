#define _POSIX_C_SOURCE 200809L
#include "stop_signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

// Lock-free, so that a handler may write it while any thread reads it (C11, 7.14.1.1).
static atomic_int came;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal's handler needs an atomic without a lock");

static void note(int number) {
  (void)number;
  atomic_store(&came, 1);
}

void stop_signals_note(int interrupts) {
  // A process inherits what its parent has blocked, such as a thread pool of another program.
  sigset_t noted;
  sigemptyset(&noted);
  sigaddset(&noted, SIGTERM);
  sigaddset(&noted, SIGUSR1);
  sigaddset(&noted, SIGUSR2);
  if (interrupts) sigaddset(&noted, SIGINT);
  sigprocmask(SIG_UNBLOCK, &noted, 0);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  sigemptyset(&action.sa_mask);
  action.sa_handler = note;
  // System calls that a signal interrupts go on, in libraries too.
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, 0);
  sigaction(SIGUSR1, &action, 0);
  sigaction(SIGUSR2, &action, 0);
  if (interrupts) {
    action.sa_flags = SA_RESTART | SA_RESETHAND;
    sigaction(SIGINT, &action, 0);
  }
  action.sa_flags = 0;
  action.sa_handler = SIG_IGN;
  sigaction(SIGXFSZ, &action, 0);
}

int stop_signals_came(void) { return atomic_load(&came); }
