// Log-probabilities of labels, and the gradient of their weighted sum.
#pragma once

#include "CTrainNumbers.h"

/// For rows of logits, which are used up: writes the log-probability of each row's label. Unless
/// `coefficients` is null, the gradient of −Σ coefficient · log-probability is left in their place,
/// stored as `type` from the start of each row on.
void ctr_label_log_probabilities(float *logits, size_t stride, size_t rows, size_t width,
                                 const int32_t *labels, const float *coefficients, ctr_type type,
                                 float *log_probabilities);
