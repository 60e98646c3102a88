// Rows of a batch, made from the tokens of a sample.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Where a row of a batch goes: `count` numbers each.
typedef struct {
  int32_t *tokens;
  int32_t *labels;
  float *mask;
} ctr_batch_row;

/// Fills a row from `count` + 1 tokens of a sample and as many labels; without labels the next tokens
/// are the labels. Token i has label i + 1. Labels below 0 become 0 and are not trained, nor is what
/// follows a token that equals `masked`; -1 is none.
///
/// False where a token is below 0, or a token or label is `limit` or more.
bool ctr_fill_batch_row(
    ctr_batch_row row, const int32_t *tokens, const int32_t *labels, size_t count, int32_t limit,
    int32_t masked);
