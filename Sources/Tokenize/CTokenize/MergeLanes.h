// Merging short words in vectors of LANES lanes; included once for each of two widths.

#define JOINED(name, lanes) name##_##lanes
#define EXPANDED(name, lanes) JOINED(name, lanes)
#define NAMED(name) EXPANDED(name, LANES)
#define SHORTS NAMED(shorts)

CTOK_INLINE CTOK_LEAST SHORTS NAMED(load)(const uint16_t *numbers) {
  SHORTS vector;
  memcpy(&vector, numbers, sizeof vector);
  return vector;
}

/// All ones in the lanes from `first` on, which is from 0 to 15.
CTOK_INLINE CTOK_LEAST SHORTS NAMED(lanes_from)(int first) {
  static const uint16_t numbers[31] = {[15 ... 30] = UINT16_MAX};
  return NAMED(load)(numbers + 15 - first);
}

/// What `lane_changes` makes of eight numbers.
CTOK_INLINE CTOK_LEAST SHORTS NAMED(shuffled)(shorts_8 numbers, const uint16_t *by) {
#if LANES == 8
  return (shorts_8)__builtin_ia32_pshufb128((bytes_8)numbers, (bytes_8)load_8(by));
#else
  shorts_16 twice =
      __builtin_shufflevector(numbers, numbers, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
  return (shorts_16)__builtin_ia32_pshufb256((bytes_16)twice, (bytes_16)load_16(by));
#endif
}

/// The number behind each one.
CTOK_INLINE CTOK_LEAST SHORTS NAMED(moved)(SHORTS numbers) {
#if LANES == 8
  return __builtin_shufflevector(numbers, (shorts_8)none, 1, 2, 3, 4, 5, 6, 7, 8);
#else
  return __builtin_shufflevector(
      numbers, (shorts_16)none, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
#endif
}

/// The lowest rank, and above its 16 bits the lane of the first that is so low; just `none` where
/// there is no rank.
CTOK_INLINE CTOK_LEAST uint32_t NAMED(least_of)(SHORTS ranks) {
#if LANES == 8
  return (uint32_t)((lanes4)__builtin_ia32_phminposuw128((signed8)ranks)).x;
#else
  uint32_t least = least_of_8(ranks.lo), other = least_of_8(ranks.hi) + (8 << 16);
  return (uint16_t)other < (uint16_t)least ? other : least;
#endif
}

// Begins with a word of up to LANES bytes, behind which there are others up to the sixteenth. All
// are looked up, and what is too much masked, since how long words are is hard to foresee.
CTOK_INLINE CTOK_LEAST void NAMED(begin)(
    const ctok_merges *merges, const ctok_key *key, SHORTS *ranks, SHORTS *tokens) {
  const uint8_t *bytes = (const uint8_t *)key;
  int count = (int)ctok_length(key);
  *ranks = (SHORTS)none;
#pragma clang loop unroll(full)
  for (int lane = 0; lane < LANES; lane++) {
    if (lane + 1 < LANES) (*ranks)[lane] = short_rank_at(merges, bytes + lane);
    (*tokens)[lane] = (uint16_t)merges->byte_tokens[bytes[lane]];
  }
  *ranks |= NAMED(lanes_from)(count - 1);
  *tokens |= NAMED(lanes_from)(count);
}

// Merges the pair that `least_of` names, if it names one: to do nothing costs less than a branch
// that is hard to foresee. The tokens stand in `row`, too.
CTOK_INLINE CTOK_LEAST void NAMED(merge_pair)(
    const ctok_merges *merges, uint32_t least, SHORTS *ranks, SHORTS *tokens, uint16_t *row) {
  joined_part part = join(merges, least, row);
  const lane_changes *change = changes + ((uint16_t)least == none ? no_change : least >> 16);
  SHORTS moved = NAMED(load)(change->moved);
  *ranks = (*ranks & NAMED(load)(change->ranks_kept)) | (NAMED(moved)(*ranks) & moved) |
           NAMED(shuffled)(part.ranks, change->new_ranks);
  *tokens = (*tokens & NAMED(load)(change->tokens_kept)) | (NAMED(moved)(*tokens) & moved) |
            NAMED(shuffled)(part.token, change->new_token);
  memcpy(row, tokens, sizeof *tokens);
  // One word after the other: mixed, their steps need more registers than there are.
  __asm__ volatile("" : "+x"(*ranks), "+x"(*tokens));
}

// Writes the ids of a word, LANES of them whether there are so many or not, and notes where they are.
CTOK_INLINE CTOK_LEAST void NAMED(finish)(
    SHORTS tokens, ctok_missing *word, uint32_t *ids, size_t *used) {
  typedef uint32_t id_lanes __attribute__((ext_vector_type(LANES)));
  id_lanes wide = __builtin_convertvector(tokens, id_lanes);
  memcpy(ids + *used, &wide, sizeof wide);
#if LANES == 8
  uint32_t empty = (uint32_t)__builtin_ia32_pmovmskb128((bytes_8)(tokens == none)) | 1 << 16;
#else
  uint32_t empty = (uint32_t)__builtin_ia32_pmovmskb256((bytes_16)(tokens == none));
#endif
  word->start = (uint32_t)*used;
  *used += (unsigned)__builtin_ctz(empty) / 2;
  word->end = (uint32_t)*used;
}

// Merges up to `most` words together, which are four or two, and the last one once more in place of
// each that is not there.
CTOK_INLINE CTOK_LEAST void NAMED(merge_group)(
    const ctok_merges *merges, const ctok_key *keys, ctok_missing *missing, const uint8_t *order,
    int count, uint32_t *ids, size_t *used, int most) {
  SHORTS ranks[4], tokens[4];
  uint16_t rows[4][row_start + 24];
  memset(rows, 0xFF, (size_t)most * sizeof rows[0]);
#pragma clang loop unroll(full)
  for (int index = 0; index < most; index++) {
    unsigned number = order[index < count ? index : count - 1];
    NAMED(begin)(merges, keys + missing[number].word, &ranks[index], &tokens[index]);
    memcpy(rows[index] + row_start, &tokens[index], sizeof tokens[index]);
  }
  for (;;) {
    uint32_t least[4], all = none;
#pragma clang loop unroll(full)
    for (int index = 0; index < most; index++) {
      least[index] = NAMED(least_of)(ranks[index]);
      all &= least[index];
    }
    if (all == none) break;
#pragma clang loop unroll(full)
    for (int index = 0; index < most; index++) {
      uint16_t *row = rows[index] + row_start;
      NAMED(merge_pair)(merges, least[index], &ranks[index], &tokens[index], row);
    }
  }
#pragma clang loop unroll(full)
  for (int index = 0; index < most; index++) {
    if (index < count) NAMED(finish)(tokens[index], missing + order[index], ids, used);
  }
}

#undef JOINED
#undef EXPANDED
#undef NAMED
#undef SHORTS
