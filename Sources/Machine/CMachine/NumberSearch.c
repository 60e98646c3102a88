#include "CMachine.h"

#include <stdint.h>

#if defined(__x86_64__) && defined(__linux__) && !__has_feature(thread_sanitizer)
#define WIDE __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define WIDE
#endif

enum { block_count = 512 };

// A block is looked at as a whole first, which the compiler turns into wide instructions; where
// one was found, one by one.
#define FIND_PAIR(type)                                                                    \
  const type *number = numbers;                                                            \
  for (size_t start = 0; start < count; start += block_count) {                            \
    size_t stop = count - start < block_count ? count : start + block_count;               \
    type found = 0;                                                                        \
    for (size_t i = start; i < stop; i++) {                                                \
      found |= (type)((number[i] == first) & (number[i + gap] == last));                   \
    }                                                                                      \
    if (!found) continue;                                                                  \
    for (size_t i = start; i < stop; i++) {                                                \
      if (number[i] == first && number[i + gap] == last) return i;                         \
    }                                                                                      \
  }                                                                                        \
  return count;

WIDE size_t cm_find_pair_u8(
    const void *numbers, size_t count, size_t gap, unsigned char first, unsigned char last) {
  FIND_PAIR(uint8_t)
}

WIDE size_t cm_find_pair_u16(
    const void *numbers, size_t count, size_t gap, unsigned short first, unsigned short last) {
  FIND_PAIR(uint16_t)
}

WIDE size_t cm_find_pair_u32(
    const void *numbers, size_t count, size_t gap, unsigned first, unsigned last) {
  FIND_PAIR(uint32_t)
}

WIDE size_t cm_find_pair_u64(
    const void *numbers, size_t count, size_t gap, unsigned long long first,
    unsigned long long last) {
  FIND_PAIR(uint64_t)
}

WIDE size_t cm_count_u8(const void *numbers, size_t count, unsigned char match) {
  const uint8_t *number = numbers;
  size_t matches = 0;
  // A counter as narrow as the numbers keeps the lanes equal; it is emptied before it overflows.
  for (size_t start = 0; start < count; start += 255) {
    size_t stop = count - start < 255 ? count : start + 255;
    uint8_t some = 0;
    for (size_t i = start; i < stop; i++) some += number[i] == match;
    matches += some;
  }
  return matches;
}
