// Log-probabilities of labels, and the gradient of their weighted sum.
#pragma once

#include "CTrainNumbers.h"

/// For rows of logits, which are used up: writes the log-probability of each row's label. Unless
/// `coefficients` is null, the gradient of −Σ coefficient · log-probability is left in their place;
/// for logits of other types than CTR_FLOAT32 `room` is `width` numbers beside.
void ctr_label_log_probabilities(ctr_type type, void *logits, size_t rows, size_t width,
                                 const int32_t *labels, const float *coefficients, float *room,
                                 float *log_probabilities);

/// For rows of logits, which are used up: writes the `count` largest of each row, largest first and
/// of equal ones the lower id first, their ids, and log Σ e^logit of the whole row. A row with a NaN
/// has a log-sum that is one.
void ctr_top_logits(float *logits, size_t stride, size_t rows, size_t width, size_t count,
                    float *top, int32_t *ids, float *log_sums);
