#include <math.h>

#include "Kernels.h"

/// Four numbers of a stream: Philox4x32-10 (Salmon and others, 2011) of a counter and a key.
CTR_INLINE void ctr_philox(uint64_t counter, uint64_t key, uint32_t out[4]) {
  uint32_t a = (uint32_t)counter, b = (uint32_t)(counter >> 32), c = 0, d = 0;
  uint32_t low = (uint32_t)key, high = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++) {
    uint64_t first = (uint64_t)0xD2511F53u * a, second = (uint64_t)0xCD9E8D57u * c;
    a = (uint32_t)(second >> 32) ^ b ^ low;
    b = (uint32_t)second;
    c = (uint32_t)(first >> 32) ^ d ^ high;
    d = (uint32_t)first;
    low += 0x9E3779B9u;
    high += 0xBB67AE85u;
  }
  out[0] = a, out[1] = b, out[2] = c, out[3] = d;
}

/// Numbers first … first + count − 1 of a stream, which need not begin at a multiple of four.
CTR_INLINE void ctr_stream(uint64_t first, uint64_t key, size_t count, uint32_t *numbers) {
  size_t done = 0;
  uint32_t four[4];
  while (done < count) {
    uint64_t place = first + done;
    size_t skip = place & 3;
    ctr_philox(place >> 2, key, four);
    for (; skip < 4 && done < count; skip++, done++) numbers[done] = four[skip];
  }
}

/// What each number is multiplied by: 0, or 1 / (1 − rate).
CTR_INLINE void ctr_keep(uint64_t first, uint64_t key, float rate, size_t count, float *factors) {
  uint32_t numbers[CTR_BLOCK];
  ctr_stream(first, key, count, numbers);
  double limit = (double)rate * 4294967296.0;
  uint32_t least = limit >= 4294967295.0 ? UINT32_MAX : (uint32_t)limit;
  float scale = 1 / (1 - rate);
  for (size_t i = 0; i < count; i++) factors[i] = numbers[i] >= least ? scale : 0;
}

CTR_CLONES
void ctr_dropout(ctr_type type, const void *x, void *y, size_t rows, size_t stride, size_t width,
                 uint64_t first, uint64_t row_step, uint64_t key, float rate) {
  for (size_t r = 0; r < rows; r++) {
    const void *line = ctr_at(type, x, r * stride);
    void *target = ctr_place(type, y, r * stride);
    CTR_EACH_BLOCK(start, size, width) {
      float x_block[CTR_BLOCK], y_block[CTR_BLOCK], factors[CTR_BLOCK];
      ctr_keep(first + r * row_step + start, key, rate, size, factors);
      const float *a = ctr_load(type, line, start, size, x_block);
      float *c = ctr_open(type, target, start, y_block);
      CTR_INDEPENDENT
      for (size_t i = 0; i < size; i++) c[i] = factors[i] == 0 ? 0 : a[i] * factors[i];
      ctr_store(type, target, start, size, c);
    }
  }
}

CTR_CLONES
void ctr_add_dropout(ctr_type type, const void *residual, const void *x, void *y, size_t count,
                     uint64_t first, uint64_t key, float rate) {
  CTR_EACH_BLOCK(start, size, count) {
    float r_block[CTR_BLOCK], x_block[CTR_BLOCK], y_block[CTR_BLOCK], dropped[CTR_BLOCK];
    const float *base = ctr_load(type, residual, start, size, r_block);
    const float *a = ctr_load(type, x, start, size, x_block);
    if (rate > 0) {
      float factors[CTR_BLOCK];
      ctr_keep(first + start, key, rate, size, factors);
      for (size_t i = 0; i < size; i++) dropped[i] = factors[i] == 0 ? 0 : a[i] * factors[i];
      a = dropped;
    }
    float *c = ctr_open(type, y, start, y_block);
    CTR_INDEPENDENT
    for (size_t i = 0; i < size; i++) c[i] = base[i] + a[i];
    ctr_store(type, y, start, size, c);
  }
}

void ctr_normal(float *target, size_t count, uint64_t first, uint64_t key, float deviation) {
  // Box and Muller: each pair of numbers of the stream gives a pair of normal numbers.
  double sine = 0;
  for (size_t i = 0; i < count; i++) {
    uint64_t place = first + i;
    if ((place & 1) && i > 0) {
      target[i] = (float)sine;
      continue;
    }
    uint32_t four[4];
    ctr_philox(place >> 1, key, four);
    double radius = sqrt(-2 * log(((double)four[0] + 1) / 4294967296.0));
    double angle = 6.283185307179586 * ((double)four[1] / 4294967296.0);
    sine = deviation * radius * sin(angle);
    target[i] = (float)(place & 1 ? sine : deviation * radius * cos(angle));
  }
}

void ctr_uniform(float *target, size_t count, uint64_t first, uint64_t key, float bound) {
  for (size_t i = 0; i < count; i++) {
    uint64_t place = first + i;
    uint32_t four[4];
    ctr_philox(place >> 2, key, four);
    double unit = ((double)four[place & 3] + 0.5) / 4294967296.0;
    target[i] = (float)((2 * unit - 1) * bound);
  }
}
