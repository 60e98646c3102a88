// Loops over numbers, each compiled for several widths of vector and chosen at run time.
//
// Rows are contiguous unless a stride is given; strides count numbers, not bytes. A function that
// reads and writes numbers of a `ctr_type` computes in single precision and rounds once, when it
// stores. Ranges of rows are independent, so that threads can share a call.
#pragma once

#include <stddef.h>

#include "CTrainActivations.h"
#include "CTrainAttention.h"
#include "CTrainBatch.h"
#include "CTrainLoss.h"
#include "CTrainNorms.h"
#include "CTrainNumbers.h"
#include "CTrainProducts.h"
#include "CTrainRandom.h"
#include "CTrainOptimize.h"
