#include "Merges.h"

// Merging words of up to 15 bytes, four at a time where there are so many: each step of a word waits
// for the one before it, and the other words' steps fill the time.
//
// The tokens of a word's parts stand in the first lanes of a vector, and in those of another one the
// rank of each part with the one behind it. Where two parts merge, those behind them move up a lane,
// so that neighbours are always next to each other. All ones are neither a token nor a rank; they
// stand behind the last part, and for the rank that it has not.

#if defined(__x86_64__)
typedef int8_t bytes_8 __attribute__((ext_vector_type(16)));
typedef int8_t bytes_16 __attribute__((ext_vector_type(32)));
typedef uint16_t shorts_8 __attribute__((ext_vector_type(8)));
typedef uint16_t shorts_16 __attribute__((ext_vector_type(16)));
typedef int16_t signed8 __attribute__((ext_vector_type(8)));
typedef int32_t lanes4 __attribute__((ext_vector_type(4)));
typedef uint32_t ints4 __attribute__((ext_vector_type(4)));
typedef uint64_t longs2 __attribute__((ext_vector_type(2)));

// `no_short_rank` in a lane.
static const uint16_t none = UINT16_MAX;

// Where in its row the first token of a word stands. Others are read one in front of it, and two
// behind the last.
enum { row_start = 8 };

// What the lanes hold after a merge: what some held before, what the ones behind others did, and
// new ranks and the new token, which shuffles of bytes bring to their lanes.
typedef struct {
  uint16_t ranks_kept[16], tokens_kept[16], moved[16], new_ranks[16], new_token[16];
} lane_changes;

#define FRONT(lane, place) (lane) < (place) ? UINT16_MAX : 0
#define BEHIND(lane, place) (lane) > (place) ? UINT16_MAX : 0
#define ZERO 0x8080
#define FROM(lane) (0x202 * (lane) + 0x100)
#define AT(lane, place) (lane) == (place) ? FROM(0) : ZERO
#define AROUND(lane, place) (lane) == (place) - 1 ? FROM(0) : (lane) == (place) ? FROM(2) : ZERO
#define LANES_OF(make, place)                                                                     \
  {make(0, place),  make(1, place),  make(2, place),  make(3, place), make(4, place),             \
   make(5, place),  make(6, place),  make(7, place),  make(8, place), make(9, place),             \
   make(10, place), make(11, place), make(12, place), make(13, place), make(14, place),           \
   make(15, place)}
#define CHANGES(place)                                                                            \
  {LANES_OF(FRONT, (place) - 1), LANES_OF(FRONT, place), LANES_OF(BEHIND, place),                 \
   LANES_OF(AROUND, place), LANES_OF(AT, place)}

// Behind every lane: nothing merges there.
enum { no_change = 14 };

// By the place of the first of the two parts that merge.
static const lane_changes changes[no_change + 1] __attribute__((aligned(64))) = {
    CHANGES(0), CHANGES(1), CHANGES(2),  CHANGES(3),  CHANGES(4),  CHANGES(5),  CHANGES(6),
    CHANGES(7), CHANGES(8), CHANGES(9), CHANGES(10), CHANGES(11), CHANGES(12), CHANGES(13),
    [no_change] = CHANGES(17),
};

// A merged part's token, in the first lane, and its ranks with the parts in front and behind, in the
// first and the third.
typedef struct {
  shorts_8 token, ranks;
} joined_part;

// The part that the merge of a rank and a place makes; something where there is no rank.
CTOK_INLINE CTOK_LEAST joined_part join(
    const ctok_merges *merges, uint32_t least, const uint16_t *row) {
  uint32_t rank = (uint16_t)least;
  int place = (int)(least >> 16);
  uint32_t token = result_of(merges, rank == none ? 0 : rank);
  uint32_t front = find_short_rank(merges, (uint32_t)row[place - 1] << 16 | token);
  uint32_t behind = find_short_rank(merges, token << 16 | row[place + 2]);
  longs2 ranks = {(uint64_t)behind << 32 | front, 0};
  ints4 tokens = {token, 0, 0, 0};
  return (joined_part){
      (shorts_8)tokens, (shorts_8)__builtin_elementwise_min((ints4)ranks, (ints4)(uint32_t)none)};
}

#define LANES 8
#include "MergeLanes.h"
#undef LANES
#define LANES 16
#include "MergeLanes.h"
#undef LANES

// Numbers the missing words that are merged here, the shortest first, so that those merged together
// have as much to merge; returns how many there are, and how many of them have at most eight bytes.
CTOK_INLINE CTOK_LEAST size_t sort_by_length(
    const ctok_merges *merges, const ctok_key *keys, const ctok_missing *missing, size_t count,
    uint8_t *order, size_t *small) {
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
  *small = starts[9];
  for (size_t index = 0; index < count; index++) {
    if (lengths[index] > 0) order[starts[lengths[index]]++] = (uint8_t)index;
  }
  return count - others;
}

CTOK_LEAST
void ctok_merge_words_least(
    const ctok_merges *merges, const ctok_key *keys, ctok_missing *missing, size_t count,
    uint32_t *ids, size_t *used) {
  // A copy, which nothing that is written can change.
  ctok_merges table = *merges;
  uint8_t order[CTOK_BATCH];
  size_t small;
  size_t words = sort_by_length(&table, keys, missing, count, order, &small);
  size_t index = 0;
  for (; index + 4 <= small; index += 4) {
    merge_group_8(&table, keys, missing, order + index, 4, ids, used, 4);
  }
  for (; index + 4 <= words; index += 4) {
    merge_group_16(&table, keys, missing, order + index, 4, ids, used, 4);
  }
  if (index + 3 == words) {
    merge_group_16(&table, keys, missing, order + index, 3, ids, used, 4);
  } else if (index < words) {
    merge_group_16(&table, keys, missing, order + index, (int)(words - index), ids, used, 2);
  }
}
#endif
