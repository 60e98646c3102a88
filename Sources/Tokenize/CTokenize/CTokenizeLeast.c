#include "Merges.h"

// Merging words of up to 64 bytes, one or two at a time.

#if defined(__x86_64__)
typedef uint16_t shorts8 __attribute__((ext_vector_type(8)));
typedef int16_t signed8 __attribute__((ext_vector_type(8)));
typedef int32_t lanes4 __attribute__((ext_vector_type(4)));

bool ctok_finds_least(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("lzcnt");
}

// A word while it is merged: the rank of each part with the one behind it, in vectors that stay in
// registers, since a wide load behind narrow stores would wait for them; which parts are left, a bit
// each; and the parts.
typedef struct {
  shorts8 ranks[8];
  uint64_t left;
  uint32_t parts[64];
} ctok_parts;

// Parts of which so many vectors of ranks take care: there is one more than pairs of them.
CTOK_INLINE unsigned most_parts(int vectors) { return 8 * (unsigned)vectors + 1; }

// A part that is there though it may be none of the word's: what is read in place of a missing one.
CTOK_INLINE CTOK_LEAST unsigned last_part(int vectors) {
  return vectors == 8 ? 63 : 8 * (unsigned)vectors;
}

/// All ones in lane `number` of eight; in none where `number` is not from 0 to 7. It is from -56 to 64.
CTOK_INLINE CTOK_LEAST shorts8 lane(int number) {
  static const uint16_t ones[64 + 64] = {[64] = UINT16_MAX};
  shorts8 lanes;
  memcpy(&lanes, ones + 64 - number, sizeof lanes);
  return lanes;
}

// Begins with a word of any length up to 64.
CTOK_INLINE CTOK_LEAST void begin_word(
    const ctok_merges *merges, const uint8_t *word, unsigned count, ctok_parts *row, int vectors) {
  uint16_t ranks[64];
  memset(ranks, 0xFF, sizeof ranks);
  row->parts[last_part(vectors)] = 0;
  for (unsigned place = 0; place + 1 < count; place++) {
    ranks[place] = short_rank_at(merges, word + place);
    row->parts[place] = merges->byte_tokens[word[place]];
  }
  row->parts[count - 1] = merges->byte_tokens[word[count - 1]];
  for (int index = 0; index < vectors; index++) {
    memcpy(&row->ranks[index], ranks + 8 * index, sizeof row->ranks[index]);
  }
  row->left = UINT64_MAX >> (64 - count);
}

/// The lowest rank, and above its 16 bits the place of the first that is so low.
CTOK_INLINE CTOK_LEAST uint32_t least_of(const ctok_parts *row, int vectors) {
  uint32_t least = no_short_rank;
  for (int index = 0; index < vectors; index++) {
    lanes4 found = (lanes4)__builtin_ia32_phminposuw128((signed8)row->ranks[index]);
    uint32_t other = (uint32_t)found.x + ((uint32_t)index << 19);
    if (index == 0 || (uint16_t)other < (uint16_t)least) least = other;
  }
  return least;
}

// Merges one pair, the one `least_of` names. Ranks of neighbours that are not there are looked up as
// well and then left out: that is cheaper than a branch which is hard to foresee.
CTOK_INLINE CTOK_LEAST void merge_pair(
    const ctok_merges *merges, ctok_parts *row, uint32_t least, int vectors) {
  unsigned place = least >> 16;
  uint64_t behind = row->left & ~UINT64_C(1) << place;
  unsigned gone = (unsigned)__builtin_ctzll(behind);
  behind &= behind - 1;
  uint64_t left = row->left & ~(UINT64_C(1) << gone);
  uint64_t ahead = left & ((UINT64_C(1) << place) - 1);
  uint32_t joined = result_of(merges, (uint16_t)least);
  row->parts[place] = joined;
  uint64_t last = UINT64_C(1) << last_part(vectors);
  uint32_t next = row->parts[__builtin_ctzll(behind | last)];
  uint32_t rank = short_rank_of(merges, joined, next);
  rank = behind ? rank : no_short_rank;
  unsigned before = 63 - (unsigned)__builtin_clzll(ahead | 1);
  uint32_t rank_before = short_rank_of(merges, row->parts[before], joined);
  before = ahead ? before : 64;
  row->left = left;
  for (int index = 0; index < vectors; index++) {
    int first = 8 * index;
    shorts8 here = lane((int)place - first), there = lane((int)before - first);
    shorts8 ranks = row->ranks[index];
    ranks = (ranks & ~here) | (here & (uint16_t)rank);
    ranks = (ranks & ~there) | (there & (uint16_t)rank_before);
    row->ranks[index] = ranks | lane((int)gone - first);
  }
}

// Merges what is left to merge, and writes the ids; four at least, whether there are so many or not.
CTOK_INLINE CTOK_LEAST size_t finish(
    const ctok_merges *merges, ctok_parts *row, uint32_t *ids, int vectors) {
  for (;;) {
    uint32_t least = least_of(row, vectors);
    if ((uint16_t)least == no_short_rank) break;
    merge_pair(merges, row, least, vectors);
  }
  uint64_t left = row->left;
  uint64_t last = UINT64_C(1) << last_part(vectors);
  for (int index = 0; index < 4; index++) {
    *ids++ = row->parts[__builtin_ctzll(left | last)];
    left &= left - 1;
  }
  while (left) {
    *ids++ = row->parts[__builtin_ctzll(left)];
    left &= left - 1;
  }
  return (size_t)__builtin_popcountll(row->left);
}

// Merges in two words in turns as long as both have something to merge: each merge waits for the one
// before it, and the other word's fills the time.
CTOK_INLINE CTOK_LEAST void merge_in_turns(
    const ctok_merges *merges, ctok_parts *one, ctok_parts *other, int vectors) {
  for (;;) {
    uint32_t least = least_of(one, vectors), other_least = least_of(other, vectors);
    if ((uint16_t)least == no_short_rank || (uint16_t)other_least == no_short_rank) return;
    merge_pair(merges, one, least, vectors);
    merge_pair(merges, other, other_least, vectors);
  }
}

CTOK_INLINE CTOK_LEAST size_t merge_word(
    const ctok_merges *merges, const uint8_t *word, unsigned count, uint32_t *ids, int vectors) {
  ctok_parts row;
  begin_word(merges, word, count, &row, vectors);
  return finish(merges, &row, ids, vectors);
}

CTOK_LEAST
size_t ctok_merge_least(
    const ctok_merges *merges, const uint8_t *word, unsigned count, uint32_t *ids) {
  if (count <= most_parts(2)) return merge_word(merges, word, count, ids, 2);
  if (count <= most_parts(3)) return merge_word(merges, word, count, ids, 3);
  if (count <= most_parts(4)) return merge_word(merges, word, count, ids, 4);
  return merge_word(merges, word, count, ids, 8);
}

CTOK_INLINE CTOK_LEAST void merge_both(
    const ctok_merges *merges, ctok_bytes first, ctok_bytes second, uint32_t *ids,
    size_t *first_count, size_t *second_count, int vectors) {
  ctok_parts one, other;
  begin_word(merges, first.start, (unsigned)first.count, &one, vectors);
  begin_word(merges, second.start, (unsigned)second.count, &other, vectors);
  merge_in_turns(merges, &one, &other, vectors);
  *first_count = finish(merges, &one, ids, vectors);
  *second_count = finish(merges, &other, ids + *first_count, vectors);
}

CTOK_LEAST
void ctok_merge_both_least(
    const ctok_merges *merges, ctok_bytes first, ctok_bytes second, uint32_t *ids,
    size_t *first_count, size_t *second_count) {
  size_t count = first.count > second.count ? first.count : second.count;
  if (count <= most_parts(2)) {
    return merge_both(merges, first, second, ids, first_count, second_count, 2);
  }
  if (count <= most_parts(3)) {
    return merge_both(merges, first, second, ids, first_count, second_count, 3);
  }
  if (count <= most_parts(4)) {
    return merge_both(merges, first, second, ids, first_count, second_count, 4);
  }
  merge_both(merges, first, second, ids, first_count, second_count, 8);
}

#else
bool ctok_finds_least(void) { return false; }
#endif
