// What Swift cannot say: working on many bytes or numbers at a time with the widest instructions the
// processor has, asking for a cache line ahead of its use, and moving pages.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Asks for the cache line of an address.
static inline void ctok_fetch(const void *address) { __builtin_prefetch(address); }

/// Makes a mapping of `count` bytes a larger one in another place, whose own pages are given up; returns
/// whether the system can do that. If not, the memory is as it was, and nothing is known of the place.
bool ctok_move_pages(void *memory, size_t count, void *target, size_t larger);

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

/// Turns a bit for each byte of up to 1,024 blocks of 64 into the numbers of the bytes whose bits are
/// set; returns how many there are. There is room for eight more.
size_t ctok_collect(const uint64_t *bits, size_t blocks, uint16_t *numbers);

/// Up to three bytes in a row to look for; where a mask is 0, the byte may be any, and 0 stands for it.
typedef struct {
  uint8_t first, second, third, second_mask, third_mask;
} ctok_prefix;

/// The offset of the first place where one of some prefixes begins, or `count`; zeros lie behind the text.
size_t ctok_find(
    const uint8_t *text, size_t count, const ctok_prefix *prefixes, size_t prefix_count);

/// The ranked merges of a vocabulary: in `short_places` where its tokens and ranks have 16 bits, in
/// `places` where that is null.
typedef struct {
  /// A perfect hash table of a word a merge: below, its rank; above, the upper half of the mixed pair,
  /// whose lower half chooses the place. All ones where it is free. The pair, left above right, is
  /// multiplied by `factor`, its upper half then mixed into the lower one; the product's highest bits
  /// choose a displacement of the place, so that no two merges share one.
  const uint32_t *short_places;
  const uint16_t *displacements;
  uint32_t factor;
  uint32_t short_mask;
  /// How far a product is shifted to choose a displacement.
  uint8_t group_shift;
  /// A hash table of a word a merge, left (20 bits), right (20 bits) and rank (24 bits), all ones where
  /// it is free; never full, and searched place after place.
  const uint64_t *places;
  uint64_t place_mask;
  /// Two bits a merge, chosen by its hash.
  const uint64_t *filter;
  /// The token each rank makes; null where that is `first_result` plus the rank.
  const uint32_t *results;
  /// The token that rank 0 makes.
  uint32_t first_result;
  /// The rank of each pair of bytes, the left one counting 256 times, or all ones; null where
  /// `short_ranks` holds them.
  const uint32_t *byte_pair_ranks;
  /// The same in 16 bits, the right one counting 256 times, as both are read at once: only where
  /// `short_places` is, and `ctok_finds_least()`. No token is then 65,535.
  const uint16_t *short_ranks;
  /// The token of each byte, all ones where it has none, and whether there are such.
  const uint32_t *byte_tokens;
  bool lacks_bytes;
  /// How far a hash is shifted to choose a place, and a word of the filter.
  uint8_t shift, filter_shift;
} ctok_merges;

/// Whether the processor has all that words with short ranks are merged by: an instruction that finds the
/// least of eight numbers of 16 bits, AVX2, and those on single bits.
bool ctok_finds_least(void);

/// The rank at which two neighbours merge, or all ones.
uint32_t ctok_rank(const ctok_merges *merges, uint32_t left, uint32_t right);

/// Merges the pairs of a word of 1 to 64 bytes, each of which has a token, always the best and among
/// equals the leftmost; leaves the ids in `ids`, where there is room for one a byte and for four at
/// least, and returns how many there are.
size_t ctok_merge(const ctok_merges *merges, const uint8_t *word, size_t count, uint32_t *ids);

/// Some bytes of a text.
typedef struct {
  const uint8_t *start;
  size_t count;
} ctok_bytes;

/// As `ctok_merge`, of two words, in less time than of one after the other: the ids of the second stand
/// behind those of the first, and there is room for four more than one a byte.
void ctok_merge_both(
    const ctok_merges *merges, ctok_bytes first, ctok_bytes second, uint32_t *ids,
    size_t *first_count, size_t *second_count);

/// Longest word of a table of words, in bytes.
#define CTOK_SHORT 15

/// A word of 1 to 15 bytes, with zeros behind it and its length in the highest byte. The key of a
/// longer word is of no short one, nor all zeros.
typedef struct {
  uint64_t low, high;
} ctok_key;

/// The length of a short word, and more than `CTOK_SHORT` for every other.
static inline unsigned ctok_length(const ctok_key *key) { return (unsigned)(key->high >> 56); }

/// A hash; its bits from 5 to 30 are good.
uint32_t ctok_hash(ctok_key key);

/// A word and up to four ids, their number in the high four bits of the first (ids have 20 bits); where
/// there are more, 15 stands there, then where in a row of ids they are, and their number.
/// Free when the key is zero.
typedef struct {
  ctok_key key;
  uint32_t ids[4];
} ctok_place;

/// A table of words, never full and searched place after place, at one moment.
typedef struct {
  const ctok_place *places;
  /// Sixteen may be read from each that a place names.
  const uint32_t *row;
  /// The bits of a hash that tell how many bytes behind the first place its own place is.
  uint32_t mask;
} ctok_words;

/// Makes the keys and hashes of the words of `text` between `count + 1` bounds, and asks for the memory
/// in which they will be sought. Nothing is read from `end` on.
void ctok_hash_words(
    const ctok_words *words, const uint8_t *text, const uint8_t *end, const uint16_t *bounds,
    size_t count, ctok_key *keys, uint32_t *hashes);

/// Most words that are looked up together.
#define CTOK_BATCH 256

/// A word that is not in a table.
typedef struct {
  /// Which of the words looked up together it is.
  uint32_t word;
  /// How many ids of other ones stand ahead of its own.
  uint32_t ahead;
  /// Where its own ids begin and end in the row of those of all missing words; 0 until they are there.
  uint32_t start, end;
} ctok_missing;

/// Writes the ids of words that are in the table, one word behind the other, and returns how many ids
/// there are; notes the words that are not in it, and how many these are. There is room for 15 ids a
/// word and 16 more, and for each word to be missing.
size_t ctok_take_words(
    const ctok_words *words, const ctok_key *keys, const uint32_t *hashes, size_t count,
    uint32_t *ids, ctok_missing *missing, size_t *missing_count);

/// Merges those of up to `CTOK_BATCH` missing words that are short and have a token for each byte;
/// appends their ids to the row of all missing words' in any order, and notes where they are. None is
/// empty, and there is room for 15 ids a word and 16 more.
void ctok_merge_words(
    const ctok_merges *merges, const ctok_key *keys, ctok_missing *missing, size_t count,
    uint32_t *ids, size_t *used);

/// Writes the ids of a batch of words: those of missing ones, `row`, between the ones that were taken.
/// Up to eight more are read behind each of both, and there is room for eight more.
void ctok_join(
    const uint32_t *taken, size_t taken_count, const ctok_missing *missing, size_t missing_count,
    const uint32_t *row, uint32_t *ids);
