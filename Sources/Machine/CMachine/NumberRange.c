#include "CMachine.h"

#include <stdint.h>

// Plain loops that the compiler turns into the widest instructions of the processor at hand.
// The thread sanitizer would be called while clones are chosen, before it is ready.
#if defined(__x86_64__) && defined(__linux__) && !__has_feature(thread_sanitizer)
#define WIDE __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define WIDE
#endif

WIDE cm_range cm_range_of_u16(const void *numbers, size_t count, unsigned short match) {
  const uint16_t *number = numbers;
  uint16_t least = UINT16_MAX, most = 0;
  long long matches = 0;
  // A counter as narrow as the numbers keeps the lanes equal; it is emptied before it overflows.
  for (size_t start = 0; start < count; start += 32768) {
    size_t stop = count - start < 32768 ? count : start + 32768;
    uint16_t some = 0;
    for (size_t i = start; i < stop; i++) {
      uint16_t value = number[i];
      least = value < least ? value : least;
      most = value > most ? value : most;
      some += value == match;
    }
    matches += some;
  }
  return (cm_range){least, most, matches};
}

WIDE cm_range cm_range_of_i32(const void *numbers, size_t count, int match) {
  const int32_t *number = numbers;
  int32_t least = INT32_MAX, most = INT32_MIN;
  long long matches = 0;
  for (size_t start = 0; start < count; start += 1 << 20) {
    size_t stop = count - start < 1 << 20 ? count : start + (1 << 20);
    int32_t some = 0;
    for (size_t i = start; i < stop; i++) {
      int32_t value = number[i];
      least = value < least ? value : least;
      most = value > most ? value : most;
      some += value == match;
    }
    matches += some;
  }
  return (cm_range){least, most, matches};
}

typedef uint16_t __attribute__((may_alias, aligned(1))) cm_bits16;

WIDE void cm_widen_u16(const void *numbers, int *target, size_t count) {
  const cm_bits16 *number = numbers;
  // Samples lie anywhere, and the processor's own prefetch begins late and stops at the end of a page.
  for (size_t i = 0; i < count && i < 4096; i += 32) __builtin_prefetch(number + i);
  for (size_t i = 0; i < count; i++) target[i] = number[i];
}

void cm_prefetch_range(const void *start, size_t count) {
  for (size_t i = 0; i < count; i += 64) __builtin_prefetch((const char *)start + i, 0, 2);
}
