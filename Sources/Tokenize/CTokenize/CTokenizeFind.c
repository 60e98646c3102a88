#include "Kernels.h"

typedef _Bool bits64 __attribute__((ext_vector_type(64)));

CTOK_CLONES
size_t ctok_find_pair(const uint8_t *text, size_t count, const ctok_pair *pairs, size_t pair_count) {
  size_t start = 0;
  for (; start + 65 <= count; start += 64) {
    bytes64 first, second, least = 0xFF;
    memcpy(&first, text + start, sizeof first);
    memcpy(&second, text + start + 1, sizeof second);
    // A byte of `least` is 0 where a pair begins: bytes, since AVX2 has no rows of bits to keep.
    for (size_t pair = 0; pair < pair_count; pair++) {
      bytes64 differences =
          (first ^ pairs[pair].first) | ((second & pairs[pair].mask) ^ pairs[pair].second);
      least = __builtin_elementwise_min(least, differences);
    }
    bits64 bits = __builtin_convertvector((bytes64)(least == 0) & 1, bits64);
    uint64_t mask;
    memcpy(&mask, &bits, sizeof mask);
    if (mask) return start + (size_t)__builtin_ctzll(mask);
  }
  for (; start < count; start++) {
    uint8_t next = start + 1 < count ? text[start + 1] : 0;
    for (size_t pair = 0; pair < pair_count; pair++) {
      if (text[start] == pairs[pair].first && (next & pairs[pair].mask) == pairs[pair].second) {
        return start;
      }
    }
  }
  return count;
}
