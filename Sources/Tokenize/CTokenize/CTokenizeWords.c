#include "CTokenize.h"

#include <string.h>

typedef uint32_t lanes4 __attribute__((ext_vector_type(4)));

// The thread sanitizer would be called while clones are chosen, before it is ready.
#if defined(__x86_64__) && !__has_feature(thread_sanitizer)
#define CLONES __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define CLONES
#endif

#define INLINE static inline __attribute__((always_inline))

// Which bits of a key a word's bytes take and what joins them, by its length; 16 stands for all that is
// longer.
#define BYTES(count) ((UINT64_C(1) << 8 * (count)) - 1)
#define SHORT(count) {BYTES(count), 0, (uint64_t)(count) << 56}
#define LONG(count) {UINT64_MAX, BYTES((count) - 8), (uint64_t)(count) << 56}
static const struct {
  uint64_t low, high, length;
} shapes[17] = {
    {0, 0, 0}, SHORT(1), SHORT(2), SHORT(3), SHORT(4),  SHORT(5),  SHORT(6),  SHORT(7), LONG(8),
    LONG(9),   LONG(10), LONG(11), LONG(12), LONG(13), LONG(14), LONG(15), {0, 0, 0},
};

INLINE uint64_t hash_word(const uint8_t *sixteen, uint64_t length, ctok_key *key) {
  uint64_t low, high, shape = length <= CTOK_SHORT ? length : CTOK_SHORT + 1;
  memcpy(&low, sixteen, sizeof low);
  memcpy(&high, sixteen + 8, sizeof high);
  key->low = low & shapes[shape].low;
  key->high = (high & shapes[shape].high) | shapes[shape].length;
  return ctok_hash(*key);
}

CLONES
void ctok_hash_words(
    const ctok_words *words, const uint8_t *text, const uint8_t *end, const uint16_t *bounds,
    size_t count, ctok_key *keys, uint64_t *hashes) {
  const ctok_place *places = words->places;
  unsigned shift = words->shift;
  // Behind the last words there may be less to read than sixteen bytes.
  size_t whole = count;
  while (whole > 0 && end - (text + bounds[whole - 1]) < 16) whole--;
  uint64_t start = bounds[0];
  for (size_t index = 0; index < whole; index++) {
    uint64_t next = bounds[index + 1];
    hashes[index] = hash_word(text + start, next - start, &keys[index]);
    __builtin_prefetch(places + (hashes[index] >> shift), 0, 3);
    start = next;
  }
  for (size_t index = whole; index < count; index++) {
    uint8_t sixteen[16] = {0};
    memcpy(sixteen, text + bounds[index], (size_t)(end - (text + bounds[index])));
    hashes[index] = hash_word(sixteen, (uint64_t)bounds[index + 1] - bounds[index], &keys[index]);
  }
}

CLONES
size_t ctok_take_words(
    const ctok_words *words, const ctok_key *keys, const uint64_t *hashes, size_t first,
    size_t count, uint32_t *ids, size_t *used) {
  static const lanes4 id_bits = {0x0FFFFFFF, UINT32_MAX, UINT32_MAX, UINT32_MAX};
  const ctok_place *places = words->places;
  uint64_t mask = words->mask;
  unsigned shift = words->shift;
  uint32_t *next = ids + *used;
  size_t index = first;
  for (; index < count; index++) {
    ctok_key key = keys[index];
    uint64_t place = hashes[index] >> shift;
    const ctok_place *found = places + place;
    while (found->key.low != key.low || found->key.high != key.high) {
      if (found->key.high == 0) goto missing;
      place = (place + 1) & mask;
      found = places + place;
    }
    // A long word has the key of a free place.
    if (key.high == 0) break;
    lanes4 value;
    memcpy(&value, found->ids, sizeof value);
    uint32_t number = value.x >> 28;
    if (number <= 4) {
      value &= id_bits;
      memcpy(next, &value, sizeof value);
      next += number;
    } else {
      memcpy(next, words->row + value.y, 16 * sizeof *next);
      next += value.z;
    }
  }
missing:
  *used = (size_t)(next - ids);
  return index;
}
