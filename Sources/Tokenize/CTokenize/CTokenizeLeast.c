#include "Merges.h"

// Merging by an instruction that finds the least of eight numbers of 16 bits.

#if defined(__x86_64__)
#define CTOK_LEAST __attribute__((target("sse4.1,avx2,bmi,bmi2,lzcnt")))

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

/// All ones in the lanes of eight from `first` on, which may be negative.
CTOK_INLINE CTOK_LEAST shorts8 lanes_from(int first) {
  static const signed8 numbers = {0, 1, 2, 3, 4, 5, 6, 7};
  return (shorts8)(numbers >= (int16_t)first);
}

// Begins with a word of 1 to 15 bytes, behind which there are others up to the sixteenth. Nothing
// depends on its length but a mask, since how long words are is hard to foresee; ranks go into the
// vectors one by one, since a wide load behind narrow stores would wait for them.
CTOK_INLINE CTOK_LEAST void begin_key(
    const ctok_merges *merges, const uint8_t *word, unsigned count, ctok_parts *row, int vectors) {
  unsigned pairs = vectors == 1 ? 8 : CTOK_SHORT;
  row->parts[last_part(vectors)] = 0;
#pragma clang loop unroll(full)
  for (unsigned index = 0; index < (unsigned)vectors; index++) {
    shorts8 ranks = {0};
#pragma clang loop unroll(full)
    for (unsigned number = 0; number < 8; number++) {
      unsigned place = 8 * index + number;
      if (place >= pairs) continue;
      ranks[number] = merges->short_ranks[(unsigned)word[place] << 8 | word[place + 1]];
      row->parts[place] = merges->byte_tokens[word[place]];
    }
    row->ranks[index] = ranks | lanes_from((int)count - 1 - 8 * (int)index);
  }
  row->parts[pairs] = merges->byte_tokens[word[pairs]];
  row->left = (UINT64_C(1) << count) - 1;
}

// Begins with a word of any length up to 64.
CTOK_INLINE CTOK_LEAST void begin_word(
    const ctok_merges *merges, const uint8_t *word, unsigned count, ctok_parts *row, int vectors) {
  uint16_t ranks[64];
  memset(ranks, 0xFF, sizeof ranks);
  row->parts[last_part(vectors)] = 0;
  for (unsigned place = 0; place + 1 < count; place++) {
    ranks[place] = merges->short_ranks[(unsigned)word[place] << 8 | word[place + 1]];
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

CTOK_INLINE CTOK_LEAST void finish_missing(
    const ctok_merges *merges, ctok_parts *row, ctok_missing *word, uint32_t *ids, size_t *used,
    int vectors) {
  word->start = (uint32_t)*used;
  *used += finish(merges, row, ids + *used, vectors);
  word->end = (uint32_t)*used;
}

CTOK_INLINE CTOK_LEAST void merge_missing(
    const ctok_merges *merges, const ctok_key *keys, ctok_missing *first, ctok_missing *second,
    uint32_t *ids, size_t *used, int vectors) {
  const ctok_key *key = keys + first->word, *other_key = keys + second->word;
  ctok_parts one, other;
  begin_key(merges, (const uint8_t *)key, ctok_length(key), &one, vectors);
  begin_key(merges, (const uint8_t *)other_key, ctok_length(other_key), &other, vectors);
  merge_in_turns(merges, &one, &other, vectors);
  finish_missing(merges, &one, first, ids, used, vectors);
  finish_missing(merges, &other, second, ids, used, vectors);
}

// Numbers the missing words that are merged here, the shortest first, so that two neighbours have as
// much to merge, and what depends on their lengths can be foreseen; returns how many there are.
CTOK_INLINE CTOK_LEAST size_t sort_by_length(
    const ctok_merges *merges, const ctok_key *keys, const ctok_missing *missing, size_t count,
    uint8_t *order) {
  uint8_t lengths[CTOK_BATCH];
  // Where the words of each length begin.
  size_t starts[CTOK_SHORT + 2] = {0};
  for (size_t index = 0; index < count; index++) {
    const ctok_key *key = keys + missing[index].word;
    unsigned length = ctok_length(key);
    if (length > CTOK_SHORT || !has_tokens(merges, key)) length = 0;
    lengths[index] = (uint8_t)length;
    starts[length + 1]++;
  }
  size_t others = starts[1];
  starts[1] = 0;
  for (unsigned length = 1; length <= CTOK_SHORT; length++) starts[length + 1] += starts[length];
  for (size_t index = 0; index < count; index++) {
    if (lengths[index] > 0) order[starts[lengths[index]]++] = (uint8_t)index;
  }
  return count - others;
}

CTOK_LEAST
void ctok_merge_words_least(
    const ctok_merges *merges, const ctok_key *keys, ctok_missing *missing, size_t count,
    uint32_t *ids, size_t *used) {
  uint8_t order[CTOK_BATCH];
  size_t words = sort_by_length(merges, keys, missing, count, order);
  size_t index = 0;
  for (; index + 2 <= words; index += 2) {
    ctok_missing *first = missing + order[index], *second = missing + order[index + 1];
    if (ctok_length(keys + second->word) <= most_parts(1)) {
      merge_missing(merges, keys, first, second, ids, used, 1);
    } else {
      merge_missing(merges, keys, first, second, ids, used, 2);
    }
  }
  if (index < words) {
    ctok_missing *last = missing + order[index];
    const ctok_key *key = keys + last->word;
    ctok_parts row;
    begin_key(merges, (const uint8_t *)key, ctok_length(key), &row, 2);
    finish_missing(merges, &row, last, ids, used, 2);
  }
}
#else
bool ctok_finds_least(void) { return false; }
#endif
