// Norms over the rows of a matrix, and their gradients.
#pragma once

#include "CTrainNumbers.h"

typedef enum {
  /// (x − mean) / √(variance + ε)
  CTR_LAYER_NORM = 0,
  /// x / √(mean of squares + ε)
  CTR_RMS_NORM = 1,
  /// x / max(length, ε), times one scalar
  CTR_SCALE_NORM = 2,
} ctr_norm_kind;

/// y = norm(x) · weight + bias; row r uses row (first_row + r) mod weight_rows of weight and bias,
/// which may be null. `statistics` receives the mean (the length for a scale norm) and the factor
/// of each row.
void ctr_norm(ctr_norm_kind kind, ctr_type type, const void *x, const void *weight,
              const void *bias, size_t first_row, size_t weight_rows, float epsilon, size_t rows,
              size_t width, void *y, float *statistics);

/// The gradients of a norm: writes to `dx`, or adds when `accumulate` is not zero; adds to `dweight`
/// and `dbias`, which may be null.
void ctr_norm_backward(ctr_norm_kind kind, ctr_type type, const void *x, const void *weight,
                       size_t first_row, size_t weight_rows, float epsilon, const float *statistics,
                       const void *dy, size_t rows, size_t width, void *dx, int accumulate,
                       float *dweight, float *dbias);
