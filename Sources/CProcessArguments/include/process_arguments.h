// The command line of this process, as the system gave it to the dynamic linker.
//
// Swift's own CommandLine looks for it on the stack below `environ`, and finds something else when a preloaded library has
// set an environment variable before, which moves `environ`. glibc passes every constructor the true one.
#pragma once

// How many arguments there are, the program's name among them.
int process_argument_count(void);

// One of them; it lives as long as the process.
const char *process_argument(int index);
