// The loops of parameter_steps.h for one number type and one set of instructions, see every_variant.h.

INLINE T NAME(denominator)(T sum, int is_root) {
  return is_root ? __builtin_elementwise_sqrt(sum) : sum;
}

// is_root and has_curvature are compile-time constants.
INLINE partitioning_measures NAME(take_up_all)(
    size_t count, const T *restrict w, const T *restrict w_dot, const T *restrict w_ddot, const T *restrict origin,
    T *restrict s, T *restrict m, T *restrict v, const parameter_block *block, double keep_, double gain_, int is_root,
    int has_curvature) {
  // The compiler chooses the order of the sums, so that it can use vectors.
#pragma clang fp reassociate(on)
  const T w_ddot_per_sample = (T)block->w_ddot_per_sample;
  const T per_sample = (T)block->per_sample, l2 = (T)block->l2, l1 = (T)block->l1;
  const T keep = (T)keep_, gain = (T)gain_;
  const T m_keep = (T)block->m_decay, m_gain = (T)(1 - block->m_decay);
  const T v_keep = (T)block->v_decay, v_gain = (T)(1 - block->v_decay);
  const T correction = (T)block->v_correction, base = (T)block->base;
  double product = 0, magnitude = 0, squares = 0;
  for (size_t k = 0; k < count; k++) {
    const T weight = w[k];
    const T sign = (T)((weight > 0) - (weight < 0));
    const T g = w_dot[k] * per_sample + l2 * weight + l1 * sign;
    const T sum = keep * s[k] + gain * g;
    s[k] = sum;
    product += (double)g * (double)(origin[k] - weight);
    magnitude += (double)__builtin_elementwise_abs(sum);
    m[k] = m_keep * m[k] + m_gain * g;
    T average = v[k];
    if (has_curvature) {
      average = v_keep * average + v_gain * (w_ddot[k] * w_ddot_per_sample);
      v[k] = average;
    }
    const T d = NAME(denominator)(average * correction + base, is_root);
    const double step = d == 0 ? 0 : (double)(g / d);
    squares += step * step;
  }
  return (partitioning_measures){product, magnitude, squares};
}

TARGET static partitioning_measures NAME(take_up)(
    const parameter_block *block, const void *origin, void *s, double keep, double gain) {
#define ALL(is_root, has_curvature)                                                                              \
  NAME(take_up_all)(                                                                                             \
      block->count, block->w, block->w_dot, block->w_ddot, origin, s, block->m, block->v, block, keep, gain, is_root, \
      has_curvature)
  if (block->is_root) return block->w_ddot ? ALL(1, 1) : ALL(1, 0);
  return block->w_ddot ? ALL(0, 1) : ALL(0, 0);
#undef ALL
}

INLINE void NAME(move_all)(
    size_t count, T *restrict w, const T *restrict m, const T *restrict v, T scale, T m_correction, T v_correction,
    T base, int is_root) {
  for (size_t k = 0; k < count; k++) {
    const T d = NAME(denominator)(v[k] * v_correction + base, is_root);
    // The scale is multiplied last: where gradients are tiny, it is too large to be multiplied with anything but the
    // step.
    const T step = scale * (m[k] * m_correction / d);
    w[k] -= d == 0 ? 0 : step;
  }
}

TARGET static void NAME(move)(const parameter_block *block, double scale) {
#define ALL(is_root)                                                                                            \
  NAME(move_all)(                                                                                               \
      block->count, block->w, block->m, block->v, (T)scale, (T)block->m_correction,                     \
      (T)block->v_correction, (T)block->base, is_root)
  if (block->is_root) {
    ALL(1);
  } else {
    ALL(0);
  }
#undef ALL
}

// Steps without averages, and steps with the averages of Adam, have the bits of their formula: every product and every
// sum is rounded. The Swift loops, which are used where a step keeps the last Ẅ, have the same bits.
#pragma STDC FP_CONTRACT OFF

// The gradient of one element of w, g = Ẇ/S + ∇R.
INLINE T NAME(gradient)(T w, T w_dot, T per_sample, T l2, T l1) {
  const T sign = (T)((w > 0) - (w < 0));
  return w_dot * per_sample + l2 * w + l1 * sign;
}

TARGET static void NAME(descend)(const parameter_block *block, double rate_) {
  const T per_sample = (T)block->per_sample, l2 = (T)block->l2, l1 = (T)block->l1;
  const T rate = (T)rate_;
  T *restrict w = block->w;
  const T *restrict w_dot = block->w_dot;
  const size_t count = block->count;
  for (size_t k = 0; k < count; k++) w[k] -= rate * NAME(gradient)(w[k], w_dot[k], per_sample, l2, l1);
}

TARGET static void NAME(adam)(const parameter_block *block, double rate_) {
  const T per_sample = (T)block->per_sample, l2 = (T)block->l2, l1 = (T)block->l1;
  const T m_keep = (T)block->m_decay, m_gain = (T)(1 - block->m_decay);
  const T v_keep = (T)block->v_decay, v_gain = (T)(1 - block->v_decay);
  const T m_correction = (T)block->m_correction, v_correction = (T)block->v_correction;
  const T rate = (T)rate_, epsilon = (T)block->base;
  T *restrict w = block->w, *restrict m = block->m, *restrict v = block->v;
  const T *restrict w_dot = block->w_dot;
  const size_t count = block->count;
  for (size_t k = 0; k < count; k++) {
    const T g = NAME(gradient)(w[k], w_dot[k], per_sample, l2, l1);
    m[k] = m_keep * m[k] + m_gain * g;
    v[k] = v_keep * v[k] + v_gain * (g * g);
    w[k] -= rate * (m[k] * m_correction) / (__builtin_elementwise_sqrt(v[k] * v_correction) + epsilon);
  }
}

INLINE void NAME(divide_all)(const parameter_block *block, double rate_, int is_root) {
  const T w_ddot_per_sample = (T)block->w_ddot_per_sample;
  const T per_sample = (T)block->per_sample, l2 = (T)block->l2, l1 = (T)block->l1;
  const T rate = (T)rate_, base = (T)block->base;
  T *restrict w = block->w;
  const T *restrict w_dot = block->w_dot, *restrict w_ddot = block->w_ddot;
  const size_t count = block->count;
  for (size_t k = 0; k < count; k++) {
    const T g = NAME(gradient)(w[k], w_dot[k], per_sample, l2, l1);
    const T d = NAME(denominator)(w_ddot[k] * w_ddot_per_sample + base, is_root);
    const T step = rate * g / d;
    w[k] -= d == 0 ? 0 : step;
  }
}

TARGET static void NAME(divide)(const parameter_block *block, double rate) {
  if (block->is_root) {
    NAME(divide_all)(block, rate, 1);
  } else {
    NAME(divide_all)(block, rate, 0);
  }
}

INLINE parameter_squares NAME(average_all)(const parameter_block *block, int has_average) {
  const T per_sample = (T)block->per_sample, l2 = (T)block->l2, l1 = (T)block->l1;
  const T keep = (T)block->m_decay, gain = (T)(1 - block->m_decay);
  const T *restrict w = block->w, *restrict w_dot = block->w_dot;
  T *restrict m = block->m;
  const size_t count = block->count;
  double gradients = 0, averages = 0;
  for (size_t k = 0; k < count; k++) {
    const T g = NAME(gradient)(w[k], w_dot[k], per_sample, l2, l1);
    const T average = has_average ? keep * m[k] + gain * g : g;
    m[k] = average;
    gradients = relaxed_add(gradients, (double)g * (double)g);
    averages = relaxed_add(averages, (double)average * (double)average);
  }
  return (parameter_squares){gradients, averages};
}

TARGET static inline parameter_squares NAME(average)(const parameter_block *block) {
  return block->m_decay != 0 ? NAME(average_all)(block, 1) : NAME(average_all)(block, 0);
}

TARGET static inline double NAME(decrease)(const parameter_block *block, const void *after_) {
#pragma clang fp reassociate(on)
  const double per_sample = block->per_sample, l2 = block->l2, l1 = block->l1;
  const T *w = block->w, *w_dot = block->w_dot, *after = after_;
  const size_t count = block->count;
  double sum = 0;
  for (size_t k = 0; k < count; k++) {
    const double weight = (double)w[k];
    const double g = (double)w_dot[k] * per_sample + l2 * weight + l1 * (double)((weight > 0) - (weight < 0));
    sum += g * (weight - (double)after[k]);
  }
  return sum;
}

#pragma STDC FP_CONTRACT DEFAULT
