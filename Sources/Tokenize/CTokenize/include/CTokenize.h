// What Swift cannot say: working on many bytes or numbers at a time with the widest instructions the
// processor has, and asking for a cache line ahead of its use.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// What 64 bytes of text are, a bit a byte, the first byte in the lowest bit.
typedef struct {
  uint64_t letters;
  uint64_t digits;
  uint64_t white_space;
  uint64_t spaces;
  uint64_t apostrophes;
  uint64_t beyond_ascii;
} ctok_masks;

/// Describes `blocks` times 64 bytes of text.
void ctok_describe(const uint8_t *text, size_t blocks, ctok_masks *masks);

/// Two neighbouring bytes to look for; where `mask` is 0 the second may be any, and `second` is 0.
typedef struct {
  uint8_t first;
  uint8_t second;
  uint8_t mask;
} ctok_pair;

/// The offset of the first of some pairs, or `count`; past the end of the text is a zero byte.
size_t ctok_find_pair(const uint8_t *text, size_t count, const ctok_pair *pairs, size_t pair_count);

/// The ranked merges of a vocabulary.
typedef struct {
  /// A hash table of a word a merge, left (20 bits), right (20 bits) and rank (24 bits), all ones where
  /// it is free; never full, and searched place after place.
  const uint64_t *places;
  uint64_t place_mask;
  /// Two bits a merge, chosen by its hash.
  const uint64_t *filter;
  /// The token each rank makes.
  const uint32_t *results;
  /// The rank of each pair of bytes, the left one counting 256 times.
  const uint32_t *byte_pair_ranks;
  /// The token of each byte.
  const uint32_t *byte_tokens;
  /// How far a hash is shifted to choose a place, and a word of the filter.
  uint8_t shift, filter_shift;
} ctok_merges;

/// The rank at which two neighbours merge, or all ones.
uint32_t ctok_rank(const ctok_merges *merges, uint32_t left, uint32_t right);

/// Merges the pairs of a word of 1 to 64 bytes, always the best and among equals the leftmost; leaves
/// the ids in `parts`, which has room for `count`, and returns how many there are.
size_t ctok_merge(const ctok_merges *merges, const uint8_t *word, size_t count, uint32_t *parts);

static inline void ctok_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }
