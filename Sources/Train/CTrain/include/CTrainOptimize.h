// The updates of the optimizers, one pass over memory each, in fp32 and in the order of operations
// of the libraries that GPT-NeoX uses. Products and sums are not contracted, so that every machine
// gives the same bits.
//
// In every function `scale` multiplies each gradient first (loss scale and clipping in one), `rate`
// is the learning rate, `decay` the weight decay, and no two arrays overlap.
#pragma once

#include <stdbool.h>
#include <stddef.h>

/// What an Adam update needs besides its arrays.
typedef struct {
  float scale, rate, decay;
  float beta1, beta2, epsilon;
  /// 1 − beta, rounded as the library rounds it.
  float rest1, rest2;
  /// 1 − betaᵗ; 1 where nothing is corrected.
  float correction1, correction2;
  /// Whether the decay is apart from the gradient (AdamW) or added to it (L2).
  bool decoupled;
} ctr_adam_numbers;

/// Adam as Apex's and DeepSpeed's FusedAdam do it.
void ctr_adam_fused(float *values, const float *gradients, float *first, float *second,
                    size_t count, const ctr_adam_numbers *numbers);

/// Adam as DeepSpeed's CPUAdam does it: `correction2` is 1/√(1 − beta2ᵗ).
void ctr_adam_cpu(float *values, const float *gradients, float *first, float *second,
                  size_t count, const ctr_adam_numbers *numbers);

/// Adam as torch.optim.Adam does it, with the decay added to the gradient: `correction2` is
/// √(1 − beta2ᵗ).
void ctr_adam_torch(float *values, const float *gradients, float *first, float *second,
                    size_t count, const ctr_adam_numbers *numbers);

/// 1-bit Adam of one process: no bias correction, and a second moment that stands still once frozen.
void ctr_adam_onebit(float *values, const float *gradients, float *first, float *second,
                     size_t count, const ctr_adam_numbers *numbers, bool frozen);

/// What a Lion update needs besides its arrays.
typedef struct {
  /// `kept` is 1 − rate·decay, `rest` is 1 − beta.
  float scale, rate, kept, beta1, rest1, beta2, rest2;
} ctr_lion_numbers;

/// Lion; `zero_moves_up` is DeepSpeed's FusedLion, which takes the sign of 0 to be −1.
void ctr_lion(float *values, const float *gradients, float *momentum, size_t count,
              const ctr_lion_numbers *numbers, bool zero_moves_up);

/// SGD as torch does it; `momentum` may be NULL where `mu` is 0. `first` says that the buffer is
/// still empty.
void ctr_sgd(float *values, const float *gradients, float *momentum, size_t count, float scale,
             float rate, float decay, float mu, float dampening, bool nesterov, bool first);

/// MADGRAD with decoupled weight decay. With rate the learning rate plus epsilon, `kept` is
/// 1 − rate·decay and `lambda` rate·√(k + 1); `rest` is 1 − momentum. `start` (the first values)
/// may be NULL where `momentum` is 0.
void ctr_madgrad(float *values, const float *gradients, float *squares, float *sums,
                 const float *start, size_t count, float scale, float kept, float momentum,
                 float rest, float lambda, float epsilon);

/// What an SM3 update needs besides its arrays.
typedef struct {
  float scale, rate, beta, rest, momentum, epsilon;
} ctr_sm3_numbers;

/// SM3 of a vector, whose accumulator has a number for each element. `buffer` holds the momentum
/// and may be NULL where that is 0.
void ctr_sm3_vector(float *values, const float *gradients, float *accumulator, float *buffer,
                    size_t count, const ctr_sm3_numbers *numbers);

/// SM3 of some rows of a matrix: reads the accumulators of the rows and columns, writes the rows'
/// new ones, and raises `column_maxima` to the largest updates in each column.
void ctr_sm3_rows(float *values, const float *gradients, float *row_accumulators,
                  const float *column_accumulators, float *column_maxima, float *buffer,
                  size_t rows, size_t columns, const ctr_sm3_numbers *numbers);

/// Raises each of `maxima` to that of `others`.
void ctr_maximum(float *maxima, const float *others, size_t count);
