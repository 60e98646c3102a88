#include "Kernels.h"

/// The columns that a row of a tile sees: from `begin` to before `end`.
typedef struct {
  size_t query, begin, end;
} ctr_span;

CTR_INLINE ctr_span ctr_visible(const ctr_tile *tile, size_t row) {
  size_t query = tile->first_query + row;
  size_t first = query > tile->window ? query - tile->window : 0;
  size_t begin = first > tile->first_key ? first - tile->first_key : 0;
  size_t end = query + 1 > tile->first_key ? query + 1 - tile->first_key : 0;
  if (end > tile->key_count) end = tile->key_count;
  if (begin > end) begin = end;
  return (ctr_span){query, begin, end};
}

/// score · scale + bias, in place.
CTR_INLINE void ctr_finish_scores(const ctr_tile *tile, ctr_span span, float *row) {
  float scale = tile->scale;
  if (tile->bias) {
    const float *bias = tile->bias + (span.query - tile->first_key);
    for (size_t k = span.begin; k < span.end; k++) row[k] = row[k] * scale + *(bias - k);
  } else {
    for (size_t k = span.begin; k < span.end; k++) row[k] *= scale;
  }
}

CTR_INLINE void ctr_blank(const ctr_tile *tile, ctr_span span, float *row) {
  memset(row, 0, span.begin * sizeof(float));
  memset(row + span.end, 0, (tile->key_count - span.end) * sizeof(float));
}

CTR_CLONES
void ctr_attention_softmax(const ctr_tile *tile, float *scores, float *log_sums) {
  for (size_t r = 0; r < tile->query_count; r++) {
    float *row = scores + r * tile->stride;
    ctr_span span = ctr_visible(tile, r);
    ctr_finish_scores(tile, span, row);
    float most = ctr_most(row + span.begin, span.end - span.begin), sum = 0;
    for (size_t k = span.begin; k < span.end; k++) row[k] = ctr_exp(row[k] - most);
    {
#pragma clang fp reassociate(on) contract(fast)
      for (size_t k = span.begin; k < span.end; k++) sum += row[k];
    }
    float factor = 1 / sum;
    for (size_t k = span.begin; k < span.end; k++) row[k] *= factor;
    ctr_blank(tile, span, row);
    log_sums[r] = most + logf(sum);
  }
}

CTR_CLONES
void ctr_attention_probabilities(const ctr_tile *tile, float *scores, const float *log_sums) {
  for (size_t r = 0; r < tile->query_count; r++) {
    float *row = scores + r * tile->stride;
    ctr_span span = ctr_visible(tile, r);
    ctr_finish_scores(tile, span, row);
    float log_sum = log_sums[r];
    for (size_t k = span.begin; k < span.end; k++) row[k] = ctr_exp(row[k] - log_sum);
    ctr_blank(tile, span, row);
  }
}

CTR_CLONES
void ctr_attention_backward(const ctr_tile *tile, const float *probabilities, float *gradients,
                            float *dbias) {
  for (size_t r = 0; r < tile->query_count; r++) {
    const float *p = probabilities + r * tile->stride;
    float *g = gradients + r * tile->stride;
    ctr_span span = ctr_visible(tile, r);
    float sum = 0;
    {
#pragma clang fp reassociate(on) contract(fast)
      for (size_t k = span.begin; k < span.end; k++) sum += p[k] * g[k];
    }
    CTR_INDEPENDENT
    for (size_t k = span.begin; k < span.end; k++) g[k] = p[k] * (g[k] - sum);
    if (dbias) {
      float *bias = dbias + (span.query - tile->first_key);
      for (size_t k = span.begin; k < span.end; k++) *(bias - k) += g[k];
    }
    float scale = tile->scale;
    for (size_t k = span.begin; k < span.end; k++) g[k] *= scale;
    ctr_blank(tile, span, g);
  }
}
