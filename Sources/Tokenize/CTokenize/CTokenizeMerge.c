#include "Merges.h"

typedef int32_t lanes16 __attribute__((ext_vector_type(16)));
typedef int32_t lanes8 __attribute__((ext_vector_type(8)));
typedef int32_t lanes4 __attribute__((ext_vector_type(4)));

uint32_t ctok_rank(const ctok_merges *merges, uint32_t left, uint32_t right) {
  return rank_of(merges, left, right);
}

// The rank above the place, so that the smallest key is the best and leftmost merge.
CTOK_INLINE int32_t key_of(uint32_t rank, unsigned place) {
  return rank == no_rank ? INT32_MAX : (int32_t)(rank << 8 | place);
}

#define MIN(a, b) __builtin_elementwise_min(a, b)

// The keys stay in `registers` vectors of sixteen, never in memory: a wide load behind narrow stores
// would wait for them. Which parts are left is a bit each, which makes neighbours easy to find.
CTOK_INLINE size_t merge_in(
    const ctok_merges *merges, const uint8_t *word, unsigned count, uint32_t *parts,
    unsigned registers) {
  static const lanes16 numbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  int32_t row[64];
  for (unsigned place = 0; place < 16 * registers; place++) row[place] = INT32_MAX;
  for (unsigned place = 0; place + 1 < count; place++) {
    row[place] = key_of(merges->byte_pair_ranks[word[place] << 8 | word[place + 1]], place);
    parts[place] = merges->byte_tokens[word[place]];
  }
  parts[count - 1] = merges->byte_tokens[word[count - 1]];
  lanes16 keys[4];
  for (unsigned index = 0; index < registers; index++) {
    memcpy(&keys[index], row + 16 * index, sizeof keys[index]);
  }
  uint64_t left = count == 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1;
  for (;;) {
    lanes16 least = keys[0];
    for (unsigned index = 1; index < registers; index++) least = MIN(least, keys[index]);
    lanes8 eight = MIN(least.lo, least.hi);
    lanes4 four = MIN(eight.lo, eight.hi);
    four = MIN(four, four.zwxy);
    four = MIN(four, four.yxwz);
    int32_t best = four.x;
    if (best == INT32_MAX) break;
    unsigned place = best & 0xFF;
    uint64_t behind = left & ~UINT64_C(1) << place;
    unsigned gone = (unsigned)__builtin_ctzll(behind);
    behind &= behind - 1;
    left &= ~(UINT64_C(1) << gone);
    uint32_t joined = result_of(merges, (uint32_t)best >> 8);
    parts[place] = joined;
    int32_t key = INT32_MAX, key_before = INT32_MAX;
    unsigned before = 255;
    if (behind) key = key_of(rank_of(merges, joined, parts[__builtin_ctzll(behind)]), place);
    uint64_t ahead = left & ((UINT64_C(1) << place) - 1);
    if (ahead) {
      before = 63 - (unsigned)__builtin_clzll(ahead);
      key_before = key_of(rank_of(merges, parts[before], joined), before);
    }
    for (unsigned index = 0; index < registers; index++) {
      lanes16 here = numbers + (int32_t)(16 * index);
      lanes16 is_place = here == (int32_t)place, is_gone = here == (int32_t)gone;
      lanes16 is_before = here == (int32_t)before;
      keys[index] = (keys[index] & ~(is_place | is_before | is_gone)) | (is_place & key) |
                    (is_before & key_before) | (is_gone & INT32_MAX);
    }
  }
  size_t used = 0;
  while (left) {
    parts[used++] = parts[__builtin_ctzll(left)];
    left &= left - 1;
  }
  return used;
}

CTOK_CLONES
static size_t merge_any(
    const ctok_merges *merges, const uint8_t *word, size_t count, uint32_t *parts) {
  return count <= 16 ? merge_in(merges, word, (unsigned)count, parts, 1)
                     : merge_in(merges, word, (unsigned)count, parts, 4);
}

size_t ctok_merge(const ctok_merges *merges, const uint8_t *word, size_t count, uint32_t *ids) {
#if defined(__x86_64__)
  if (merges->short_ranks) return ctok_merge_least(merges, word, (unsigned)count, ids);
#endif
  return merge_any(merges, word, count, ids);
}

void ctok_merge_both(
    const ctok_merges *merges, ctok_bytes first, ctok_bytes second, uint32_t *ids,
    size_t *first_count, size_t *second_count) {
#if defined(__x86_64__)
  if (merges->short_ranks) {
    return ctok_merge_both_least(merges, first, second, ids, first_count, second_count);
  }
#endif
  *first_count = merge_any(merges, first.start, first.count, ids);
  *second_count = merge_any(merges, second.start, second.count, ids + *first_count);
}

void ctok_merge_words(
    const ctok_merges *merges, const ctok_key *keys, ctok_missing *missing, size_t count,
    uint32_t *ids, size_t *used) {
#if defined(__x86_64__)
  if (merges->short_ranks) {
    return ctok_merge_words_least(merges, keys, missing, count, ids, used);
  }
#endif
  for (size_t index = 0; index < count; index++) {
    const ctok_key *key = keys + missing[index].word;
    unsigned length = ctok_length(key);
    if (length > CTOK_SHORT || !has_tokens(merges, key)) continue;
    missing[index].start = (uint32_t)*used;
    *used += merge_any(merges, (const uint8_t *)key, length, ids + *used);
    missing[index].end = (uint32_t)*used;
  }
}
