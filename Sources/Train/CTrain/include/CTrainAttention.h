// The softmax of causal attention, for some rows of one head's scores, and its gradient.
#pragma once

#include "CTrainNumbers.h"

/// Which rows and columns of the score matrix of a head a tile holds, and how scores are made.
typedef struct {
  /// Numbers from one row of the tile to the next.
  size_t stride;
  /// Position of the first row.
  size_t first_query;
  size_t query_count;
  /// Position of the first column.
  size_t first_key;
  size_t key_count;
  /// A query sees itself and this many keys before it.
  size_t window;
  /// What products of queries and keys are multiplied by.
  float scale;
  /// A number to add by the distance between query and key, or null.
  const float *bias;
} ctr_tile;

/// Turns products into probabilities; `log_sums` receives the logarithm of each row's denominator.
void ctr_attention_softmax(const ctr_tile *tile, float *scores, float *log_sums);

/// Turns products into the probabilities that ctr_attention_softmax gave.
void ctr_attention_probabilities(const ctr_tile *tile, float *scores, const float *log_sums);

/// Turns gradients of probabilities into gradients of products, scale included; adds gradients of
/// the bias, by distance, to `dbias` unless it is null.
void ctr_attention_backward(const ctr_tile *tile, const float *probabilities, float *gradients,
                            float *dbias);
