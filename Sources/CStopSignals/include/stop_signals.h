// Signals that ask a run to stop between two steps, where it has something to leave behind.
#pragma once

// From now on SIGTERM, SIGHUP, SIGXCPU, SIGUSR1 and SIGUSR2 are noted, however often they come; with `interrupts` SIGINT too,
// the first time: the second one ends the process. SIGHUP and SIGINT that the process was started to ignore, as by nohup,
// stay ignored. A limit of processor time comes with SIGXCPU some seconds before the end. A write beyond the limit of a file's size fails, where it would end the process.
void stop_signals_note(int interrupts);

// The last one of them that has come; 0 where none has.
int stop_signals_came(void);

// Whether a write to a pipe that nobody reads fails, or ends the process silently.
void stop_signals_fail_without_reader(int fails);
