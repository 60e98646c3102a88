// Activations, plain and gated, and their gradients.
#pragma once

#include "CTrainNumbers.h"

typedef enum {
  CTR_IDENTITY = 0,
  /// x · Φ(x)
  CTR_GELU = 1,
  /// x · ½ (1 + tanh(0.79788456 x (1 + 0.044715 x²)))
  CTR_GELU_TANH = 2,
  CTR_RELU = 3,
  /// x / (1 + |x|)
  CTR_SOFTSIGN = 4,
  /// x · σ(x)
  CTR_SILU = 5,
  /// x · tanh(log(1 + eˣ))
  CTR_MISH = 6,
  /// σ(x)
  CTR_SIGMOID = 7,
} ctr_activation;

/// y = activation(x)
void ctr_activate(ctr_activation kind, ctr_type type, const void *x, void *y, size_t count);

/// dx = dy · activation'(x); `dx` may be `dy`.
void ctr_activate_backward(ctr_activation kind, ctr_type type, const void *x, const void *dy,
                           void *dx, size_t count);

/// Rows of `x` hold `width` values and then `width` gates: y = activation(gate) · value.
void ctr_activate_gated(ctr_activation kind, ctr_type type, const void *x, void *y, size_t rows,
                        size_t width);

/// The gradient of a gated activation, in the layout of `x`.
void ctr_activate_gated_backward(ctr_activation kind, ctr_type type, const void *x, const void *dy,
                                 void *dx, size_t rows, size_t width);

/// Rotates pairs (j, j + width/2) of the first `width` numbers of each head by the angle of the row:
/// `cosines` and `sines` hold width/2 numbers a position, and row r is at position
/// first_position + (first_row + r) mod period. A `direction` of −1 turns back.
void ctr_rotate(ctr_type type, void *x, size_t first_row, size_t rows, size_t row_stride,
                size_t heads, size_t head_stride, size_t width, const float *cosines,
                const float *sines, size_t first_position, size_t period, float direction);
