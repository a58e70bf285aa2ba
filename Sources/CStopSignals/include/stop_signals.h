// Signals that ask a run to stop between two steps, where it has something to leave behind.
#pragma once

// From now on SIGTERM, SIGUSR1 and SIGUSR2 are noted, however often they come; with `interrupts` SIGINT too, the first time:
// the second one ends the process. A write beyond the limit of a file's size fails, where it would end the process.
void stop_signals_note(int interrupts);

// Whether one of them has come.
int stop_signals_came(void);
