#include "Kernels.h"

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
void ctr_label_log_probabilities(ctr_type type, void *logits, size_t rows, size_t width,
                                 const int32_t *labels, const float *coefficients, float *room,
                                 float *log_probabilities) {
  for (size_t r = 0; r < rows; r++) {
    void *row = ctr_place(type, logits, r * width);
    float most = -INFINITY, block[CTR_BLOCK];
    CTR_EACH_BLOCK(start, size, width) {
      float largest = ctr_most(ctr_load(type, row, start, size, block), size);
      most = largest > most ? largest : most;
    }
    size_t label = (size_t)labels[r];
    float distance = *ctr_load(type, row, label, 1, block) - most;
    double sum = 0;
    // The exponentials stay, in float32 where the logits were.
    float *kept = type == CTR_FLOAT32 ? row : room;
    CTR_EACH_BLOCK(start, size, width) {
      float *numbers = kept ? kept + start : block;
      sum += ctr_sum_of_exp((float *)ctr_load(type, row, start, size, numbers), most, size);
    }
    log_probabilities[r] = distance - (float)log(sum);
    if (!coefficients) continue;
    float coefficient = coefficients[r], factor = (float)(coefficient / sum);
    CTR_EACH_BLOCK(start, size, width) {
      float *gradient = kept + start;
      for (size_t i = 0; i < size; i++) gradient[i] *= factor;
      if (label >= start && label < start + size) gradient[label - start] -= coefficient;
      ctr_store(type, row, start, size, gradient);
    }
  }
}

/// Whether a logit of a heap comes below another: smaller, or equal with a higher id.
CTR_INLINE int ctr_is_below(const float *values, const int32_t *ids, size_t a, size_t b) {
  return values[a] < values[b] || (values[a] == values[b] && ids[a] > ids[b]);
}

CTR_INLINE void ctr_swap(float *values, int32_t *ids, size_t a, size_t b) {
  float value = values[a];
  int32_t id = ids[a];
  values[a] = values[b], ids[a] = ids[b];
  values[b] = value, ids[b] = id;
}

/// Moves an entry of a heap with its lowest logit on top down to where it belongs.
CTR_INLINE void ctr_sift(float *values, int32_t *ids, size_t place, size_t count) {
  for (size_t child; (child = 2 * place + 1) < count; place = child) {
    if (child + 1 < count && ctr_is_below(values, ids, child + 1, child)) child++;
    if (!ctr_is_below(values, ids, child, place)) return;
    ctr_swap(values, ids, place, child);
  }
}

CTR_INLINE int ctr_any_above(const float *x, float limit, size_t count) {
  int found = 0;
  for (size_t i = 0; i < count; i++) found |= x[i] > limit;
  return found;
}

CTR_CLONES
void ctr_top_logits(float *logits, size_t stride, size_t rows, size_t width, size_t count,
                    float *top, int32_t *ids, float *log_sums) {
  for (size_t r = 0; r < rows; r++, top += count, ids += count) {
    float *row = logits + r * stride;
    for (size_t i = 0; i < count; i++) top[i] = row[i], ids[i] = (int32_t)i;
    for (size_t i = count / 2; i-- > 0;) ctr_sift(top, ids, i, count);
    CTR_EACH_BLOCK(start, size, width - count) {
      const float *block = row + count + start;
      if (!ctr_any_above(block, top[0], size)) continue;
      for (size_t i = 0; i < size; i++) {
        // An equal logit has a higher id than all before it and stays out.
        if (!(block[i] > top[0])) continue;
        top[0] = block[i], ids[0] = (int32_t)(count + start + i);
        ctr_sift(top, ids, 0, count);
      }
    }
    for (size_t end = count; end-- > 1;) {
      ctr_swap(top, ids, 0, end);
      ctr_sift(top, ids, 0, end);
    }
    double sum = 0;
    float most = top[0];
    CTR_EACH_BLOCK(start, size, width) sum += ctr_sum_of_exp(row + start, most, size);
    log_sums[r] = most + (float)log(sum);
  }
}
