// Products of matrices by loops of our own: of bfloat16 numbers on processors with dot products of pairs
// (AVX-512 BF16), and of all numbers on those that have AVX2 and nothing wider.
#pragma once

#include <stdbool.h>

#include "CTrainNumbers.h"

/// A factor: rows of numbers, `stride` apart; `transposed` where they are the columns of
/// the matrix that is meant.
typedef struct {
  const void *start;
  size_t stride;
  bool transposed;
} ctr_factor;

/// target [rows, columns] = left [rows, depth] · right [depth, columns], or added to the target,
/// whose rows are `target_stride` numbers apart.
typedef struct {
  size_t rows, columns, depth;
  ctr_factor left, right;
  void *target;
  size_t target_stride;
  /// CTR_FLOAT32 or CTR_BFLOAT16; sums are in single precision and rounded once.
  ctr_type target_type;
  bool accumulates;
} ctr_product;

/// Bytes of memory, aligned to 64, that a product needs beside its matrices.
#define CTR_PRODUCT_ROOM 3517440

/// Whether ctr_multiply_pairs is the way to multiply here: the processor has dot products of pairs,
/// and no unit for matrices that is faster still.
bool ctr_multiplies_pairs(void);

/// Makes a product; rows, columns and depth are not zero.
///
/// The sum of each number is made in the order of its depth, in pairs, whatever the sizes; so parts
/// of a product, by rows or by columns, have the numbers of the whole. Subnormal numbers count as
/// zero, as the processor's instruction has it.
void ctr_multiply_pairs(const ctr_product *product, void *room);

/// A product as ctr_product, of numbers of any types.
typedef struct {
  size_t rows, columns, depth;
  ctr_factor left, right;
  ctr_type left_type, right_type;
  void *target;
  size_t target_stride;
  ctr_type target_type;
  bool accumulates;
} ctr_float_product;

/// Bytes of memory, aligned to 64, that such a product needs beside its matrices.
#define CTR_FLOAT_PRODUCT_ROOM 4128832

/// Whether ctr_multiply_floats is the way to multiply here: the processor has AVX2, FMA and F16C and no
/// wider vectors, which libraries use better.
bool ctr_multiplies_floats(void);

/// Makes a product in single precision; rows, columns and depth are not zero, and the target lies
/// apart from the factors. Sums in a narrower target, with what they are added to, are rounded once.
///
/// The sum of each number is made in the order of its depth, whatever the rows and columns; so parts of
/// a product have the numbers of the whole.
void ctr_multiply_floats(const ctr_float_product *product, void *room);
