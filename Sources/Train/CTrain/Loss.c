#include <math.h>

#include "Kernels.h"

CTR_INLINE float ctr_most(const float *x, size_t count) {
#pragma clang fp reassociate(on) contract(fast)
  float most = -INFINITY;
  for (size_t i = 0; i < count; i++) most = x[i] > most ? x[i] : most;
  return most;
}

/// The sum of e^(x − most); each summand replaces its x.
CTR_INLINE float ctr_sum_of_exp(float *x, float most, size_t count) {
#pragma clang fp reassociate(on) contract(fast)
  float sum = 0;
  for (size_t i = 0; i < count; i++) {
    x[i] = ctr_exp(x[i] - most);
    sum += x[i];
  }
  return sum;
}

CTR_CLONES
void ctr_label_log_probabilities(float *logits, size_t stride, size_t rows, size_t width,
                                 const int32_t *labels, const float *coefficients, ctr_type type,
                                 float *log_probabilities) {
  for (size_t r = 0; r < rows; r++) {
    float *row = logits + r * stride;
    float most = ctr_most(row, width);
    size_t label = (size_t)labels[r];
    float distance = row[label] - most;
    double sum = 0;
    CTR_EACH_BLOCK(start, size, width) sum += ctr_sum_of_exp(row + start, most, size);
    log_probabilities[r] = distance - (float)log(sum);
    if (!coefficients) continue;
    float coefficient = coefficients[r], factor = (float)(coefficient / sum);
    CTR_EACH_BLOCK(start, size, width) {
      float gradient[CTR_BLOCK];
      for (size_t i = 0; i < size; i++) gradient[i] = row[start + i] * factor;
      if (label >= start && label < start + size) gradient[label - start] -= coefficient;
      if (type == CTR_FLOAT32)
        memcpy(row + start, gradient, size * sizeof(float));
      else
        ctr_store(type, row, start, size, gradient);
    }
  }
}
