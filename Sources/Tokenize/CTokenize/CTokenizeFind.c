#include "Kernels.h"

typedef _Bool bits64 __attribute__((ext_vector_type(64)));

// Looks at one place after the other, from `start` on.
CTOK_INLINE size_t find_slowly(
    const uint8_t *text, size_t start, size_t count, const ctok_prefix *prefixes,
    size_t prefix_count) {
  for (; start < count; start++) {
    uint8_t second = start + 1 < count ? text[start + 1] : 0;
    uint8_t third = start + 2 < count ? text[start + 2] : 0;
    for (size_t index = 0; index < prefix_count; index++) {
      ctok_prefix prefix = prefixes[index];
      if (text[start] == prefix.first && (second & prefix.second_mask) == prefix.second &&
          (third & prefix.third_mask) == prefix.third) {
        return start;
      }
    }
  }
  return count;
}

CTOK_INLINE size_t find(
    const uint8_t *text, size_t count, const ctok_prefix *prefixes, size_t prefix_count) {
  if (count < 66) return find_slowly(text, 0, count, prefixes, prefix_count);
  for (size_t start = 0;;) {
    bytes64 first, second, third, least = 0xFF;
    memcpy(&first, text + start, sizeof first);
    memcpy(&second, text + start + 1, sizeof second);
    memcpy(&third, text + start + 2, sizeof third);
    // A byte of `least` is 0 where a prefix begins: bytes, since AVX2 has no rows of bits to keep.
    for (size_t index = 0; index < prefix_count; index++) {
      ctok_prefix prefix = prefixes[index];
      bytes64 differences = (first ^ prefix.first) |
                            ((second & prefix.second_mask) ^ prefix.second) |
                            ((third & prefix.third_mask) ^ prefix.third);
      least = __builtin_elementwise_min(least, differences);
    }
    bits64 bits = __builtin_convertvector((bytes64)(least == 0) & 1, bits64);
    uint64_t mask;
    memcpy(&mask, &bits, sizeof mask);
    if (mask) return start + (size_t)__builtin_ctzll(mask);
    if (start + 66 == count) return find_slowly(text, count - 2, count, prefixes, prefix_count);
    // The last 64 bytes that have two others behind them overlap what was looked at before.
    start = start + 130 <= count ? start + 64 : count - 66;
  }
}

// A few prefixes, as vocabularies have them, in loops of their own.
CTOK_CLONES
size_t ctok_find(
    const uint8_t *text, size_t count, const ctok_prefix *prefixes, size_t prefix_count) {
  switch (prefix_count) {
    case 1: return find(text, count, prefixes, 1);
    case 2: return find(text, count, prefixes, 2);
    case 4: return find(text, count, prefixes, 4);
    default: return find(text, count, prefixes, prefix_count);
  }
}
