// Threads that wait for parts of products: started once, they allocate nothing and wait a short while before they sleep.
#pragma once

enum { TEAM_MOST = 1024 };

// The caller and its helpers together; 1 until `team_set_size` starts some. No helper ever ends.
int team_size(void);
void team_set_size(int threads);

// Calls work(context, part) for each part, the caller's being the first, and returns when all are done. One caller at a
// time has helpers: another one does its parts alone.
void team_run(void (*work)(void *context, int part), void *context, int parts);
