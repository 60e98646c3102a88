// Numbers of three types: conversion, sums, copies.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// The type of stored numbers.
typedef enum { CTR_FLOAT32 = 0, CTR_BFLOAT16 = 1, CTR_FLOAT16 = 2 } ctr_type;

/// Keeps OpenMP, where a library brings it, from starting threads for calls of this thread.
void ctr_use_one_openmp_thread(void);

/// The sum of squares of `count` numbers, accumulated in double precision.
double ctr_sum_of_squares(const float *numbers, size_t count);

/// Converts rows of numbers, rounding to the nearest even where the target is narrower.
void ctr_convert(ctr_type from, const void *source, size_t source_stride, ctr_type to, void *target,
                 size_t target_stride, size_t rows, size_t width);

/// Rounds numbers to bfloat16 and keeps what that took from their bits, of 32768 one less.
void ctr_split(const float *numbers, uint16_t *rounded, int16_t *rest, size_t count);

/// The numbers whose halves ctr_split made.
void ctr_join(const uint16_t *rounded, const int16_t *rest, float *numbers, size_t count);

/// Rounds numbers to what `type` can hold.
void ctr_round(ctr_type type, float *numbers, size_t count);

/// Writes one value `count` times.
void ctr_fill(ctr_type type, void *target, float value, size_t count);

/// sum = x + y; `sum` may be `x` or `y`.
void ctr_add(ctr_type type, const void *x, const void *y, void *sum, size_t count);

/// product = x · factor; `product` may be `x`.
void ctr_scale(ctr_type type, const void *x, float factor, void *product, size_t count);

/// target += addend, where the addend is first rounded to the type of the target.
void ctr_accumulate(const float *addend, ctr_type type, void *target, size_t count);

/// Adds a row to each row of `y`.
void ctr_add_row(ctr_type type, const void *row, void *y, size_t rows, size_t width);

/// Adds the sum of each column to `sums`.
void ctr_column_sums(ctr_type type, const void *x, size_t rows, size_t stride, size_t width,
                     float *sums);
