#include "CTrainOptimize.h"

#include <stdint.h>
#include <string.h>

#include "Kernels.h"

#pragma clang fp contract(off)

// Unlike sqrtf, this has no errno to set, so that loops over it become vector code.
#define ROOT(x) __builtin_elementwise_sqrt(x)

CTR_CLONES
void ctr_adam_fused(float *restrict values, const float *restrict gradients, float *restrict first,
                    float *restrict second, size_t count, const ctr_adam_numbers *numbers) {
  const ctr_adam_numbers n = *numbers;
  const float coupled = n.decoupled ? 0 : n.decay, apart = n.decoupled ? n.decay : 0;
  for (size_t i = 0; i < count; i++) {
    float p = values[i];
    float g = gradients[i] * n.scale + coupled * p;
    float m = n.beta1 * first[i] + n.rest1 * g;
    float v = n.beta2 * second[i] + n.rest2 * g * g;
    float update = (m / n.correction1) / (ROOT(v / n.correction2) + n.epsilon) + apart * p;
    values[i] = p - n.rate * update;
    first[i] = m;
    second[i] = v;
  }
}

CTR_CLONES
void ctr_adam_cpu(float *restrict values, const float *restrict gradients, float *restrict first,
                  float *restrict second, size_t count, const ctr_adam_numbers *numbers) {
  const ctr_adam_numbers n = *numbers;
  const float coupled = n.decoupled ? 0 : n.decay;
  const float apart = n.decoupled ? -n.rate * n.decay : 0;
  const float step = -n.rate / n.correction1;
  for (size_t i = 0; i < count; i++) {
    float p = values[i];
    float g = gradients[i] * n.scale + coupled * p;
    float m = first[i] * n.beta1 + g * n.rest1;
    float v = second[i] * n.beta2 + g * g * n.rest2;
    float ratio = m / (ROOT(v) * n.correction2 + n.epsilon);
    values[i] = ratio * step + (p + apart * p);
    first[i] = m;
    second[i] = v;
  }
}

CTR_CLONES
void ctr_adam_torch(float *restrict values, const float *restrict gradients, float *restrict first,
                    float *restrict second, size_t count, const ctr_adam_numbers *numbers) {
  const ctr_adam_numbers n = *numbers;
  const float step = -n.rate / n.correction1;
  for (size_t i = 0; i < count; i++) {
    float p = values[i];
    float g = gradients[i] * n.scale + n.decay * p;
    float m = first[i] + n.rest1 * (g - first[i]);
    float v = second[i] * n.beta2 + n.rest2 * g * g;
    values[i] = p + step * (m / (ROOT(v) / n.correction2 + n.epsilon));
    first[i] = m;
    second[i] = v;
  }
}

CTR_CLONES
void ctr_adam_onebit(float *restrict values, const float *restrict gradients,
                     float *restrict first, float *restrict second, size_t count,
                     const ctr_adam_numbers *numbers, bool frozen) {
  const ctr_adam_numbers n = *numbers;
  const float kept = frozen ? 1 : n.beta2, added = frozen ? 0 : n.rest2;
  for (size_t i = 0; i < count; i++) {
    float p = values[i];
    float g = gradients[i] * n.scale;
    float m = first[i] * n.beta1 + n.rest1 * g;
    float v = second[i] * kept + added * (g * g);
    float update = m / (ROOT(v) + n.epsilon) + n.decay * p;
    values[i] = p - n.rate * update;
    first[i] = m;
    second[i] = v;
  }
}

CTR_CLONES
void ctr_lion(float *restrict values, const float *restrict gradients, float *restrict momentum,
              size_t count, const ctr_lion_numbers *numbers, bool zero_moves_up) {
  const float scale = numbers->scale, rate = numbers->rate, kept = numbers->kept;
  const float beta1 = numbers->beta1, rest1 = numbers->rest1;
  const float beta2 = numbers->beta2, rest2 = numbers->rest2;
  const float at_zero = zero_moves_up ? rate : 0;
  for (size_t i = 0; i < count; i++) {
    float g = gradients[i] * scale, m = momentum[i];
    float direction = m * beta1 + rest1 * g;
    float change = direction > 0 ? -rate : direction < 0 ? rate : at_zero;
    values[i] = values[i] * kept + change;
    momentum[i] = m * beta2 + rest2 * g;
  }
}

CTR_CLONES
void ctr_sgd(float *restrict values, const float *restrict gradients, float *restrict momentum,
             size_t count, float scale, float rate, float decay, float mu, float dampening,
             bool nesterov, bool first) {
  if (!momentum) {
    for (size_t i = 0; i < count; i++) {
      float p = values[i];
      values[i] = p - rate * (gradients[i] * scale + decay * p);
    }
    return;
  }
  const float kept = first ? 0 : mu, added = first ? 1 : 1 - dampening;
  const float ahead = nesterov ? 1 : 0, behind = nesterov ? mu : 1;
  for (size_t i = 0; i < count; i++) {
    float p = values[i];
    float g = gradients[i] * scale + decay * p;
    float b = kept * momentum[i] + added * g;
    values[i] = p - rate * (ahead * g + behind * b);
    momentum[i] = b;
  }
}

// The cube root of a number that is not negative: a first guess from the exponent, then three steps
// of Newton's method, which leave an error of about one unit in the last place.
CTR_INLINE float cube_root(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits = bits / 3 + 709958130u;
  float y;
  memcpy(&y, &bits, sizeof y);
  for (int step = 0; step < 3; step++) y = y - (y - x / (y * y)) * (1.0f / 3);
  return x > 0 ? y : 0;
}

// Inlined twice, so that no vector code asks for numbers of an array that is not there: even where
// a mask keeps it from reading them, the processor stumbles over the address.
CTR_INLINE void madgrad(float *restrict values, const float *restrict gradients,
                        float *restrict squares, float *restrict sums,
                        const float *restrict start, size_t count, float scale, float kept,
                        float momentum, float rest, float lambda, float epsilon, bool has_start) {
  for (size_t i = 0; i < count; i++) {
    float g = gradients[i] * scale, p = values[i] * kept;
    float x = has_start ? start[i] : p + sums[i] / (cube_root(squares[i]) + epsilon);
    float q = squares[i] + lambda * (g * g);
    float s = sums[i] + lambda * g;
    float z = x - s / (cube_root(q) + epsilon);
    values[i] = has_start ? p * momentum + rest * z : z;
    squares[i] = q;
    sums[i] = s;
  }
}

CTR_CLONES
void ctr_madgrad(float *values, const float *gradients, float *squares, float *sums,
                 const float *start, size_t count, float scale, float kept, float momentum,
                 float rest, float lambda, float epsilon) {
  if (start) {
    madgrad(values, gradients, squares, sums, start, count, scale, kept, momentum, rest, lambda,
            epsilon, true);
  } else {
    madgrad(values, gradients, squares, sums, NULL, count, scale, kept, momentum, rest, lambda,
            epsilon, false);
  }
}

CTR_INLINE float sm3_change(float squares, float g, float *buffer, size_t i, bool has_buffer,
                            const ctr_sm3_numbers n) {
  float change = 1 / ROOT(squares + n.epsilon) * g;
  if (!has_buffer) return change;
  change = change * (1 - n.momentum) + n.momentum * buffer[i];
  buffer[i] = change;
  return change;
}

CTR_INLINE void sm3_vector(float *restrict values, const float *restrict gradients,
                           float *restrict accumulator, float *restrict buffer, size_t count,
                           const ctr_sm3_numbers n, bool has_buffer) {
  const bool fades = n.beta > 0;
  const float kept = fades ? n.beta : 1;
  for (size_t i = 0; i < count; i++) {
    float g = gradients[i] * n.scale, before = accumulator[i];
    float squares = before * kept + n.rest * (g * g);
    values[i] -= n.rate * sm3_change(squares, g, buffer, i, has_buffer, n);
    accumulator[i] = fades && before > squares ? before : squares;
  }
}

CTR_CLONES
void ctr_sm3_vector(float *values, const float *gradients, float *accumulator, float *buffer,
                    size_t count, const ctr_sm3_numbers *numbers) {
  if (buffer) {
    sm3_vector(values, gradients, accumulator, buffer, count, *numbers, true);
  } else {
    sm3_vector(values, gradients, accumulator, NULL, count, *numbers, false);
  }
}

CTR_INLINE void sm3_rows(float *restrict values, const float *restrict gradients,
                         float *restrict row_accumulators,
                         const float *restrict column_accumulators,
                         float *restrict column_maxima, float *restrict buffer, size_t rows,
                         size_t columns, const ctr_sm3_numbers n, bool has_buffer) {
  const bool fades = n.beta > 0;
  const float kept = fades ? n.beta : 1;
  for (size_t row = 0; row < rows; row++) {
    const float before = row_accumulators[row];
    float *restrict value = values + row * columns;
    const float *restrict gradient = gradients + row * columns;
    float *restrict momenta = has_buffer ? buffer + row * columns : NULL;
    // Numbers that are not negative have the order of their bits, and only whole numbers have a
    // maximum that the compiler takes of many at a time.
    uint32_t most = 0;
    for (size_t i = 0; i < columns; i++) {
      float g = gradient[i] * n.scale;
      float least = column_accumulators[i] < before ? column_accumulators[i] : before;
      float squares = least * kept + n.rest * (g * g);
      value[i] -= n.rate * sm3_change(squares, g, momenta, i, has_buffer, n);
      column_maxima[i] = squares > column_maxima[i] ? squares : column_maxima[i];
      uint32_t bits;
      memcpy(&bits, &squares, sizeof bits);
      most = bits > most ? bits : most;
    }
    float largest;
    memcpy(&largest, &most, sizeof largest);
    row_accumulators[row] = fades && before > largest ? before : largest;
  }
}

CTR_CLONES
void ctr_sm3_rows(float *values, const float *gradients, float *row_accumulators,
                  const float *column_accumulators, float *column_maxima, float *buffer,
                  size_t rows, size_t columns, const ctr_sm3_numbers *numbers) {
  if (buffer) {
    sm3_rows(values, gradients, row_accumulators, column_accumulators, column_maxima, buffer, rows,
             columns, *numbers, true);
  } else {
    sm3_rows(values, gradients, row_accumulators, column_accumulators, column_maxima, NULL, rows,
             columns, *numbers, false);
  }
}

CTR_CLONES
void ctr_maximum(float *restrict maxima, const float *restrict others, size_t count) {
  for (size_t i = 0; i < count; i++) maxima[i] = others[i] > maxima[i] ? others[i] : maxima[i];
}
