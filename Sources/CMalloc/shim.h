#pragma once
// glibc's own calls beside malloc and free, which its Swift module leaves out.
#include <malloc.h>
