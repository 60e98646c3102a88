// Looking up merges.
#pragma once

#include "Kernels.h"

static const uint32_t no_rank = UINT32_MAX;
static const uint32_t no_short_rank = UINT16_MAX;
static const uint64_t free_place = UINT64_MAX;

// Merging by an instruction that finds the least of eight numbers of 16 bits: `ctok_finds_least`.
#define CTOK_LEAST __attribute__((target("sse4.1,avx2,bmi,bmi2,lzcnt")))

/// The rank of two bytes.
CTOK_INLINE uint32_t short_rank_at(const ctok_merges *merges, const uint8_t *bytes) {
  uint16_t pair;
  memcpy(&pair, bytes, sizeof pair);
  return merges->short_ranks[pair];
}

/// The rank of a pair, left above right; 65,535 or more where it has none.
CTOK_INLINE uint32_t find_short_rank(const ctok_merges *merges, uint32_t pair) {
  uint32_t product = pair * merges->factor;
  uint32_t mixed = product ^ product >> 16;
  uint32_t displacement = merges->displacements[product >> merges->group_shift];
  return merges->short_places[(mixed ^ displacement) & merges->short_mask] ^ (mixed & 0xFFFF0000);
}

CTOK_INLINE uint32_t short_rank_of(const ctok_merges *merges, uint32_t left, uint32_t right) {
  uint32_t rank = find_short_rank(merges, left << 16 | right);
  return rank < no_short_rank ? rank : no_short_rank;
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

CTOK_INLINE uint32_t result_of(const ctok_merges *merges, uint32_t rank) {
  return merges->results ? merges->results[rank] : merges->first_result + rank;
}

/// Whether each byte of a short word has a token.
CTOK_INLINE bool has_tokens(const ctok_merges *merges, const ctok_key *key) {
  if (!merges->lacks_bytes) return true;
  uint8_t word[16];
  memcpy(word, key, sizeof word);
  uint32_t tokens = 0;
  // All fifteen are looked at, since how long words are is hard to foresee.
  for (unsigned place = 0; place < CTOK_SHORT; place++) {
    uint32_t token = merges->byte_tokens[word[place]];
    tokens |= place < ctok_length(key) ? token : 0;
  }
  return tokens != UINT32_MAX;
}

/// As `ctok_merge`, by short ranks.
size_t ctok_merge_least(
    const ctok_merges *merges, const uint8_t *word, unsigned count, uint32_t *ids);

/// As `ctok_merge_both`, by short ranks.
void ctok_merge_both_least(
    const ctok_merges *merges, ctok_bytes first, ctok_bytes second, uint32_t *ids,
    size_t *first_count, size_t *second_count);

/// As `ctok_merge_words`, by short ranks.
void ctok_merge_words_least(
    const ctok_merges *merges, const ctok_key *keys, ctok_missing *missing, size_t count,
    uint32_t *ids, size_t *used);
