#include "CTrain.h"

#if defined(__x86_64__)
#define CTR_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define CTR_CLONES
#endif

CTR_CLONES
double ctr_sum_of_squares(const float *numbers, size_t count) {
#pragma clang fp reassociate(on) contract(fast)
  double sum = 0;
  for (size_t index = 0; index < count; index++) {
    double number = numbers[index];
    sum += number * number;
  }
  return sum;
}
