#include <math.h>

#include "Kernels.h"

CTR_INLINE float ctr_row_sum(const float *x, size_t count, float subtrahend, int squared) {
#pragma clang fp reassociate(on) contract(fast)
  float sum = 0;
  for (size_t i = 0; i < count; i++) {
    float d = x[i] - subtrahend;
    sum += squared ? d * d : d;
  }
  return sum;
}

CTR_INLINE double ctr_sum_of_row(ctr_type type, const void *x, size_t width, float subtrahend,
                                 int squared) {
  double sum = 0;
  CTR_EACH_BLOCK(start, size, width) {
    float block[CTR_BLOCK];
    sum += ctr_row_sum(ctr_load(type, x, start, size, block), size, subtrahend, squared);
  }
  return sum;
}

CTR_CLONES
void ctr_norm(ctr_norm_kind kind, ctr_type type, const void *x, const void *weight,
              const void *bias, size_t first_row, size_t weight_rows, float epsilon, size_t rows,
              size_t width, void *y, float *statistics) {
  for (size_t r = 0; r < rows; r++) {
    const void *line = ctr_at(type, x, r * width);
    void *target = ctr_place(type, y, r * width);
    size_t parameters = ((first_row + r) % weight_rows) * width;
    float mean = 0, factor;
    if (kind == CTR_LAYER_NORM) {
      mean = (float)(ctr_sum_of_row(type, line, width, 0, 0) / (double)width);
      double variance = ctr_sum_of_row(type, line, width, mean, 1) / (double)width;
      factor = (float)(1 / sqrt(variance + epsilon));
    } else {
      double squares = ctr_sum_of_row(type, line, width, 0, 1);
      if (kind == CTR_RMS_NORM) {
        factor = (float)(1 / sqrt(squares / (double)width + epsilon));
      } else {
        float length = (float)sqrt(squares);
        factor = 1 / (length < epsilon ? epsilon : length);
        statistics[2 * r] = length;
      }
    }
    if (kind != CTR_SCALE_NORM) statistics[2 * r] = mean;
    statistics[2 * r + 1] = factor;
    float scalar = 1;
    if (kind == CTR_SCALE_NORM && weight) {
      float block[1];
      scalar = *ctr_load(type, weight, 0, 1, block);
    }
    CTR_EACH_BLOCK(start, size, width) {
      float x_block[CTR_BLOCK], w_block[CTR_BLOCK], b_block[CTR_BLOCK], y_block[CTR_BLOCK];
      const float *a = ctr_load(type, line, start, size, x_block);
      float *c = ctr_open(type, target, start, y_block);
      CTR_INDEPENDENT
      for (size_t i = 0; i < size; i++) c[i] = (a[i] - mean) * factor * scalar;
      if (weight && kind != CTR_SCALE_NORM) {
        const float *w = ctr_load(type, weight, parameters + start, size, w_block);
        CTR_INDEPENDENT
        for (size_t i = 0; i < size; i++) c[i] *= w[i];
      }
      if (bias) {
        const float *b = ctr_load(type, bias, parameters + start, size, b_block);
        CTR_INDEPENDENT
        for (size_t i = 0; i < size; i++) c[i] += b[i];
      }
      ctr_store(type, target, start, size, c);
    }
  }
}

/// The sums over a row that the gradient needs: of dy · w, and of dy · w · normed.
CTR_INLINE void ctr_gradient_sums(const float *x, const float *dy, const float *w, size_t count,
                                  float mean, float factor, double *plain, double *normed) {
#pragma clang fp reassociate(on) contract(fast)
  float first = 0, second = 0;
  for (size_t i = 0; i < count; i++) {
    float g = w ? dy[i] * w[i] : dy[i];
    first += g;
    second += g * (x[i] - mean);
  }
  *plain += first;
  *normed += second * factor;
}

CTR_CLONES
void ctr_norm_backward(ctr_norm_kind kind, ctr_type type, const void *x, const void *weight,
                       size_t first_row, size_t weight_rows, float epsilon, const float *statistics,
                       const void *dy, size_t rows, size_t width, void *dx, int accumulate,
                       float *dweight, float *dbias) {
  const int has_row = weight && kind != CTR_SCALE_NORM;
  float scalar = 1;
  if (weight && kind == CTR_SCALE_NORM) {
    float block[1];
    scalar = *ctr_load(type, weight, 0, 1, block);
  }
  for (size_t r = 0; r < rows; r++) {
    const void *line = ctr_at(type, x, r * width);
    const void *gradient = ctr_at(type, dy, r * width);
    void *target = ctr_place(type, dx, r * width);
    size_t parameters = ((first_row + r) % weight_rows) * width;
    float mean = kind == CTR_SCALE_NORM ? 0 : statistics[2 * r], factor = statistics[2 * r + 1];
    double plain = 0, normed = 0;
    float x_block[CTR_BLOCK], w_block[CTR_BLOCK], dy_block[CTR_BLOCK];
    CTR_EACH_BLOCK(start, size, width) {
      const float *a = ctr_load(type, line, start, size, x_block);
      const float *g = ctr_load(type, gradient, start, size, dy_block);
      const float *w = has_row ? ctr_load(type, weight, parameters + start, size, w_block) : NULL;
      ctr_gradient_sums(a, g, w, size, mean, factor, &plain, &normed);
    }
    float shift = 0, pull = (float)(normed / (double)width);
    if (kind == CTR_LAYER_NORM) shift = (float)(plain / (double)width);
    if (kind == CTR_SCALE_NORM) {
      // Where the length was too small it was replaced by a constant, which has no gradient.
      pull = statistics[2 * r] < epsilon ? 0 : (float)normed;
      if (dweight) dweight[0] += (float)normed;
    }
    CTR_EACH_BLOCK(start, size, width) {
      float old_block[CTR_BLOCK], dx_block[CTR_BLOCK];
      const float *a = ctr_load(type, line, start, size, x_block);
      const float *g = ctr_load(type, gradient, start, size, dy_block);
      if (dweight && has_row) {
        float *sums = dweight + parameters + start;
        for (size_t i = 0; i < size; i++) sums[i] += g[i] * ((a[i] - mean) * factor);
      }
      if (dbias) {
        float *sums = dbias + parameters + start;
        for (size_t i = 0; i < size; i++) sums[i] += g[i];
      }
      const float *old = accumulate ? ctr_load(type, target, start, size, old_block) : NULL;
      float *c = ctr_open(type, target, start, dx_block);
      float result[CTR_BLOCK];
      if (has_row) {
        const float *w = ctr_load(type, weight, parameters + start, size, w_block);
        for (size_t i = 0; i < size; i++)
          result[i] = factor * (g[i] * w[i] - shift - (a[i] - mean) * factor * pull);
      } else {
        for (size_t i = 0; i < size; i++)
          result[i] = factor * scalar * (g[i] - shift - (a[i] - mean) * factor * pull);
      }
      if (old) {
        CTR_INDEPENDENT
        for (size_t i = 0; i < size; i++) c[i] = old[i] + result[i];
      } else {
        for (size_t i = 0; i < size; i++) c[i] = result[i];
      }
      ctr_store(type, target, start, size, c);
    }
  }
}
