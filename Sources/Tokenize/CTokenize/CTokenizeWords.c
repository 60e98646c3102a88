#include "Kernels.h"

typedef uint8_t bytes16 __attribute__((ext_vector_type(16)));
typedef uint16_t shorts16 __attribute__((ext_vector_type(16)));
typedef uint64_t longs8 __attribute__((ext_vector_type(8)));
typedef uint32_t lanes16 __attribute__((ext_vector_type(16)));
typedef uint32_t lanes4 __attribute__((ext_vector_type(4)));

// The hash of a key: the halves of each half are multiplied, after bytes were mixed in that no UTF-8
// has there; both products, and what was multiplied, are folded into one number.
#define SALT_LOW UINT64_C(0xFAC1E2D5F8FBDAF7)
#define SALT_HIGH UINT64_C(0xFDE9C7F3FEF6CBFF)
#define FACTOR 0x9E3779B1U

CTOK_INLINE uint32_t hash_of(ctok_key key) {
  uint64_t low = key.low ^ SALT_LOW, high = key.high ^ SALT_HIGH;
  uint64_t sum = (low & UINT32_MAX) * (low >> 32) + low + (high & UINT32_MAX) * (high >> 32) + high;
  uint32_t hash = (uint32_t)(sum ^ sum >> 32) * FACTOR;
  return hash ^ hash >> 15;
}

uint32_t ctok_hash(ctok_key key) { return hash_of(key); }

// Which bits of a key a word's bytes take and what joins them, by its length; 16 stands for all that is
// longer.
#define BYTES(count) ((UINT64_C(1) << 8 * (count)) - 1)
#define SHORT(count) {BYTES(count), 0, (uint64_t)(count) << 56}
#define LONG(count) {UINT64_MAX, BYTES((count) - 8), (uint64_t)(count) << 56}
static const struct {
  uint64_t low, high, length;
} shapes[17] = {
    {0, 0, 0}, SHORT(1), SHORT(2), SHORT(3), SHORT(4),  SHORT(5),  SHORT(6),  SHORT(7), LONG(8),
    LONG(9),   LONG(10), LONG(11), LONG(12), LONG(13), LONG(14), LONG(15),
    {UINT64_MAX, UINT64_MAX, UINT64_C(16) << 56},
};

CTOK_INLINE ctok_key key_of(const uint8_t *sixteen, unsigned length) {
  ctok_key key;
  unsigned shape = length <= CTOK_SHORT ? length : CTOK_SHORT + 1;
  memcpy(&key, sixteen, sizeof key);
  key.low &= shapes[shape].low;
  key.high = (key.high & shapes[shape].high) | shapes[shape].length;
  return key;
}

// Sixteen words at once, in vectors of four keys: the same keys and hashes.

#define FOUR(a) a, a, a, a
#define SIXTEEN(a) FOUR(a), FOUR(a), FOUR(a), FOUR(a)
#define NUMBERS 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
#define FIFTEENTH 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255

// Stores the keys of four words, and is their folded sums, each twice; a macro, since shuffles want
// constants.
#define SUMS_OF_FOUR(first)                                                                       \
  ({                                                                                              \
    bytes64 bytes;                                                                                \
    for (int index = 0; index < 4; index++) {                                                     \
      memcpy((uint8_t *)&bytes + 16 * index, text + bounds[(first) + index], 16);                 \
    }                                                                                             \
    bytes64 count = __builtin_shufflevector(                                                      \
        lengths, lengths, SIXTEEN(first), SIXTEEN((first) + 1), SIXTEEN((first) + 2),             \
        SIXTEEN((first) + 3));                                                                    \
    bytes = (bytes & (bytes64)(numbers < count)) | (count & last);                                \
    memcpy(keys + (first), &bytes, sizeof bytes);                                                 \
    longs8 halves = (longs8)bytes ^ salt;                                                         \
    longs8 parts = (halves & UINT32_MAX) * (halves >> 32) + halves;                               \
    longs8 sums = parts + __builtin_shufflevector(parts, parts, 1, 0, 3, 2, 5, 4, 7, 6);          \
    (lanes16)(sums ^ sums >> 32);                                                                 \
  })

CTOK_INLINE void hash_sixteen(
    const uint8_t *text, const uint16_t *bounds, ctok_key *keys, uint32_t *hashes) {
  static const bytes64 numbers = {NUMBERS, NUMBERS, NUMBERS, NUMBERS};
  static const bytes64 last = {FIFTEENTH, FIFTEENTH, FIFTEENTH, FIFTEENTH};
  static const longs8 salt = {
      SALT_LOW, SALT_HIGH, SALT_LOW, SALT_HIGH, SALT_LOW, SALT_HIGH, SALT_LOW, SALT_HIGH};
  shorts16 starts, ends;
  memcpy(&starts, bounds, sizeof starts);
  memcpy(&ends, bounds + 1, sizeof ends);
  bytes16 lengths = __builtin_convertvector(
      __builtin_elementwise_min((shorts16)(ends - starts), (shorts16)16), bytes16);
  lanes16 first = SUMS_OF_FOUR(0), second = SUMS_OF_FOUR(4);
  lanes16 third = SUMS_OF_FOUR(8), fourth = SUMS_OF_FOUR(12);
  lanes16 left = __builtin_shufflevector(
      first, second, 0, 4, 8, 12, 16, 20, 24, 28, -1, -1, -1, -1, -1, -1, -1, -1);
  lanes16 right = __builtin_shufflevector(
      third, fourth, 0, 4, 8, 12, 16, 20, 24, 28, -1, -1, -1, -1, -1, -1, -1, -1);
  lanes16 sums = __builtin_shufflevector(
      left, right, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
  lanes16 hash = sums * FACTOR;
  hash ^= hash >> 15;
  memcpy(hashes, &hash, sizeof hash);
}

CTOK_CLONES
void ctok_hash_words(
    const ctok_words *words, const uint8_t *text, const uint8_t *end, const uint16_t *bounds,
    size_t count, ctok_key *keys, uint32_t *hashes) {
  const char *places = (const char *)words->places;
  uint32_t mask = words->mask;
  // Behind the last words there may be less to read than sixteen bytes.
  size_t whole = count;
  while (whole > 0 && end - (text + bounds[whole - 1]) < 16) whole--;
  size_t index = 0;
  for (; index + 16 <= whole; index += 16) {
    hash_sixteen(text, bounds + index, keys + index, hashes + index);
    for (size_t word = index; word < index + 16; word++) {
      __builtin_prefetch(places + (hashes[word] & mask), 0, 3);
    }
  }
  for (; index < count; index++) {
    uint8_t copy[16] = {0};
    const uint8_t *sixteen = text + bounds[index];
    if (index >= whole) sixteen = memcpy(copy, sixteen, (size_t)(end - sixteen));
    keys[index] = key_of(sixteen, (unsigned)bounds[index + 1] - bounds[index]);
    hashes[index] = hash_of(keys[index]);
    __builtin_prefetch(places + (hashes[index] & mask), 0, 3);
  }
}

CTOK_INLINE const ctok_place *place_at(const ctok_words *words, uint32_t offset) {
  return (const ctok_place *)((const char *)words->places + offset);
}

CTOK_CLONES
size_t ctok_take_words(
    const ctok_words *words, const ctok_key *keys, const uint32_t *hashes, size_t count,
    uint32_t *ids, ctok_missing *missing, size_t *missing_count) {
  static const lanes4 id_bits = {0x0FFFFFFF, UINT32_MAX, UINT32_MAX, UINT32_MAX};
  ctok_words table = *words;
  uint32_t *next = ids;
  ctok_missing *unknown = missing;
  for (size_t index = 0; index < count; index++) {
    ctok_key key = keys[index];
    uint32_t offset = hashes[index] & table.mask;
    const ctok_place *found = place_at(&table, offset);
    while (((found->key.low ^ key.low) | (found->key.high ^ key.high)) != 0) {
      if (found->key.high == 0) goto missing;
      offset = (offset + (uint32_t)sizeof(ctok_place)) & table.mask;
      found = place_at(&table, offset);
    }
    lanes4 value;
    memcpy(&value, found->ids, sizeof value);
    uint32_t number = value.x >> 28;
    if (number <= 4) {
      value &= id_bits;
      memcpy(next, &value, sizeof value);
      next += number;
    } else {
      memcpy(next, table.row + value.y, 16 * sizeof *next);
      next += value.z;
    }
    continue;
  missing:
    *unknown++ = (ctok_missing){(uint32_t)index, (uint32_t)(next - ids), 0, 0};
  }
  *missing_count = (size_t)(unknown - missing);
  return (size_t)(next - ids);
}

// Copies ids eight at a time, up to eight too many; returns where the next ones go.
CTOK_INLINE uint32_t *copy(uint32_t *to, const uint32_t *from, size_t count) {
  memcpy(to, from, 8 * sizeof *to);
  for (size_t index = 8; index < count; index += 8) memcpy(to + index, from + index, 8 * sizeof *to);
  return to + count;
}

void ctok_join(
    const uint32_t *taken, size_t taken_count, const ctok_missing *missing, size_t missing_count,
    const uint32_t *row, uint32_t *ids) {
  uint32_t ahead = 0;
  for (size_t index = 0; index < missing_count; index++) {
    ctok_missing word = missing[index];
    ids = copy(ids, taken + ahead, word.ahead - ahead);
    ids = copy(ids, row + word.start, word.end - word.start);
    ahead = word.ahead;
  }
  memcpy(ids, taken + ahead, (taken_count - ahead) * sizeof *ids);
}
