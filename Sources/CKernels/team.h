// Threads that compute parts of products. They are started once, allocate nothing, and wait actively for a short while
// before they sleep.
#pragma once

enum { TEAM_MOST = 1024 };

// The number of threads: the caller and its helpers; 1 until `team_set_size` starts helpers. Helpers never end.
int team_size(void);
void team_set_size(int threads);

// Calls work(context, part) for each part, and returns when all parts are done; the caller computes the first part.
// Only one caller at a time has helpers; any other caller computes all its parts alone.
void team_run(void (*work)(void *context, int part), void *context, int parts);
