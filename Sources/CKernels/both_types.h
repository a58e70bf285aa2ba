// LOOPS for both number types and one instruction set: see every_variant.h, which includes this file.

#define T float
#define TYPE f32
#define WIDTH LANES_F32
#define PACKED(intrinsic) intrinsic##_ps
#define LIBM(function) function##f
#include "variant.h"

#define T double
#define TYPE f64
#define WIDTH LANES_F64
#define PACKED(intrinsic) intrinsic##_pd
#define LIBM(function) function
#include "variant.h"

#undef INSTRUCTIONS
#undef TARGET
#undef LANES_F32
#undef LANES_F64
#undef LOAD_PART
#undef STORE_PART
#undef LIBMVEC_LETTER
