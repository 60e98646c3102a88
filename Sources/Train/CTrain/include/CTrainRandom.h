// Random numbers by counting: number n of a stream depends on the key and n alone.
#pragma once

#include "CTrainNumbers.h"

/// Keeps each number with the probability 1 − rate and scales it by 1 / (1 − rate), else writes 0.
/// The first number of a row is number first + row · row_step of the stream. `y` may be `x`.
void ctr_dropout(ctr_type type, const void *x, void *y, size_t rows, size_t stride, size_t width,
                 uint64_t first, uint64_t row_step, uint64_t key, float rate);

/// y = residual + dropout(x), as ctr_dropout for one row; without dropout where rate is 0.
void ctr_add_dropout(ctr_type type, const void *residual, const void *x, void *y, size_t count,
                     uint64_t first, uint64_t key, float rate);

/// Normal numbers with the mean 0: numbers first … first + count − 1 of a stream.
void ctr_normal(float *target, size_t count, uint64_t first, uint64_t key, float deviation);

/// Numbers spread evenly between −bound and bound.
void ctr_uniform(float *target, size_t count, uint64_t first, uint64_t key, float bound);
