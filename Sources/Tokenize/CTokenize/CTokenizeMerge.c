#include "Kernels.h"

typedef int32_t lanes16 __attribute__((ext_vector_type(16)));
typedef int32_t lanes8 __attribute__((ext_vector_type(8)));
typedef int32_t lanes4 __attribute__((ext_vector_type(4)));

static const uint32_t no_rank = UINT32_MAX;
static const uint64_t free_place = UINT64_MAX;

static const uint32_t no_short_rank = UINT16_MAX;

CTOK_INLINE uint32_t short_rank_of(const ctok_merges *merges, uint32_t left, uint32_t right) {
  uint32_t product = (left << 16 | right) * merges->factor;
  uint32_t pair = product ^ product >> 16;
  uint32_t place = (pair ^ merges->displacements[product >> merges->group_shift]) & merges->short_mask;
  uint32_t word = merges->short_places[place];
  return word >> 16 == pair >> merges->place_bits ? word & UINT16_MAX : no_short_rank;
}

CTOK_INLINE uint32_t wide_rank_of(const ctok_merges *merges, uint32_t left, uint32_t right) {
  uint64_t pair = (uint64_t)left << 20 | right;
  uint64_t hash = pair * UINT64_C(0x9E3779B97F4A7C15);
  uint64_t bits = UINT64_C(1) << (hash >> 34 & 63) | UINT64_C(1) << (hash >> 28 & 63);
  if ((merges->filter[hash >> merges->filter_shift] & bits) != bits) return no_rank;
  uint64_t place = hash >> merges->shift;
  for (;;) {
    uint64_t word = merges->places[place];
    if (word >> 24 == pair) return (uint32_t)(word & 0xFFFFFF);
    if (word == free_place) return no_rank;
    place = (place + 1) & merges->place_mask;
  }
}

CTOK_INLINE uint32_t rank_of(const ctok_merges *merges, uint32_t left, uint32_t right) {
  if (!merges->short_places) return wide_rank_of(merges, left, right);
  uint32_t rank = short_rank_of(merges, left, right);
  return rank == no_short_rank ? no_rank : rank;
}

uint32_t ctok_rank(const ctok_merges *merges, uint32_t left, uint32_t right) {
  return rank_of(merges, left, right);
}

// The rank above the place, so that the smallest key is the best and leftmost merge.
CTOK_INLINE int32_t key_of(uint32_t rank, unsigned place) {
  return rank == no_rank ? INT32_MAX : (int32_t)(rank << 8 | place);
}

CTOK_INLINE uint32_t result_of(const ctok_merges *merges, uint32_t rank) {
  return merges->results ? merges->results[rank] : merges->first_result + rank;
}

CTOK_INLINE uint32_t byte_pair_rank(const ctok_merges *merges, unsigned pair) {
  if (merges->byte_pair_ranks) return merges->byte_pair_ranks[pair];
  return merges->short_ranks[pair] == UINT16_MAX ? no_rank : merges->short_ranks[pair];
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
    row[place] = key_of(byte_pair_rank(merges, (unsigned)word[place] << 8 | word[place + 1]), place);
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

#if defined(__x86_64__)
#define CTOK_LEAST __attribute__((target("sse4.1,avx2,bmi,bmi2,lzcnt")))

typedef uint16_t shorts8 __attribute__((ext_vector_type(8)));
typedef int16_t signed8 __attribute__((ext_vector_type(8)));

bool ctok_finds_least(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("lzcnt");
}

/// All ones in lane `number` of eight; in none where `number` is not from 0 to 7. It is from -8 to 16.
CTOK_INLINE CTOK_LEAST shorts8 lane(int number) {
  static const uint16_t ones[32] = {[16] = UINT16_MAX};
  shorts8 lanes;
  memcpy(&lanes, ones + 16 - number, sizeof lanes);
  return lanes;
}

/// Puts a rank in one place and another in the place before it, and nothing where a part is gone.
CTOK_INLINE CTOK_LEAST shorts8 with_ranks(
    shorts8 ranks, int place, uint32_t rank, int before, uint32_t rank_before, int gone) {
  shorts8 here = lane(place), ahead = lane(before);
  ranks = (ranks & ~here) | (here & (uint16_t)rank);
  ranks = (ranks & ~ahead) | (ahead & (uint16_t)rank_before);
  return ranks | lane(gone);
}

/// The lowest of eight ranks, and above its 16 bits the place of the first that is so low.
CTOK_INLINE CTOK_LEAST uint32_t least_of(shorts8 ranks) {
  lanes4 least = (lanes4)__builtin_ia32_phminposuw128((signed8)ranks);
  return (uint32_t)least.x;
}

// For words of up to 16 bytes; those of up to 9 have their ranks in one vector.
CTOK_INLINE CTOK_LEAST size_t merge_least(
    const ctok_merges *merges, const uint8_t *word, unsigned count, uint32_t *parts, bool is_long) {
  uint16_t row[16];
  memset(row, 0xFF, sizeof row);
  for (unsigned place = 0; place + 1 < count; place++) {
    row[place] = merges->short_ranks[(unsigned)word[place] << 8 | word[place + 1]];
    parts[place] = merges->byte_tokens[word[place]];
  }
  parts[count - 1] = merges->byte_tokens[word[count - 1]];
  shorts8 low, high;
  memcpy(&low, row, sizeof low);
  memcpy(&high, row + 8, sizeof high);
  uint32_t left = (UINT32_C(1) << count) - 1;
  for (;;) {
    uint32_t least = least_of(low);
    if (is_long) {
      uint32_t other = least_of(high);
      if ((uint16_t)other < (uint16_t)least) least = other + (8 << 16);
    }
    if ((uint16_t)least == no_short_rank) break;
    unsigned place = least >> 16;
    uint32_t behind = left & ~UINT32_C(1) << place;
    unsigned gone = (unsigned)__builtin_ctz(behind);
    behind &= behind - 1;
    left &= ~(UINT32_C(1) << gone);
    uint32_t joined = result_of(merges, (uint16_t)least);
    parts[place] = joined;
    uint32_t rank = no_short_rank, rank_before = no_short_rank;
    unsigned before = 16;
    if (behind) rank = short_rank_of(merges, joined, parts[__builtin_ctz(behind)]);
    uint32_t ahead = left & ((UINT32_C(1) << place) - 1);
    if (ahead) {
      before = 31 - (unsigned)__builtin_clz(ahead);
      rank_before = short_rank_of(merges, parts[before], joined);
    }
    low = with_ranks(low, (int)place, rank, (int)before, rank_before, (int)gone);
    if (is_long) {
      high = with_ranks(
          high, (int)place - 8, rank, (int)before - 8, rank_before, (int)gone - 8);
    }
  }
  size_t used = 0;
  while (left) {
    parts[used++] = parts[__builtin_ctz(left)];
    left &= left - 1;
  }
  return used;
}

CTOK_LEAST
static size_t merge_short(
    const ctok_merges *merges, const uint8_t *word, unsigned count, uint32_t *parts) {
  return count <= 9 ? merge_least(merges, word, count, parts, false)
                    : merge_least(merges, word, count, parts, true);
}
#else
bool ctok_finds_least(void) { return false; }
#endif

size_t ctok_merge(const ctok_merges *merges, const uint8_t *word, size_t count, uint32_t *parts) {
#if defined(__x86_64__)
  if (merges->short_ranks && count <= 16) return merge_short(merges, word, (unsigned)count, parts);
#endif
  return merge_any(merges, word, count, parts);
}
