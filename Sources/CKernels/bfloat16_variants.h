// The loops of bfloat16.h for one set of instructions, see every_variant.h: there are none for doubles.
#if WIDTH == LANES_F32

TARGET static void NAME(round)(size_t count, const float *x, uint16_t *y) {
  for (size_t k = 0; k < count; k++) {
    uint32_t bits;
    memcpy(&bits, x + k, sizeof bits);
    // Adds half a unit of the last place that stays, less one bit where that place is even, so that ties do not carry
    // into it.
    uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    // A NaN may have all its fraction bits in the half that is dropped.
    uint32_t quiet = (bits >> 16) | 0x40;
    y[k] = (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded);
  }
}

TARGET static void NAME(widen)(size_t count, const uint16_t *x, float *y) {
  for (size_t k = 0; k < count; k++) {
    uint32_t bits = (uint32_t)x[k] << 16;
    memcpy(y + k, &bits, sizeof bits);
  }
}

TARGET static void NAME(sum)(size_t parts, size_t count, const uint16_t *x, uint16_t *y) {
  float sums[block];
  for (size_t start = 0; start < count; start += block) {
    size_t length = count - start < block ? count - start : block;
    memset(sums, 0, sizeof sums);
    for (size_t part = 0; part < parts; part++) {
      const uint16_t *addends = x + part * count + start;
      for (size_t k = 0; k < length; k++) {
        uint32_t bits = (uint32_t)addends[k] << 16;
        float addend;
        memcpy(&addend, &bits, sizeof addend);
        sums[k] += addend;
      }
    }
    NAME(round)(length, sums, y + start);
  }
}

#endif
