// The loops of activation_loops.h for one number type and one set of instructions, see every_variant.h.

// The forward pass of one vector; `function` and `is_whole` are compile-time constants.
INLINE void NAME(forward_vector)(
    const activation_function function, const activation_forward_pass *pass, size_t at, size_t count,
    const int is_whole) {
  const V one = (V)(1), zero = (V)(0);
  const V z = NAME(load)((const T *)pass->z + at, count, is_whole);
  V y = z, slope = one, curvature = zero;
  switch (function) {
    case activation_identity: break;
    case activation_sigmoid: {
      // Uses e = e^−|z|, so that neither tail overflows or cancels.
      const V e = EXP(-__builtin_elementwise_abs(z)), q = one / (one + e);
      slope = e * q * q;
      const V magnitude = slope * (one - e) * q;
      curvature = z < 0 ? magnitude : -magnitude;
      y = z < 0 ? e * q : q;
      break;
    }
    case activation_tanh:
      y = TANH(z);
      slope = (one - y) * (one + y);
      curvature = -2 * y * slope;
      break;
    case activation_softplus: {
      const V e = EXP(-__builtin_elementwise_abs(z)), tail = LOG1P(e), q = one / (one + e);
      y = (z < 0 ? zero : z) + tail;
      slope = z < 0 ? e * q : q;
      curvature = e * q * q;
      break;
    }
    // These comparisons let NaN pass through.
    case activation_relu:
      y = z < 0 ? zero : z;
      slope = z > 0 ? one : zero;
      break;
    case activation_leaky_relu:
      slope = z > 0 ? one : (V)((T)0.01);
      y = slope * z;
      break;
    case activation_elu: {
      const V tail = EXPM1(z > 0 ? zero : z);
      y = z > 0 ? z : tail;
      slope = z > 0 ? one : tail + one;
      curvature = z > 0 ? zero : tail + one;
      break;
    }
    case activation_swish: {
      const V e = EXP(-__builtin_elementwise_abs(z)), q = one / (one + e);
      const V s = z < 0 ? e * q : q, s_slope = e * q * q, one_minus_two_s = (z < 0 ? one - e : e - one) * q;
      y = z * s;
      slope = s + z * s_slope;
      curvature = s_slope * (2 + z * one_minus_two_s);
      break;
    }
  }
  NAME(store)((T *)pass->y + at, y, count, is_whole);
  if (pass->slopes != NULL) NAME(store)((T *)pass->slopes + at, slope, count, is_whole);
  if (pass->curvatures != NULL) NAME(store)((T *)pass->curvatures + at, curvature, count, is_whole);
  if (pass->u != NULL) {
    const V u = NAME(load)((const T *)pass->u + at, count, is_whole);
    NAME(store)((T *)pass->u_above + at, u * __builtin_elementwise_abs(slope), count, is_whole);
  }
}

INLINE void NAME(forward_all)(const activation_function function, const activation_forward_pass *given) {
  // A local copy, which no result can overlap.
  const activation_forward_pass pass = *given;
  size_t at = 0;
  for (; at + WIDTH <= pass.count; at += WIDTH) NAME(forward_vector)(function, &pass, at, WIDTH, 1);
  if (at < pass.count) NAME(forward_vector)(function, &pass, at, pass.count - at, 0);
}

TARGET static void NAME(forward)(const activation_forward_pass *pass) {
#define CASE(name) \
  case activation_##name: return NAME(forward_all)(activation_##name, pass);
  switch (pass->function) {
    ACTIVATIONS_OF_VALUE(CASE)
    OTHER_ACTIVATIONS(CASE)
  }
#undef CASE
}

// Computes σ'(z) and σ''(z) from y = σ(z), for functions whose derivatives follow from it. Returns whether σ'' can
// differ from 0.
INLINE int NAME(derive_of_value)(const activation_function function, V y, V *slope, V *curvature) {
  const V one = (V)(1), zero = (V)(0);
  *slope = one;
  *curvature = zero;
  switch (function) {
    case activation_tanh:
      *slope = (one - y) * (one + y);
      *curvature = -2 * y * *slope;
      return 1;
    case activation_relu: *slope = y > 0 ? one : zero; return 0;
    case activation_leaky_relu: *slope = y > 0 ? one : (V)((T)0.01); return 0;
    case activation_elu:
      *slope = y > 0 ? one : y + one;
      *curvature = y > 0 ? zero : y + one;
      return 1;
    default: return 0;
  }
}

// (M8) Z below; the outer magnitude corrects negative curvature.
INLINE V NAME(z_below)(V z, V gradient, V slope, const int has_curvature, V curvature, V u) {
  V sum = z * __builtin_elementwise_abs(slope);
  if (has_curvature) sum += gradient * curvature * u;
  return __builtin_elementwise_abs(sum);
}

// The backward pass of one vector; `function`, `of_value`, `has_z` and `is_whole` are compile-time constants.
INLINE void NAME(backward_vector)(
    const activation_function function, const int of_value, const int has_z, const activation_backward_pass *pass,
    size_t at, size_t count, const int is_whole) {
  T *y_dot = (T *)pass->y_dot + at, *z = (T *)pass->z + at;
  V slope, curvature = (V)(0), u = (V)(0);
  int has_curvature = 1;
  if (of_value) {
    const V y = NAME(load)((const T *)pass->y + at, count, is_whole);
    has_curvature = NAME(derive_of_value)(function, y, &slope, &curvature);
  } else {
    slope = NAME(load)((const T *)pass->slopes + at, count, is_whole);
    if (has_z) curvature = NAME(load)((const T *)pass->curvatures + at, count, is_whole);
  }
  const V gradient = NAME(load)(y_dot, count, is_whole);
  NAME(store)(y_dot, gradient * slope, count, is_whole);
  if (!has_z) return;
  if (has_curvature) u = NAME(load)((const T *)pass->u + at, count, is_whole) * (T)pass->u_scale;
  const V above = NAME(load)(z, count, is_whole);
  const V scaled = gradient * (T)pass->scale;
  NAME(store)(z, NAME(z_below)(above, scaled, slope, has_curvature, curvature, u), count, is_whole);
}

INLINE void NAME(backward_all)(
    const activation_function function, const int of_value, const int has_z, const activation_backward_pass *given) {
  const activation_backward_pass pass = *given;
  size_t at = 0;
  for (; at + WIDTH <= pass.count; at += WIDTH) {
    NAME(backward_vector)(function, of_value, has_z, &pass, at, WIDTH, 1);
  }
  if (at < pass.count) NAME(backward_vector)(function, of_value, has_z, &pass, at, pass.count - at, 0);
}

TARGET static void NAME(backward)(const activation_backward_pass *pass) {
#define EITHER(function, of_value)                                                                         \
  {                                                                                                        \
    if (pass->z != NULL) NAME(backward_all)(function, of_value, 1, pass);                                  \
    else NAME(backward_all)(function, of_value, 0, pass);                                                  \
    return;                                                                                                \
  }
  if (pass->y == NULL) EITHER(activation_identity, 0)
#define CASE(name) case activation_##name: EITHER(activation_##name, 1)
  switch (pass->function) {
    ACTIVATIONS_OF_VALUE(CASE)
    default: return;
  }
#undef CASE
#undef EITHER
}

// The loss of one vector; adds its squared errors to `sum`.
INLINE V NAME(error_vector)(
    const activation_function function, const int has_z, const activation_error_pass *pass, V sum, size_t at,
    size_t count, const int is_whole) {
  const V y = NAME(load)((const T *)pass->y + at, count, is_whole);
  const V error = y - NAME(load)((const T *)pass->t + at, count, is_whole), gradient = 2 * error;
  V slope, curvature;
  const int has_curvature = NAME(derive_of_value)(function, y, &slope, &curvature);
  NAME(store)((T *)pass->y_dot + at, gradient * slope, count, is_whole);
  if (has_z) {
    const V u = NAME(load)((const T *)pass->u + at, count, is_whole);
    const V above = 2 * (u * __builtin_elementwise_abs(slope));
    const V z = NAME(z_below)(above, gradient, slope, has_curvature, curvature, u);
    NAME(store)((T *)pass->z + at, z, count, is_whole);
  }
  // The missing numbers of a partial vector are 0 in both y and t.
  return sum + error * error;
}

INLINE double NAME(error_all)(
    const activation_function function, const int has_z, const activation_error_pass *given) {
  const activation_error_pass pass = *given;
  double total = 0;
  for (size_t row = 0; row < pass.rows; row++) {
    // Four sums, so that an addition need not wait for the previous one.
    V sum[4] = {(V)(0), (V)(0), (V)(0), (V)(0)};
    const size_t end = (row + 1) * pass.columns;
    size_t at = row * pass.columns;
    while (at + 4 * WIDTH <= end) {
#pragma clang loop unroll(full)
      for (int part = 0; part < 4; part++, at += WIDTH) {
        sum[part] = NAME(error_vector)(function, has_z, &pass, sum[part], at, WIDTH, 1);
      }
    }
    for (; at + WIDTH <= end; at += WIDTH) sum[0] = NAME(error_vector)(function, has_z, &pass, sum[0], at, WIDTH, 1);
    if (at < end) sum[1] = NAME(error_vector)(function, has_z, &pass, sum[1], at, end - at, 0);
    const V all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    double of_row = 0;
    for (int lane = 0; lane < WIDTH; lane++) of_row += (double)all[lane];
    total += of_row;
  }
  return total;
}

TARGET static double NAME(squared_error)(const activation_error_pass *pass) {
#define CASE(name)       \
  case activation_##name: \
    return pass->z != NULL ? NAME(error_all)(activation_##name, 1, pass) : NAME(error_all)(activation_##name, 0, pass);
  switch (pass->function) {
    ACTIVATIONS_OF_VALUE(CASE)
    default: return NAN;
  }
#undef CASE
}
