#include <math.h>

#include "Kernels.h"

CTR_INLINE float ctr_most(const float *x, size_t count) {
#pragma clang fp reassociate(on) contract(fast)
  float most = -INFINITY;
  for (size_t i = 0; i < count; i++) most = x[i] > most ? x[i] : most;
  return most;
}

CTR_INLINE float ctr_sum_of_exp(const float *x, float most, size_t count) {
#pragma clang fp reassociate(on) contract(fast)
  float sum = 0;
  for (size_t i = 0; i < count; i++) sum += ctr_exp(x[i] - most);
  return sum;
}

CTR_CLONES
void ctr_label_log_probabilities(float *logits, size_t stride, size_t rows, size_t width,
                                 const int32_t *labels, const float *coefficients, ctr_type type,
                                 float *log_probabilities) {
  for (size_t r = 0; r < rows; r++) {
    float *row = logits + r * stride;
    float most = ctr_most(row, width);
    double sum = 0;
    CTR_EACH_BLOCK(start, size, width) sum += ctr_sum_of_exp(row + start, most, size);
    size_t label = (size_t)labels[r];
    float log_sum = (float)log(sum);
    log_probabilities[r] = (row[label] - most) - log_sum;
    if (!coefficients) continue;
    float coefficient = coefficients[r], factor = (float)(coefficient / sum);
    float hit = row[label];
    CTR_EACH_BLOCK(start, size, width) {
      float gradient[CTR_BLOCK];
      for (size_t i = 0; i < size; i++) gradient[i] = ctr_exp(row[start + i] - most) * factor;
      if (label >= start && label < start + size)
        gradient[label - start] = ctr_exp(hit - most) * factor - coefficient;
      if (type == CTR_FLOAT32)
        memcpy(row + start, gradient, size * sizeof(float));
      else
        ctr_store(type, row, start, size, gradient);
    }
  }
}
