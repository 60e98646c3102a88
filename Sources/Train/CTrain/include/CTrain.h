// Loops over numbers, each compiled for several widths of vector and chosen at run time.
#pragma once

#include <stddef.h>

#include "CTrainOptimize.h"

/// The sum of squares of `count` numbers, accumulated in double precision.
double ctr_sum_of_squares(const float *numbers, size_t count);
