#include "Kernels.h"

// Weak: a machine whose libraries do without OpenMP has no such function.
extern void omp_set_num_threads(int) __attribute__((weak));

void ctr_use_one_openmp_thread(void) {
  if (omp_set_num_threads) omp_set_num_threads(1);
}

CTR_CLONES
double ctr_sum_of_squares(const float *numbers, size_t count) {
#pragma clang fp reassociate(on) contract(fast)
  double sum = 0;
  for (size_t index = 0; index < count; index++) {
    double number = numbers[index];
    sum += number * number;
  }
  return sum;
}

CTR_CLONES
void ctr_convert(ctr_type from, const void *source, size_t source_stride, ctr_type to, void *target,
                 size_t target_stride, size_t rows, size_t width) {
  for (size_t row = 0; row < rows; row++) {
    const void *x = ctr_at(from, source, row * source_stride);
    void *y = ctr_place(to, target, row * target_stride);
    if (from == to) {
      memmove(y, x, width * ctr_byte_count(to));
      continue;
    }
    if (to == CTR_FLOAT32) {
      ctr_load(from, x, 0, width, y);
      continue;
    }
    CTR_EACH_BLOCK(start, size, width) {
      float block[CTR_BLOCK];
      ctr_store(to, y, start, size, ctr_load(from, x, start, size, block));
    }
  }
}

CTR_CLONES
void ctr_split(const float *restrict numbers, uint16_t *restrict rounded, int16_t *restrict rest,
               size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint16_t half = ctr_bfloat16(numbers[i]);
    int32_t left = (int32_t)(ctr_bits_of_float(numbers[i]) - ((uint32_t)half << 16));
    // Half a unit upwards has no place in 16 bits; more is left of what is not a number alone, and it stays
    // none.
    left = left > INT16_MAX ? INT16_MAX : left < INT16_MIN ? INT16_MIN : left;
    rounded[i] = half;
    rest[i] = (int16_t)left;
  }
}

CTR_CLONES
void ctr_join(const uint16_t *restrict rounded, const int16_t *restrict rest,
              float *restrict numbers, size_t count) {
  for (size_t i = 0; i < count; i++)
    numbers[i] = ctr_float_of_bits(((uint32_t)rounded[i] << 16) + (uint32_t)(int32_t)rest[i]);
}

CTR_CLONES
void ctr_round(ctr_type type, float *numbers, size_t count) {
  if (type == CTR_BFLOAT16) {
    for (size_t i = 0; i < count; i++)
      numbers[i] = ctr_float_of_bits((uint32_t)ctr_bfloat16(numbers[i]) << 16);
  } else if (type == CTR_FLOAT16) {
    for (size_t i = 0; i < count; i++) numbers[i] = (float)(_Float16)numbers[i];
  }
}

CTR_CLONES
void ctr_fill(ctr_type type, void *target, float value, size_t count) {
  if (type == CTR_FLOAT32) {
    float *numbers = target;
    for (size_t i = 0; i < count; i++) numbers[i] = value;
  } else {
    uint16_t bits;
    ctr_store(type, &bits, 0, 1, &value);
    uint16_t *numbers = target;
    for (size_t i = 0; i < count; i++) numbers[i] = bits;
  }
}

CTR_INLINE void ctr_sum(ctr_type type, const void *x, const void *y, void *sum, size_t count) {
  CTR_EACH_BLOCK(start, size, count) {
    float x_block[CTR_BLOCK], y_block[CTR_BLOCK], sum_block[CTR_BLOCK];
    const float *a = ctr_load(type, x, start, size, x_block);
    const float *b = ctr_load(type, y, start, size, y_block);
    float *c = ctr_open(type, sum, start, sum_block);
    CTR_INDEPENDENT
    for (size_t i = 0; i < size; i++) c[i] = a[i] + b[i];
    ctr_store(type, sum, start, size, c);
  }
}

CTR_CLONES
void ctr_add(ctr_type type, const void *x, const void *y, void *sum, size_t count) {
  ctr_sum(type, x, y, sum, count);
}

CTR_CLONES
void ctr_scale(ctr_type type, const void *x, float factor, void *product, size_t count) {
  CTR_EACH_BLOCK(start, size, count) {
    float x_block[CTR_BLOCK], block[CTR_BLOCK];
    const float *a = ctr_load(type, x, start, size, x_block);
    float *c = ctr_open(type, product, start, block);
    CTR_INDEPENDENT
    for (size_t i = 0; i < size; i++) c[i] = a[i] * factor;
    ctr_store(type, product, start, size, c);
  }
}

CTR_CLONES
void ctr_accumulate(const float *addend, ctr_type type, void *target, size_t count) {
  CTR_EACH_BLOCK(start, size, count) {
    float rounded[CTR_BLOCK], target_block[CTR_BLOCK], sum_block[CTR_BLOCK];
    memcpy(rounded, addend + start, size * sizeof(float));
    ctr_round(type, rounded, size);
    const float *old = ctr_load(type, target, start, size, target_block);
    float *sum = ctr_open(type, target, start, sum_block);
    CTR_INDEPENDENT
    for (size_t i = 0; i < size; i++) sum[i] = old[i] + rounded[i];
    ctr_store(type, target, start, size, sum);
  }
}

CTR_CLONES
void ctr_add_row(ctr_type type, const void *row, void *y, size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++) {
    void *line = ctr_place(type, y, r * width);
    ctr_sum(type, line, row, line, width);
  }
}

CTR_CLONES
void ctr_column_sums(ctr_type type, const void *x, size_t rows, size_t stride, size_t width,
                     float *sums) {
  for (size_t r = 0; r < rows; r++) {
    const void *line = ctr_at(type, x, r * stride);
    CTR_EACH_BLOCK(start, size, width) {
      float block[CTR_BLOCK];
      const float *a = ctr_load(type, line, start, size, block);
      for (size_t i = 0; i < size; i++) sums[start + i] += a[i];
    }
  }
}
