#include "Kernels.h"

CTR_CLONES bool ctr_fill_batch_row(
    ctr_batch_row row, const int32_t *tokens, const int32_t *labels, size_t count, int32_t limit,
    int32_t masked) {
  const int32_t *restrict token = tokens;
  const int32_t *restrict label = (labels ? labels : tokens) + 1;
  int32_t *restrict out_tokens = row.tokens;
  int32_t *restrict out_labels = row.labels;
  float *restrict mask = row.mask;
  int32_t bad = 0;
  for (size_t i = 0; i < count; i++) {
    int32_t id = token[i], next = label[i];
    // What is below 0 has the highest bit.
    bad |= id | token[i + 1] | -(id >= limit) | -(next >= limit);
    out_tokens[i] = id;
    out_labels[i] = next < 0 ? 0 : next;
    mask[i] = ((next >= 0) & (id != masked)) ? 1 : 0;
  }
  return bad >= 0;
}
