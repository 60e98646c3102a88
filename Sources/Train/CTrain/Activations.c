#include "Kernels.h"

CTR_INLINE float ctr_sigmoid(float x) { return 1 / (1 + ctr_exp(-x)); }

/// The error function to 1.5e-7 (Abramowitz and Stegun, 7.1.26); `bell` is e^(−x²).
CTR_INLINE float ctr_erf(float x, float bell) {
  float a = x < 0 ? -x : x;
  float t = 1 / (1 + 0.3275911f * a);
  float p = 1.061405429f;
  p = p * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  float e = 1 - p * t * bell;
  return x < 0 ? -e : e;
}

CTR_INLINE float ctr_tanh(float x) { return 1 - 2 / (ctr_exp(2 * x) + 1); }

/// tanh(log(1 + eˣ)), without the logarithm.
CTR_INLINE float ctr_mish_factor(float x) {
  float e = ctr_exp(x < 20 ? x : 20);
  float n = e * (e + 2);
  return n / (n + 2);
}

CTR_INLINE float ctr_value(ctr_activation kind, float x) {
  switch (kind) {
  case CTR_IDENTITY: return x;
  case CTR_GELU: return 0.5f * x * (1 + ctr_erf(x * 0.70710678f, ctr_exp(-0.5f * x * x)));
  case CTR_GELU_TANH: return 0.5f * x * (1 + ctr_tanh(0.79788456f * x * (1 + 0.044715f * x * x)));
  case CTR_RELU: return x > 0 ? x : (x < 0 ? 0 : x);
  case CTR_SOFTSIGN: return x / (1 + (x < 0 ? -x : x));
  case CTR_SILU: return x * ctr_sigmoid(x);
  case CTR_MISH: return x * ctr_mish_factor(x);
  case CTR_SIGMOID: return ctr_sigmoid(x);
  }
  return x;
}

CTR_INLINE float ctr_slope(ctr_activation kind, float x) {
  switch (kind) {
  case CTR_IDENTITY: return 1;
  case CTR_GELU: {
    float bell = ctr_exp(-0.5f * x * x);
    return 0.5f * (1 + ctr_erf(x * 0.70710678f, bell)) + x * 0.39894228f * bell;
  }
  case CTR_GELU_TANH: {
    float t = ctr_tanh(0.79788456f * x * (1 + 0.044715f * x * x));
    float inner = 0.79788456f * (1 + 3 * 0.044715f * x * x);
    return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * inner;
  }
  case CTR_RELU: return x > 0 ? 1 : 0;
  case CTR_SOFTSIGN: {
    float d = 1 + (x < 0 ? -x : x);
    return 1 / (d * d);
  }
  case CTR_SILU: {
    float s = ctr_sigmoid(x);
    return s * (1 + x * (1 - s));
  }
  case CTR_MISH: {
    float t = ctr_mish_factor(x);
    return t + x * (1 - t * t) * ctr_sigmoid(x);
  }
  case CTR_SIGMOID: {
    float s = ctr_sigmoid(x);
    return s * (1 - s);
  }
  }
  return 1;
}

// One loop an activation, so that the choice is made outside of it.
#define CTR_FOR_KIND(kind, statement)                                                       \
  switch (kind) {                                                                           \
  case CTR_IDENTITY: { statement(CTR_IDENTITY) break; }                                     \
  case CTR_GELU: { statement(CTR_GELU) break; }                                             \
  case CTR_GELU_TANH: { statement(CTR_GELU_TANH) break; }                                   \
  case CTR_RELU: { statement(CTR_RELU) break; }                                             \
  case CTR_SOFTSIGN: { statement(CTR_SOFTSIGN) break; }                                     \
  case CTR_SILU: { statement(CTR_SILU) break; }                                             \
  case CTR_MISH: { statement(CTR_MISH) break; }                                             \
  case CTR_SIGMOID: { statement(CTR_SIGMOID) break; }                                       \
  }

CTR_CLONES
void ctr_activate(ctr_activation kind, ctr_type type, const void *x, void *y, size_t count) {
  CTR_EACH_BLOCK(start, size, count) {
    float x_block[CTR_BLOCK], y_block[CTR_BLOCK];
    const float *a = ctr_load(type, x, start, size, x_block);
    float *c = ctr_open(type, y, start, y_block);
#define CTR_STATEMENT(k) CTR_INDEPENDENT for (size_t i = 0; i < size; i++) c[i] = ctr_value(k, a[i]);
    CTR_FOR_KIND(kind, CTR_STATEMENT)
#undef CTR_STATEMENT
    ctr_store(type, y, start, size, c);
  }
}

CTR_CLONES
void ctr_activate_backward(ctr_activation kind, ctr_type type, const void *x, const void *dy,
                           void *dx, size_t count) {
  CTR_EACH_BLOCK(start, size, count) {
    float x_block[CTR_BLOCK], dy_block[CTR_BLOCK], dx_block[CTR_BLOCK];
    const float *a = ctr_load(type, x, start, size, x_block);
    const float *g = ctr_load(type, dy, start, size, dy_block);
    float *c = ctr_open(type, dx, start, dx_block);
#define CTR_STATEMENT(k)                                                                    \
  CTR_INDEPENDENT for (size_t i = 0; i < size; i++) c[i] = g[i] * ctr_slope(k, a[i]);
    CTR_FOR_KIND(kind, CTR_STATEMENT)
#undef CTR_STATEMENT
    ctr_store(type, dx, start, size, c);
  }
}

CTR_CLONES
void ctr_activate_gated(ctr_activation kind, ctr_type type, const void *x, void *y, size_t rows,
                        size_t width) {
  for (size_t r = 0; r < rows; r++) {
    const void *line = ctr_at(type, x, 2 * r * width);
    void *target = ctr_place(type, y, r * width);
    CTR_EACH_BLOCK(start, size, width) {
      float v_block[CTR_BLOCK], g_block[CTR_BLOCK], y_block[CTR_BLOCK];
      const float *v = ctr_load(type, line, start, size, v_block);
      const float *g = ctr_load(type, line, width + start, size, g_block);
      float *c = ctr_open(type, target, start, y_block);
#define CTR_STATEMENT(k)                                                                    \
  CTR_INDEPENDENT for (size_t i = 0; i < size; i++) c[i] = ctr_value(k, g[i]) * v[i];
      CTR_FOR_KIND(kind, CTR_STATEMENT)
#undef CTR_STATEMENT
      ctr_store(type, target, start, size, c);
    }
  }
}

CTR_CLONES
void ctr_activate_gated_backward(ctr_activation kind, ctr_type type, const void *x, const void *dy,
                                 void *dx, size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++) {
    const void *line = ctr_at(type, x, 2 * r * width);
    const void *gradient = ctr_at(type, dy, r * width);
    void *target = ctr_place(type, dx, 2 * r * width);
    CTR_EACH_BLOCK(start, size, width) {
      float v_block[CTR_BLOCK], g_block[CTR_BLOCK], dy_block[CTR_BLOCK];
      float dv[CTR_BLOCK], dg[CTR_BLOCK];
      const float *v = ctr_load(type, line, start, size, v_block);
      const float *g = ctr_load(type, line, width + start, size, g_block);
      const float *d = ctr_load(type, gradient, start, size, dy_block);
#define CTR_STATEMENT(k)                                                                    \
  CTR_INDEPENDENT for (size_t i = 0; i < size; i++) {                                       \
    dv[i] = d[i] * ctr_value(k, g[i]);                                                      \
    dg[i] = d[i] * v[i] * ctr_slope(k, g[i]);                                               \
  }
      CTR_FOR_KIND(kind, CTR_STATEMENT)
#undef CTR_STATEMENT
      if (type == CTR_FLOAT32) {
        memcpy((float *)target + start, dv, size * sizeof(float));
        memcpy((float *)target + width + start, dg, size * sizeof(float));
      }
      ctr_store(type, target, start, size, dv);
      ctr_store(type, target, width + start, size, dg);
    }
  }
}

CTR_CLONES
void ctr_rotate(ctr_type type, void *x, size_t first_row, size_t rows, size_t row_stride,
                size_t heads, size_t head_stride, size_t width, const float *cosines,
                const float *sines, size_t first_position, size_t period, float direction) {
  size_t half = width / 2;
  for (size_t r = 0; r < rows; r++) {
    size_t position = first_position + (first_row + r) % period;
    const float *c = cosines + position * half, *s = sines + position * half;
    for (size_t head = 0; head < heads; head++) {
      void *numbers = ctr_place(type, x, r * row_stride + head * head_stride);
      CTR_EACH_BLOCK(start, size, half) {
        float a_block[CTR_BLOCK], b_block[CTR_BLOCK], first[CTR_BLOCK], second[CTR_BLOCK];
        const float *a = ctr_load(type, numbers, start, size, a_block);
        const float *b = ctr_load(type, numbers, half + start, size, b_block);
        for (size_t i = 0; i < size; i++) {
          float sine = direction * s[start + i];
          first[i] = a[i] * c[start + i] - b[i] * sine;
          second[i] = b[i] * c[start + i] + a[i] * sine;
        }
        if (type == CTR_FLOAT32) {
          memcpy((float *)numbers + start, first, size * sizeof(float));
          memcpy((float *)numbers + half + start, second, size * sizeof(float));
        }
        ctr_store(type, numbers, start, size, first);
        ctr_store(type, numbers, half + start, size, second);
      }
    }
  }
}
